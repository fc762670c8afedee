"""The values file of an overlay: which portals and partners have a Kafka user, how they log in, what they may use at most."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from deploy.generate.deployments import DEPLOYMENTS
from deploy.generate.kafka import Quotas
from deploy.generate.topics import Dumper
from shared.principals import OUTSIDE_ID, TOOLS, Principal, Standing, partner, portal

FILE = "values.yaml"
HEADER = """\
# Portals and partners with a Kafka user: 'python -m deploy.generate.outside FOLDER' makes this folder's other files from it.
# 'add' and 'remove' of that command write this file; comments in it are lost then, use 'note'.
#   id              2 to 40 of a-z, 0-9, '-': name of the Kafka user, of its Secret, and part of a partner's topics
#   authentication  scram-sha-512 (name and password) or tls (client certificate)
#   quotas          per broker: bytes per second written and read, percent of a request thread
"""
_KIB = 1024
_RESERVED = frozenset(
    {"backup-identity", "mongodb", "registry", *(it.name for it in TOOLS), *(it.name for it in DEPLOYMENTS if it.uses_kafka)}
)
_RESERVED_BEGINNINGS = tuple(sorted({f"{it.service}-" for it in DEPLOYMENTS} | {"marktplatz-", "mongodb-", "strimzi-"}))
"""A KafkaUser has a Secret of its name: these names and beginnings belong to the marketplace, its operators and its store."""


class ValuesError(Exception):
    """The values file cannot be used as it is; the text names every fault."""


class Authentication(StrEnum):
    """How somebody outside logs in, as Strimzi writes it."""

    SCRAM = "scram-sha-512"
    TLS = "tls"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OutsideQuotas(_Strict):
    """Upper bounds per broker: bytes per second, percent of a request thread."""

    produced: Annotated[int, Field(ge=_KIB)]
    consumed: Annotated[int, Field(ge=_KIB)]
    percentage: Annotated[int, Field(ge=1, le=100)]

    def bounds(self) -> Quotas:
        """Return them as those of a KafkaUser."""
        return Quotas(produced=self.produced, consumed=self.consumed, percentage=self.percentage)


PORTAL_QUOTAS = OutsideQuotas(produced=64 * _KIB, consumed=2048 * _KIB, percentage=10)
PARTNER_QUOTAS = OutsideQuotas(produced=512 * _KIB, consumed=1024 * _KIB, percentage=10)
"""A partner's registry entry bounds what is processed (256 KiB/s by default); the broker leaves room for a burst."""


class Outside(_Strict):
    """A portal or partner."""

    id: Annotated[str, Field(pattern=f"^{OUTSIDE_ID.pattern}$")]
    authentication: Authentication = Authentication.SCRAM
    quotas: OutsideQuotas | None = None
    note: Annotated[str, Field(max_length=200)] = ""

    @field_validator("id")
    @classmethod
    def _is_free(cls, value: str) -> str:
        if value.endswith("-"):
            raise ValueError(f"'{value}' ends with '-', which no Kubernetes name may")
        if value in _RESERVED or value.startswith(_RESERVED_BEGINNINGS):
            raise ValueError(f"'{value}' is a name of the marketplace's own: its Secret would replace one of ours")
        return value


Part = Literal["portal", "partner"]


class Values(_Strict):
    """The whole file. An id stands in it once: a Kafka user has one part."""

    portals: tuple[Outside, ...] = ()
    partners: tuple[Outside, ...] = ()

    @model_validator(mode="after")
    def _are_different(self) -> Self:
        ids = [it.id for it in (*self.portals, *self.partners)]
        if twice := sorted({it for it in ids if ids.count(it) > 1}):
            raise ValueError(f"given twice: {', '.join(twice)}")
        return self

    def everybody(self) -> Iterator[tuple[Principal, Outside, Quotas]]:
        """Return the principal, the entry and the quotas of all, portals first, by id."""
        for entries, principal, default in ((self.portals, portal, PORTAL_QUOTAS), (self.partners, partner, PARTNER_QUOTAS)):
            for entry in sorted(entries, key=lambda it: it.id):
                yield principal(entry.id), entry, (entry.quotas or default).bounds()

    def partner_ids(self) -> list[str]:
        """Return the ids of the partners, sorted."""
        return sorted(it.id for it in self.partners)

    def with_one(self, part: Part, entry: Outside) -> Values:
        """Return these values and one more. Raises ValuesError if the id is there already."""
        name = f"{Standing(part).value}s"
        return _checked(self.model_dump(mode="json") | {name: [*_dumped(getattr(self, name)), *_dumped((entry,))]})

    def without(self, identity: str) -> Values:
        """Return these values without a portal or partner. Raises ValuesError if there is none of that id."""
        left = {name: [it for it in _dumped(getattr(self, name)) if it["id"] != identity] for name in ("portals", "partners")}
        if sum(map(len, left.values())) == len(self.portals) + len(self.partners):
            raise ValuesError(f"there is no portal or partner '{identity}' in {FILE}")
        return _checked(left)

    def text(self) -> str:
        """Return the values file."""
        content = self.model_dump(mode="json", exclude_defaults=True)
        for entry, dumped in (
            (it, found) for name in content for it, found in zip(getattr(self, name), content[name], strict=True)
        ):
            dumped["authentication"] = entry.authentication.value
        return HEADER + yaml.dump(content, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=130)


def entry_of(**fields: object) -> Outside:
    """Return a portal or partner from its fields. Raises ValuesError."""
    try:
        return Outside.model_validate(fields)
    except ValidationError as error:
        raise ValuesError(_faults(error)) from error


def read_values(folder: Path) -> Values:
    """Return the values of a folder. Raises ValuesError for a missing or unusable file."""
    file = folder / FILE
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValuesError(f"there is no {file}: 'add' makes it") from error
    except yaml.YAMLError as error:
        raise ValuesError(f"{file} is no YAML: {error}") from error
    return _checked({} if content is None else content)


def _checked(content: object) -> Values:
    try:
        return Values.model_validate(content)
    except ValidationError as error:
        raise ValuesError(_faults(error)) from error


def _dumped(entries: tuple[Outside, ...]) -> list[dict[str, Any]]:
    return [it.model_dump(mode="json") for it in entries]


def _faults(error: ValidationError) -> str:
    return "; ".join(
        f"{place}: {fault['msg']}" if (place := ".".join(map(str, fault["loc"]))) else fault["msg"] for fault in error.errors()
    )
