"""What cannot be answered: a stable code, and the id of what it is about."""

from __future__ import annotations


class RefusedError(ValueError):
    """The input or a question is refused. ``subject`` is the id of what the code is about, None where nothing is named."""

    def __init__(self, code: str, subject: str | None = None) -> None:
        super().__init__(code if subject is None else f"{code}: {subject}")
        self.code = code
        self.subject = subject

    def as_json(self) -> dict[str, dict[str, str | None]]:
        """Return it as it is answered."""
        return {"error": {"code": self.code, "subject": self.subject}}
