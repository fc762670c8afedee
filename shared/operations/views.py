"""What the operations API answers and takes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from shared.operations.decisions import Action, Decision
from shared.operations.desk import TYPE_HEADER, FoundLetter, GroupState
from shared.operations.seen import seen_headers, seen_key, seen_value
from shared.release import ClientName
from shared.written import WrittenRemark


class WithReason(BaseModel):
    """Why an operator decides so."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    reason: Annotated[
        WrittenRemark, Field(description="Why; it is recorded with who and when.", examples=["Fehler in 0.1.1 behoben."])
    ]


class ReadyCheckView(BaseModel):
    """Something that the process needs to be ready."""

    name: str = Field(description="What is checked: the store, the rights, whether it has started or is ending.")
    holds: bool = Field(description="Whether it is as it must be.")


class GroupMemberView(BaseModel):
    """A process that is a member of a consumer group, by what its client's id says."""

    process: str = Field(description="Name of the process.")
    version: str | None = Field(description="Version that it runs; null for one before this was stated.")
    started_at: datetime | None = Field(description="Since when it runs; null for one of a version before this was stated.")

    @classmethod
    def of(cls, member: ClientName) -> Self:
        """Return the view of a member."""
        return cls(process=member.process, version=member.version, started_at=member.started_at)


class ConsumerGroupView(BaseModel):
    """A consumer group of the service, by what the broker says."""

    group: str = Field(description="Name of the consumer group.")
    state: str = Field(description="State of the group at the broker: `Stable` at work, `Empty` without members, others between.")
    members: list[GroupMemberView] = Field(description="Processes that are members, each as often as it is one.")
    lag: int = Field(description="Records that lie on the topics of the group and that it has not processed.")
    open_letters: int = Field(description="Dead letters that were neither replayed nor discarded.")

    @classmethod
    def of(cls, state: GroupState) -> Self:
        """Return the view of a group."""
        return cls(
            group=state.group,
            state=state.state,
            members=[GroupMemberView.of(it) for it in state.members],
            lag=state.lag,
            open_letters=state.open_letters,
        )


class ServiceView(BaseModel):
    """A service: the process of its API that answers, and the consumer groups of its workers."""

    service: str = Field(description="Name of the service.")
    version: str = Field(description="Version that the answering process runs.")
    started_at: datetime = Field(description="Since when the answering process runs.")
    ready: bool = Field(description="Whether the answering process is ready.")
    checks: list[ReadyCheckView] = Field(description="What it needs to be ready.")
    groups: list[ConsumerGroupView] | None = Field(description="Its consumer groups; null while the broker does not answer.")


class LetterView(BaseModel):
    """A dead letter in the list."""

    id: str = Field(description="Place in the topic of dead letters, `<partition>:<offset>`.")
    group: str = Field(description="Consumer group that could not process the record.")
    topic: str = Field(description="Topic that the record stood on.")
    partition: int = Field(description="Partition that it stood on.")
    offset: int = Field(description="Offset that it stood at.")
    died_at: datetime = Field(description="When it became a dead letter.")
    code: str = Field(description="Why, as a code of the handbook.")
    reason: str = Field(description="Why, in English; it repeats nothing of the record's content.")
    attempts: int = Field(description="How often the record has died up to here, after replays too.")
    key: str | None = Field(description="Key of the record; null if it has none or one that is none of ours.")
    type: str | None = Field(description="Type of the event; null if it states none that is one of ours.")
    settled: bool = Field(description="Whether it was replayed or discarded.")
    replayable: bool = Field(description="Whether its bytes are here, so that it can be replayed.")

    @classmethod
    def of(cls, found: FoundLetter) -> Self:
        """Return the view of a dead letter."""
        return cls(**_brief(found))


def _brief(found: FoundLetter) -> dict[str, Any]:
    letter, reason = found.letter, found.letter.reason
    shown = {header.name: header.content for header in reversed(seen_headers(letter))}
    return {
        "id": letter.id,
        "group": reason.group,
        "topic": reason.topic,
        "partition": reason.partition,
        "offset": reason.offset,
        "died_at": reason.time,
        "code": reason.code,
        "reason": reason.text,
        "attempts": found.attempts,
        "key": seen_key(letter.key),
        "type": shown.get(TYPE_HEADER),
        "settled": found.settled,
        "replayable": letter.replayable,
    }


class LetterHeaderView(BaseModel):
    """A header of the record."""

    name: str = Field(description="Name of the header; `*` for one that no header of ours can have.")
    size: int = Field(description="Bytes of its value.")
    content: str | None = Field(description="Its value; null for a header that is none of ours, or has another form.")


class LetterFieldView(BaseModel):
    """A field of the body, without its value."""

    pointer: str = Field(
        description="Place as a JSON Pointer (RFC 6901); `*` for any item of a list and for keys of no name of ours."
    )
    kind: str = Field(description="Type of the value in JSON.")
    size: int | None = Field(description="Characters of a text, items of a list or object; null for others.")


class LetterValueView(BaseModel):
    """The value of the record: what it is like, not what it says."""

    size: int = Field(description="Bytes of the value.")
    sha256: str = Field(description="SHA-256 of the value.")
    fields: list[LetterFieldView] = Field(description="Fields of its JSON; none if it is no JSON with one meaning.")
    cut: bool = Field(description="Whether it has more fields than are shown.")


class LetterDecisionView(BaseModel):
    """What an operator has decided about the dead letter."""

    action: Action = Field(description="What was decided.")
    by: str = Field(description="Reference of the person who has decided.")
    at: datetime = Field(description="When it was decided.")
    reason: str = Field(description="Why it was decided.")

    @classmethod
    def of(cls, decision: Decision) -> Self:
        """Return the view of a decision."""
        return cls(action=decision.action, by=decision.by, at=decision.at, reason=decision.reason)


class WholeLetterView(LetterView):
    """A dead letter with its headers, the shape of its value, and what was decided about it."""

    headers: list[LetterHeaderView] = Field(description="Headers that the record had.")
    value: LetterValueView | None = Field(description="Its value; null for none.")
    decisions: list[LetterDecisionView] = Field(description="What was decided about it, the first first.")

    @classmethod
    def whole(cls, found: FoundLetter, decisions: list[Decision]) -> Self:
        """Return the view of one dead letter."""
        value = seen_value(found.letter.value)
        return cls(
            **_brief(found),
            headers=[LetterHeaderView(name=it.name, size=it.size, content=it.content) for it in seen_headers(found.letter)],
            value=None
            if value is None
            else LetterValueView(
                size=value.size,
                sha256=value.sha256,
                fields=[LetterFieldView(pointer=it.pointer, kind=it.kind, size=it.size) for it in value.fields],
                cut=value.cut,
            ),
            decisions=[LetterDecisionView.of(it) for it in decisions],
        )
