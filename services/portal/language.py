"""The languages of the pages: German at ``/…``, English at ``/en/…``."""

from __future__ import annotations

from enum import StrEnum

from starlette.types import Scope


class Language(StrEnum):
    """A language that every page is there in."""

    DE = "de"
    EN = "en"

    @property
    def prefix(self) -> str:
        """The first part of the paths of its pages."""
        return "" if self is Language.DE else f"/{self.value}"

    @property
    def locale(self) -> str:
        """The locale of dates and amounts."""
        return "de_DE" if self is Language.DE else "en_GB"


PREFIXES = tuple(language.prefix for language in Language if language.prefix)


def language_of(scope: Scope) -> Language:
    """Return the language that a request asks for by its path."""
    return next((it for it in Language if it.prefix and it.prefix == scope.get("root_path")), Language.DE)


def path_of(scope: Scope) -> str:
    """Return the path of a request without its language, such as ``/offerings``."""
    path: str = scope["path"]
    return path.removeprefix(language_of(scope).prefix) or "/"
