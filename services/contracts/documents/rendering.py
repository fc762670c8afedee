"""Typesets documents: the same template, data and time give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from services.contracts.documents.printable import FONTS, printable
from shared.errors import InvalidError, MarktplatzError

if TYPE_CHECKING:
    import typst

TEMPLATES: Final = Path(__file__).with_name("templates")
STANDARDS: Final = ("a-3a", "ua-1")
"""ISO 19005-3, level A, and ISO 14289-1: archived as it is, and readable by a screen reader."""
PDF: Final = "application/pdf"


class TypesetterMissingError(MarktplatzError):
    """Documents cannot be made here: the package that typesets them is not installed."""

    code = "typesetter_missing"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document to be made. ``data`` is what the template reads, ``source`` the canonical JSON that is attached.

    ``template`` names a file in ``templates`` with its version, such as ``nachnutzungsvertrag-1``; ``at`` is the time of making
    that the PDF states.
    """

    name: str
    title: str
    template: str
    data: Mapping[str, Any]
    source: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Rendered:
    """A document as bytes, named by the SHA-256 of them."""

    name: str
    title: str
    template: str
    media_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        """SHA-256 of the content, in lower-case hex."""
        return sha256(self.content).hexdigest()


class Renderer:
    """Typesets one document after the other; may be called from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._compiler: typst.Compiler | None = None

    def render(self, sheet: Sheet) -> Rendered:
        """Return the PDF of a document.

        Raises TypesetterMissingError, InvalidError (``document_not_typeset``) if the template cannot read the data.
        """
        content = self._compiled(sheet, format="pdf")[0]
        return Rendered(sheet.name, sheet.title, sheet.template, PDF, content)

    def pages(self, sheet: Sheet, *, ppi: float = 72) -> list[bytes]:
        """Return each page as PNG. Raises as ``render``."""
        return self._compiled(sheet, format="png", ppi=ppi)

    def _compiled(self, sheet: Sheet, **options: Any) -> list[bytes]:  # noqa: ANN401 - passed on
        typst = _typst()
        inputs = {"data": json.dumps({**printable(sheet.data), "source": sheet.source.decode()}, ensure_ascii=False)}
        with self._lock:
            try:
                found = self._opened(typst).compile(
                    TEMPLATES / f"{sheet.template}.typ",
                    sys_inputs=inputs,
                    pdf_standards=list(STANDARDS),
                    timestamp=int(sheet.at.timestamp()),
                    **options,
                )
            except typst.TypstError as error:
                raise InvalidError(
                    f"{sheet.title} cannot be typeset by {sheet.template}: {error.message}",
                    code="document_not_typeset",
                    template=sheet.template,
                ) from error
        if found is None:
            raise TypeError(f"the typesetter returned nothing for {sheet.template}")
        return found if isinstance(found, list) else [found]

    def _opened(self, module: Any) -> typst.Compiler:  # noqa: ANN401 - the module itself
        if self._compiler is None:
            fonts = module.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
            self._compiler = module.Compiler(root=TEMPLATES, font_paths=fonts)
        compiler: typst.Compiler = self._compiler
        return compiler


def available() -> bool:
    """Return whether documents can be made here."""
    return find_spec("typst") is not None


def _typst() -> Any:  # noqa: ANN401 - the module itself
    try:
        import typst  # noqa: PLC0415 - 84 MB that only this process needs
    except ImportError as error:
        raise TypesetterMissingError(
            "Documents cannot be made here: the package typst is missing. Install efa-marktplatz[documents], "
            "or run the image of the documents."
        ) from error
    return typst
