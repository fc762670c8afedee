"""Forms of people who are logged in: each bears a token of its own, by which it is known as ours and is acted upon once."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from urllib.parse import parse_qsl

from starlette.requests import Request

from services.portal.sessions import Session
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


async def read_form(request: Request, session: Session, path: str) -> tuple[dict[str, str], str]:
    """Return the fields of a form and its UUID, which is the ``Idempotency-Key`` of what it does. Raises FormExpiredError."""
    body = (await request.body()).decode("utf-8", "replace")
    try:
        fields = dict(parse_qsl(body, keep_blank_values=True, max_num_fields=FIELDS))
    except ValueError:
        raise FormExpiredError("The form has too many fields.") from None
    number, _, mark = fields.pop(FIELD, "").partition(".")
    if not hmac.compare_digest(mark.encode(), _mark(session, path, number).encode()):
        raise FormExpiredError("The form is not one that was given out to this session.")
    return fields, number


def _mark(session: Session, path: str, number: str) -> str:
    return hmac.digest(session.secret.encode(), f"{path}\n{number}".encode(), hashlib.sha256).hex()
