"""A register of public bodies in place of the real one: it finds a few, and knows which are no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

LENGTHS = {2: "LAND", 5: "KREIS"}


@dataclass
class Register:
    """What eligibility answers about bodies: those by key and name, former ones with their names and successors."""

    bodies: Mapping[str, str]
    former: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)
    """Regional keys of bodies whose own keys are others."""
    away: bool = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            return httpx.Response(503, json={"code": "away", "detail": "away"})
        if request.url.path == "/v1/bodies":
            asked, limit = request.url.params["q"].lower(), int(request.url.params["limit"])
            followed = self.former[asked][1] if asked in self.former else None
            found = [
                it for it in self.bodies if asked in self.bodies[it].lower() or asked in (it, self._region(it)) or it == followed
            ]
            return httpx.Response(200, json={"items": [self._body(it) for it in found[:limit]], "next": None})
        key = request.url.path.rpartition("/")[2]
        if key in self.bodies:
            return httpx.Response(200, json=self._body(key))
        if key not in self.former:
            return httpx.Response(404, json={"code": "body_not_found", "detail": "There is none."})
        name, successor = self.former[key]
        code = "body_dissolved" if successor is None else "body_superseded"
        return httpx.Response(
            410, json={"code": code, "detail": "It is no more.", "body": key, "name": name, "successor": successor}
        )

    def _region(self, key: str) -> str | None:
        return self.regions.get(key, key if key.isdecimal() else None)

    def _body(self, key: str) -> dict[str, str | None]:
        ars = self._region(key)
        kind = "OTHER" if ars is None else LENGTHS.get(len(ars), "KOMMUNE")
        return {"id": key, "name": self.bodies[key], "type": kind, "state_code": "SH", "ars": ars, "same_as": None}
