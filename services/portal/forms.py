"""Forms of people who are logged in: each bears a token of its own, by which it is known as ours and is acted upon once."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.requests import Request

from services.portal.sessions import Session
from services.portal.uploads import brings_file, read_parts
from shared.errors import ForbiddenError

FIELD = "form"
FIELDS = 1000


class FormExpiredError(ForbiddenError):
    """The form is of another session, or of another page, or was changed."""

    code = "form_expired"


def new_token(session: Session, path: str) -> str:
    """Return the token of a fresh form that is sent to ``path``: a UUID, and that it was given out to this session."""
    number = str(uuid.uuid4())
    return f"{number}.{_mark(session, path, number)}"


@dataclass(frozen=True, slots=True)
class Given:
    """What was filled in. ``key`` is the UUID of the form, the ``Idempotency-Key`` of what it does; ``files`` by field."""

    values: Mapping[str, tuple[str, ...]]
    key: str
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def one(self, name: str) -> str:
        """Return the value of a field, without blanks around it; empty where it was left empty or is missing."""
        return self.values.get(name, ("",))[-1].strip()

    def all(self, name: str) -> tuple[str, ...]:
        """Return the values of a field that holds several."""
        return self.values.get(name, ())


async def read_given(request: Request, session: Session, path: str) -> Given:
    """Return what a form of this session was filled in with.

    Raises FormExpiredError, and of a form with a file FormTooLargeError, FormUnreadableError.
    """
    files: Mapping[str, bytes] = {}
    if brings_file(request):
        fields, files = await read_parts(request)
    else:
        body = (await request.body()).decode("utf-8", "replace")
        try:
            fields = parse_qs(body, keep_blank_values=True, max_num_fields=FIELDS)
        except ValueError:
            raise FormExpiredError("The form has too many fields.") from None
    number, _, mark = fields.pop(FIELD, [""])[-1].partition(".")
    if not hmac.compare_digest(mark.encode(), _mark(session, path, number).encode()):
        raise FormExpiredError("The form is not one that was given out to this session.")
    # Browsers end lines with CR LF (HTML, 4.10.21.8); texts of the marketplace end them with LF.
    return Given({name: tuple(it.replace("\r\n", "\n") for it in values) for name, values in fields.items()}, number, files)


def _mark(session: Session, path: str, number: str) -> str:
    return hmac.digest(session.secret.encode(), f"{path}\n{number}".encode(), hashlib.sha256).hex()
