"""Channels, bodies, contracts and accessions that fit together, but for some noise."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Final, TypeVar

Entry = dict[str, Any]
T = TypeVar("T")

LEGS: Final = ("BEREITSTELLUNG", "NACHNUTZUNG", "SUB_NACHNUTZUNG", "SUB_SUB_NACHNUTZUNG")
ORGANISATIONS: Final = (
    ("DE", "BUND", "DE"),
    ("DE-SH", "LAND", "01"),
    ("DE-HH", "LAND", "02"),
    ("DE-NW", "LAND", "05"),
    ("DE-BY", "LAND", "09"),
    ("01054", "KREIS", "01054"),
    ("amt", "VERBAND", "010545459"),
    ("010020000000", "KOMMUNE", "010020000000"),
    ("010545459039", "KOMMUNE", "010545459039"),
    ("053150000000", "KOMMUNE", "053150000000"),
    ("097610000000", "KOMMUNE", "097610000000"),
    ("baykommun", "IT_PROVIDER", "09"),
    ("dataport", "IT_PROVIDER", None),
    ("fitko", "ANBIETER", None),
    ("govdigital", "ANBIETER", None),
    ("verein", "SONSTIGE", None),
)
IDS: Final = tuple(id_ for id_, _, _ in ORGANISATIONS)
TYPES: Final = ("BUND", "LAND", "KREIS", "VERBAND", "KOMMUNE", "IT_PROVIDER", "ANBIETER", "SONSTIGE")
DAYS: Final = (
    "2024-01-01",
    "2024-02-29",
    "2024-06-30",
    "2024-07-01",
    "2024-12-31",
    "2025-01-01",
    "2025-01-31",
    "2025-03-15",
    "2025-06-30",
    "2025-07-01",
    "2025-12-31",
    "2026-01-01",
    "2026-02-28",
    "2026-12-31",
    "2027-01-01",
    "2027-12-31",
)
FAR: Final = ("1900-01-01", "1999-12-31", "2096-02-29", "2199-12-31")
SERVICES: Final = ("s1", "s2", "s3")
PARAMETRISATIONS: Final = ("bafoeg", "elster", "wgb")
ANNEXES: Final = ("ABSTIMMUNGSSCHREIBEN", "LEISTUNGSBESCHREIBUNG", "Preisblatt ä")
AGB: Final = ("AGB 2021", "AGB 2022", "AGB 2025", "AGB 2026")
STATES: Final = (
    "ENTWURF",
    "ANGEBOTEN",
    "GESCHLOSSEN",
    "GEKUENDIGT",
    "BEENDET",
    "ZURUECKGEZOGEN",
    "ABGELEHNT",
    "VERFALLEN",
    "NICHTIG",
)
_WEIGHTS: Final = (2, 3, 16, 4, 2, 1, 1, 1, 1)
ACTS: Final = ("BEITRITT", "SUB_VERTRAG")
SIDES: Final = ("grantor", "grantee")


class Maker:
    """Makes the parts of one input. ``noise``: how often something is not as it should be."""

    def __init__(self, random: Random, noise: float) -> None:
        self.random = random
        self.noise = noise
        self.channels = [
            self._channel(id_) for id_ in random.sample(("alpha", "fitko", "govdigital"), random.choice((1, 2, 2, 3)))
        ]
        self.contracts: list[Entry] = []
        self.accessions: list[Entry] = []

    def wrong(self) -> bool:
        """Return whether something goes wrong here."""
        return self.random.random() < self.noise

    def chance(self, share: float) -> bool:
        """Return true in a share of cases."""
        return self.random.random() < share

    def some(self, items: Sequence[T], least: int = 0) -> list[T]:
        """Return some of the items in any order."""
        return self.random.sample(items, self.random.randint(least, len(items)))

    def day(self) -> str:
        """Return a day."""
        return self.random.choice(FAR) if self.chance(self.noise / 8) else self.random.choice(DAYS)

    def _channel(self, id_: str) -> Entry:
        agb: dict[str, list[Entry]] = {}
        for leg in self.some(LEGS, 2):
            days = sorted(self.random.sample(DAYS, self.random.randint(0, 3)))
            agb[leg] = [
                {
                    "version": version,
                    "valid_from": "2020-01-01" if number == 0 and self.chance(0.7) else day,
                    "valid_to": self.day() if self.chance(0.2) else None,
                }
                for number, (version, day) in enumerate(zip(AGB if not self.wrong() else self.some(AGB, 3), days, strict=False))
            ]
            if self.chance(0.5):
                agb[leg].reverse()
        channel = {
            "id": id_,
            "anbieter": self.random.choice(("fitko", "govdigital")) if id_ == "alpha" or self.wrong() else id_,
            "direct_types": self.some(TYPES, 2) if self.chance(0.5) else ["BUND", "LAND"],
            "order_for_others": self.some(TYPES) if self.chance(0.4) else ["LAND"],
            "default_act": self.random.choice(ACTS),
            "charge_rule": self.random.choice(("ALLOWED", "FREE_OR_COMMON_BODY")),
            "first_signer": {leg: self.random.choice(SIDES) for leg in LEGS},
            "required_annexes": {leg: self.some(ANNEXES[:2]) for leg in self.some(LEGS)},
            "agb": agb,
        }
        extra = {"name": "Kanal", "number_format": "X/{year}", "leg_names": {"NACHNUTZUNG": "Vertrag"}}
        return channel | {name: extra[name] for name in self.some(tuple(extra))}

    def contract(self, id_: str) -> Entry:
        """Return a new contract below one that there is."""
        channel = next((item for item in self.channels if item["id"] not in {top["channel"] for top in self.contracts}), None)
        channel = channel or self.random.choice(self.channels)
        above = [item for item in self.contracts if item["channel"] == channel["id"] and item["leg"] != LEGS[3]]
        deep = [item for item in above if item["leg"] != LEGS[0]]
        parent = self.random.choice(deep if deep and self.chance(0.4) else above) if above and self.chance(0.9) else None
        leg = LEGS[0] if parent is None else LEGS[LEGS.index(parent["leg"]) + 1]
        if self.wrong():
            leg = self.random.choice(LEGS)
        made: Entry = {"id": id_, "version": self.random.choice((1, 1, 2)), "leg": leg, "channel": channel["id"]}
        made |= self._parties(channel, leg, parent)
        made |= {"parent": None if parent is None else parent["id"], "continues": None}
        self._when(made, parent)
        made |= self._scope(made, parent)
        continued = {item["continues"] for item in self.contracts}
        ending = [
            item
            for item in self.contracts
            if (item["valid_to"] or item["ends_on"])
            and (self.wrong() or (item["id"] not in continued and item["state"] in STATES[:5]))
        ]
        if ending and self.chance(0.25):
            self._follow(made, self.random.choice(ending))
        if self.wrong():
            made["parent"] = self.random.choice((None, "zz", id_, *(item["id"] for item in self.contracts)))
        if self.wrong():
            made["continues"] = self.random.choice(("zz", id_, *(item["id"] for item in self.contracts)))
        made["state"] = "GESCHLOSSEN" if parent is None and self.chance(0.7) else self.random.choices(STATES, _WEIGHTS)[0]
        made["ends_on"] = self._ends_on(made)
        made["signatures"] = self.signatures(made, channel)
        made["agb_version"] = self.agb_version(made, channel)
        required = channel["required_annexes"].get(made["leg"], [])
        made["annexes"] = self.some(ANNEXES) if self.wrong() else [*required, *self.some(ANNEXES[2:])]
        return made

    def _parties(self, channel: Entry, leg: str, parent: Entry | None) -> Entry:
        grantor = "DE-NW" if parent is None else parent["grantee"]
        by_leg = {
            "BEREITSTELLUNG": [channel["anbieter"]],
            "NACHNUTZUNG": [id_ for id_, type_, _ in ORGANISATIONS if type_ in channel["direct_types"]],
            "SUB_NACHNUTZUNG": ["dataport", "baykommun", "01054", "amt", *IDS[7:11]],
        }
        grantee = self.random.choice(by_leg.get(leg) or IDS[5:11])
        return {
            "grantor": self.random.choice(IDS) if self.wrong() else grantor,
            "grantee": self.random.choice(IDS) if self.wrong() else grantee,
        }

    def _when(self, made: Entry, parent: Entry | None) -> None:
        earliest = DAYS[0] if parent is None else parent["valid_from"]
        later = [day for day in DAYS[:12] if day >= earliest]
        made["valid_from"] = earliest if not later or self.chance(0.5) else self.random.choice(later)
        if self.wrong():
            made["valid_from"] = self.day()
        made["valid_to"] = None
        if self.chance(0.35):
            fitting = [day for day in DAYS if day >= made["valid_from"]]
            made["valid_to"] = self.day() if self.wrong() or not fitting else self.random.choice(fitting)
        elif parent is not None and self.chance(0.6):
            made["valid_to"] = parent["valid_to"]

    def _scope(self, made: Entry, parent: Entry | None) -> Entry:
        ars = {id_: ars for id_, _, ars in ORGANISATIONS}[made["grantee"]]
        territory = ["DE"] if parent is None else list(parent["territory"])
        if ars is not None and ars != "DE" and self.chance(0.6):
            territory = [ars]
        granted = parent if parent is not None and not self.wrong() else None
        return {
            "services": ["s1", *self.some(SERVICES[1:])] if granted is None else self._less(granted["services"]),
            "parametrisation": self.some(PARAMETRISATIONS) if granted is None else self._less(granted["parametrisation"]),
            "territory": self.some(("01", "0105", "05", "09", "DE", "010545459039"), 0) if self.wrong() else territory,
            "passing_on": {"allowed": self.chance(0.8), "act": self.random.choice(ACTS)},
            "charge": self.random.choice(("ENTGELTFREI", "ENTGELTLICH", "ENTGELTLICH")),
            "notice": self.notice() if self.chance(0.8) else None,
            "price_notice": {"months": self.months(), "from": self._period("START")},
        }

    def _less(self, items: list[str]) -> list[str]:
        return self.some(items) if self.chance(0.1) else list(items)

    def notice(self) -> Entry:
        """Return an agreed period of notice."""
        return {"months": self.months(), "to": self._period("END")}

    def _period(self, edge: str) -> str:
        return self.random.choice(("ANY", f"MONTH_{edge}", f"QUARTER_{edge}", f"YEAR_{edge}"))

    def months(self) -> int:
        """Return a number of months."""
        return self.random.choice((0, 1, 1, 2, 3, 6, 12, 24))

    def _follow(self, made: Entry, before: Entry) -> None:
        """Let a contract continue another one."""
        last = min(day for day in (before["valid_to"], before["ends_on"], "2198-01-01") if day is not None)
        later = [day for day in DAYS if day > max(last, before["valid_from"])]
        if not later:
            return
        same = ("leg", "channel", "grantor", "grantee", "parent", "territory", "services", "parametrisation")
        made |= {field: before[field] for field in same}
        made["continues"] = before["id"]
        made["valid_from"] = later[0] if self.chance(0.6) else self.random.choice(later)
        made["valid_to"] = self.random.choice(later[1:]) if later[1:] and self.chance(0.3) else None

    def _ends_on(self, made: Entry) -> str | None:
        due = made["state"] == "GEKUENDIGT" or (made["state"] == "BEENDET" and made["valid_to"] is None)
        if self.wrong():
            due = not due
        fitting = [day for day in DAYS if day >= made["valid_from"]]
        return (self.random.choice(fitting) if fitting and not self.wrong() else self.day()) if due else None

    def signatures(self, made: Entry, channel: Entry) -> list[Entry]:
        """Return signatures that fit the state."""
        if made["state"] == "ENTWURF":
            sides: list[str] = []
        elif made["state"] in {"GESCHLOSSEN", "GEKUENDIGT", "BEENDET"}:
            sides = self.random.sample(SIDES, 2)
        else:
            sides = self.random.sample(SIDES, self.random.choice((0, 1)))
        if self.wrong():
            sides = self.random.choices(SIDES, k=self.random.randint(0, 3))
        found = []
        for side in sides:
            by = f"p-{made[side]}"
            released = "p-two" if made[side] == channel["anbieter"] or self.chance(0.1) else None
            if self.wrong():
                released = self.random.choice((None, by, "p-two"))
            on = self.day() if self.wrong() else made["valid_from"]
            found.append({"side": side, "by": by, "released_by": released, "on": on})
        return found

    def agb_version(self, made: Entry, channel: Entry) -> str | None:
        """Return the version in force when a contract was signed last."""
        listed = channel["agb"].get(made["leg"], [])
        if self.wrong():
            return self.random.choice((None, "AGB 1999", *AGB))
        on = max((signature["on"] for signature in made["signatures"]), default=made["valid_from"])
        fitting = [agb["version"] for agb in listed if agb["valid_from"] <= on <= (agb["valid_to"] or "9999")]
        return fitting[0] if fitting else None

    def accession(self, id_: str) -> Entry:
        """Return a new accession."""
        possible = [item for item in self.contracts if item["leg"] in LEGS[1:3]]
        open_ = [item for item in possible if item["passing_on"] == {"allowed": True, "act": "BEITRITT"}]
        named = self.random.choice((open_ if open_ and self.chance(0.8) else possible) or [{"id": "zz"}])["id"]
        if self.wrong():
            named = self.random.choice(("zz", "c1"))
        first = self.day()
        later = [day for day in DAYS if day >= first]
        last = self.random.choice(later) if later and not self.wrong() else self.day()
        return {
            "id": id_,
            "org": self.random.choice(IDS if self.wrong() else self._inside(named) or IDS[5:11]),
            "contract": named,
            "valid_from": first,
            "valid_to": None if self.chance(0.6) else last,
        }

    def _inside(self, contract: str) -> list[str]:
        territory: list[str] = next((item["territory"] for item in self.contracts if item["id"] == contract), [])
        prefixes = ["" if prefix == "DE" else prefix for prefix in territory]
        return [id_ for id_, _, ars in ORGANISATIONS[5:11] if ars and any(ars.startswith(prefix) for prefix in prefixes)]

    def inhouse(self) -> list[Entry]:
        """Return statements on bodies that are in-house to authorities."""
        found = []
        for body in ("dataport", "baykommun"):
            for authority in self.some(IDS[1:11]):
                first, last = sorted(self.random.sample(DAYS, 2))
                found.append(
                    {"body": body, "authority": authority, "from": "2000-01-01", "to": first if self.chance(0.5) else None}
                )
                if self.chance(0.5):
                    found.append({"body": body, "authority": authority, "from": first, "to": last if self.chance(0.5) else None})
        self.random.shuffle(found)
        return found
