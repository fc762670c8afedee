"""What is answered about the reference data."""

from __future__ import annotations

from pydantic import BaseModel

from services.catalog.rows import Area, LeikaService, Level, OzgService, OzgTopic, Requirement


class OzgReply(BaseModel):
    """An OZG service with the Leistungsschlüssel that belong to it."""

    ozg_id: str
    name: str
    topic_id: str
    situation: str
    leika_keys: tuple[str, ...]

    @classmethod
    def of(cls, row: OzgService) -> OzgReply:
        """Return the answer for one row."""
        return cls(ozg_id=row.ozg_id, name=row.name, topic_id=row.topic_id, situation=row.situation, leika_keys=row.leika_keys)


class LeikaReply(BaseModel):
    """A service of the Leistungskatalog."""

    leika_key: str
    name: str
    leika_type: str | None
    ozg_id: str | None

    @classmethod
    def of(cls, row: LeikaService) -> LeikaReply:
        """Return the answer for one row. Raises ValueError for a row without a Leistungsschlüssel."""
        if row.leika_key is None:
            raise ValueError(f"{row.row_id} has no Leistungsschlüssel")
        return cls(leika_key=row.leika_key, name=row.name, leika_type=row.leika_type, ozg_id=row.ozg_id)


class TopicReply(BaseModel):
    """A Themenfeld with its Lebens- and Unternehmenslagen."""

    topic_id: str
    name: str
    lead_states: tuple[str, ...]
    situations: tuple[str, ...]

    @classmethod
    def of(cls, row: OzgTopic) -> TopicReply:
        """Return the answer for one row."""
        return cls(topic_id=row.topic_id, name=row.name, lead_states=row.lead_states, situations=row.situations)


class RequirementReply(BaseModel):
    """A point of the checklist of EfA-Mindestanforderungen. ``origin``: published, or own_wording of this project.

    ``condition_de`` and ``condition_en``: where the point binds; elsewhere NICHT_ZUTREFFEND is the answer. Null: everywhere.
    """

    id: str
    area: Area
    level: Level
    text_de: str
    text_en: str
    origin: str
    condition_de: str | None = None
    condition_en: str | None = None

    @classmethod
    def of(cls, row: Requirement) -> RequirementReply:
        """Return the answer for one row."""
        return cls(
            id=row.id,
            area=row.area,
            level=row.level,
            text_de=row.text_de,
            text_en=row.text_en,
            origin=row.origin,
            condition_de=row.condition_de,
            condition_en=row.condition_en,
        )
