"""What a request asks of the stored thing before it may change it (RFC 9110, 13.1.1 and 13.1.2)."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import PreconditionFailedError, PreconditionRequiredError


@dataclass(frozen=True, slots=True)
class Condition:
    """``If-Match``: the thing is there, if ``revision`` is given with exactly that revision. ``If-None-Match``: the opposite.

    ``present`` and ``absent`` stand for ``*``.
    """

    revision: int | None = None
    present: bool = False
    not_revision: int | None = None
    absent: bool = False

    def holds(self, revision: int | None) -> bool:
        """Return whether a thing of this revision may be changed; None stands for a thing that is not there."""
        if revision is None:
            return self.revision is None and not self.present
        return not self.absent and self.revision in (None, revision) and self.not_revision != revision

    def require(self, thing: str, revision: int | None) -> None:
        """Return if it holds. Raises PreconditionFailedError that names the thing and its revision."""
        if self.holds(revision):
            return
        if revision is None:
            raise PreconditionFailedError(f"{thing} does not exist, the request was made for an existing one.", id=thing)
        expected = "none" if self.absent else f"{self.revision}" if self.revision is not None else f"any but {self.not_revision}"
        raise PreconditionFailedError(
            f"The revision of {thing} is {revision}, the request was made for {expected}.", id=thing, revision=revision
        )


def require_read(condition: Condition | None, thing: str, revision: int | None) -> None:
    """Return if a request may make the thing, which it does without any condition, or replace it, which it may not.

    ``revision`` is that of the thing, None if there is none yet. Raises PreconditionRequiredError for a thing that is there and
    a request that states no revision of it, PreconditionFailedError as ``Condition.require``.
    """
    if condition is not None:
        condition.require(thing, revision)
    if revision is not None and (condition is None or condition.revision is None):
        raise PreconditionRequiredError(thing)
