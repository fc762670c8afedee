"""An input of which no cost statement can be made: a stable code, and what it is about."""

from __future__ import annotations


class RefusedError(ValueError):
    """The input is refused. Version, item and participant are None where the code is not about one."""

    def __init__(self, code: str, *, version: int | None = None, item: str | None = None, participant: str | None = None) -> None:
        named = [str(name) for name in (version, item, participant) if name is not None]
        super().__init__(f"{code}: {', '.join(named)}" if named else code)
        self.code = code
        self.version = version
        self.item = item
        self.participant = participant

    def as_json(self) -> dict[str, dict[str, str | int | None]]:
        """Return it as it is answered."""
        return {"error": {"code": self.code, "version": self.version, "item": self.item, "participant": self.participant}}
