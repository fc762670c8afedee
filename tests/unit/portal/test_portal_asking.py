"""What a form comes back with for whoever had to log in again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from starlette.requests import Request

from services.portal.fields import Field, Kind
from services.portal.forms import Given
from services.portal.language import Language
from services.portal.pages.asking import Form, show_form
from services.portal.rendering import Pages, Visit

FORM = Form(
    title="Gemeinsam bestellen",
    action="/orders/together",
    button="Bestellen",
    back="/orders",
    back_label="Vorgänge",
    fields=(
        Field("seen.a", Kind.HIDDEN, "", value=("2",)),
        Field("seen.b", Kind.HIDDEN, "", value=("7",)),
        Field("orders", Kind.CHECKS, "Vorgänge", value=("a",)),
    ),
)


def restored(**filled: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return what the fields hold for a visitor who had filled the form in like this."""
    shown: dict[str, Any] = {}
    pages = cast("Pages", SimpleNamespace(show=lambda *_, **values: shown.update(values)))
    visit = Visit(Request({"type": "http"}), Language.DE, FORM.action, held=Given(filled, ""))
    show_form(pages, visit, FORM)
    return {it.name: it.value for it in shown["form"].fields}


def test_what_was_read_and_what_was_ticked_comes_back_and_what_is_new_since_is_as_it_is_now() -> None:
    assert restored(**{"seen.a": ("1",)}) == {"seen.a": ("1",), "seen.b": ("7",), "orders": ()}
