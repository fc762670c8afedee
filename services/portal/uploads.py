"""Forms with a file (multipart/form-data, RFC 7578): read whole and bounded in every part, held in memory only."""

from __future__ import annotations

from typing import Final

from python_multipart import create_form_parser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File
from starlette.requests import Request

from shared.errors import RejectedError
from shared.http import limits
from shared.http.body import read_body

MULTIPART: Final = "multipart/form-data"
PARTS: Final = 1000
_CONFIG: Final = {"MAX_MEMORY_FILE_SIZE": limits.UPLOAD_FORM_BYTES, "UPLOAD_ERROR_ON_BAD_CTE": True}


class FormTooLargeError(RejectedError):
    """The form is longer than it may be, most likely for its file (HTTP 413)."""

    code = "body_too_large"
    status = 413


class FormUnreadableError(RejectedError):
    """The form is not what a browser sends (HTTP 400)."""

    code = "invalid"
    status = 400


def brings_file(request: Request) -> bool:
    """Return whether a request holds a form that may have a file."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == MULTIPART


async def read_parts(request: Request) -> tuple[dict[str, list[str]], dict[str, bytes]]:
    """Return the fields of a form, and its files by the name of their field; a field in which no file was chosen is left out.

    What a file is called on the machine of whoever sends it is not read. Raises FormTooLargeError, FormUnreadableError.
    """
    body = await read_body(request.receive, limits.UPLOAD_FORM_BYTES)
    if body is None:
        raise FormTooLargeError(f"A form is at most {limits.UPLOAD_FORM_BYTES} bytes long.")
    return parts_of(request.headers["content-type"], body)


def parts_of(content_type: str, body: bytes) -> tuple[dict[str, list[str]], dict[str, bytes]]:
    """Return fields and files of a body. Raises FormUnreadableError."""
    fields: dict[str, list[str]] = {}
    files: dict[str, bytes] = {}
    count = 0

    def counted() -> None:
        nonlocal count
        count += 1
        if count > PARTS:
            raise FormParserError("The form has too many parts.")

    def on_field(field: Field) -> None:
        counted()
        fields.setdefault(_text(field.field_name), []).append(_text(field.value))

    def on_file(file: File) -> None:
        counted()
        file.file_object.seek(0)
        content = file.file_object.read()
        if content:
            files[_text(file.field_name)] = content

    try:
        parser = create_form_parser({"Content-Type": content_type.encode("latin-1")}, on_field, on_file, config=_CONFIG)
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise FormUnreadableError("The form is not one that a browser sends.") from error
    return fields, files


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")
