"""Routes built once: tests assemble the same applications thousands of times, and FastAPI looks at each of their routes again.

What it finds out of a function of a module, and of the type of a parameter, is the same each time.
Functions that are made anew for each world are looked at each time, as in production.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi._compat import v2
from fastapi.dependencies import utils
from fastapi.dependencies.models import Dependant
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo


def install() -> None:
    """Let FastAPI look at each dependency and each type once in this process."""
    utils.get_dependant = _dependants_once(utils.get_dependant)
    v2.ModelField.__post_init__ = _adapters_once(v2.ModelField.__post_init__)  # type: ignore[assignment, method-assign]


def _dependants_once(real: Callable[..., Dependant]) -> Callable[..., Dependant]:
    found: dict[Any, Dependant] = {}

    def get_dependant(*, path: str, call: Callable[..., Any], **options: Any) -> Dependant:
        if "<locals>" in getattr(call, "__qualname__", "<locals>") or getattr(call, "__self__", None) is not None:
            return real(path=path, call=call, **options)
        key = (path, call, *(tuple(it) if isinstance(it, list) else it for it in options.values()), *options)
        if key not in found:
            found[key] = real(path=path, call=call, **options)
        return found[key]

    return get_dependant


def _adapters_once(real: Callable[[v2.ModelField], None]) -> Callable[[v2.ModelField], None]:
    found: dict[Any, TypeAdapter[Any]] = {}

    def post_init(self: v2.ModelField) -> None:
        info = self.field_info
        try:
            adapter = found.get(key := (info.annotation, FieldInfo.__repr__(info)))
        except TypeError:  # a type that has no hash
            return real(self)
        if adapter is None:
            real(self)
            found[key] = self._type_adapter
        else:
            self._type_adapter = adapter
        return None

    return post_init
