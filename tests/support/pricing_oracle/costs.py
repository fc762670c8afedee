"""What an item costs and who bears it, day by day."""

from typing import Any

from tests.support.pricing_oracle.days import basis, begins, each, there
from tests.support.pricing_oracle.ratio import ZERO, Ratio, plus, ratio, times, total
from tests.support.pricing_oracle.refusals import Refusal
from tests.support.pricing_oracle.reports import counting

Weights = dict[str, Ratio]


class Costs:
    """One item in its window."""

    def __init__(self, given: dict[str, Any], at: str | None, version: int, item: dict[str, Any], days: tuple[str, str]) -> None:
        """Cut the window into slices."""
        self.given, self.at, self.item, self.named, self.window = given, at, item, (version, item["id"]), days
        self.bodies = sorted(given["participants"], key=lambda body: str(body["id"]))
        share = 10_000 if item["efa_share_bp"] is None else item["efa_share_bp"]
        self.amount = ratio(item["amount_cents"] * share, 10_000)
        self.fest = item["key"]["type"] == "FEST"
        self.slices: list[dict[str, Any]] = []
        if item["period"] in {"JAHR", "MONAT"}:
            self._cut()
        elif item["period"] == "EINMALIG":
            self._once()

    def _cut(self) -> None:
        for day in each(*self.window):
            if day == self.window[0] or begins(day, self.item["period"], self.given["participants"]):
                active = [body["id"] for body in self.bodies if there(body, day)]
                self.slices.append({"from": day, "days": 0, "basis_days": basis(day, self.item["period"]), "active": active})
            self.slices[-1]["to"] = day
            self.slices[-1]["days"] += 1
        for part in self.slices:
            heads = len(part["active"]) if self.fest else 1
            part["exact"] = times(self.amount, part["days"] * heads, part["basis_days"])

    def _once(self) -> None:
        for day in each(*self.window):
            active = [body["id"] for body in self.bodies if there(body, day)]
            if self.fest:
                firsts = {body["id"]: min([days["from"] for days in body["participations"]] or ["none"]) for body in self.bodies}
                active = [id_ for id_ in active if firsts[id_] == day]
                if not active:
                    continue
            exact = times(self.amount, len(active)) if self.fest else self.amount
            self.slices.append({"from": day, "to": day, "days": 1, "basis_days": 1, "active": active, "exact": exact})

    def exact(self) -> Ratio:
        """Return the sum of the slices."""
        return total(part["exact"] for part in self.slices)

    def own(self) -> Weights:
        """Return everybody's own price."""
        found = {}
        for body in self.bodies:
            if self.item["period"] == "JE_NUTZUNG":
                asked = any(there(body, day) for day in each(*self.window))
                found[body["id"]] = times(self.amount, self.uses(body, self.window)) if asked else ZERO
            else:
                parts = [part for part in self.slices if body["id"] in part["active"]]
                found[body["id"]] = total(times(self.amount, part["days"], part["basis_days"]) for part in parts)
        return found

    def uses(self, body: dict[str, Any], window: tuple[str, str]) -> int:
        """Return the uses of a body in a window."""
        inside = []
        for report in counting(body, self.at):
            if report["from"] > window[1] or report["to"] < window[0]:
                continue
            if report["from"] < window[0] or report["to"] > window[1]:
                raise Refusal("USES_REPORT_STRADDLES", *self.named, body["id"])
            inside.append(report)
        for day in each(*window):
            if there(body, day) and not any(report["from"] <= day <= report["to"] for report in inside):
                raise Refusal("USES_REPORT_MISSING", *self.named, body["id"])
        return sum(report["count"] for report in inside)

    def weights(self, key: dict[str, Any], members: list[dict[str, Any]]) -> Weights:
        """Return who bears how much by a key."""
        found: Weights = {}
        if key["type"] == "KOMBINATION":
            for part in key["parts"]:
                for id_, weight in self.weights(part["key"], members).items():
                    found[id_] = plus(found.get(id_, ZERO), times(weight, part["share_bp"], 10_000))
        elif key["type"] == "NUTZUNG":
            found = self._by_uses(members)
        else:
            for part in self.slices:
                for id_, weight in self._in_slice(key, part, members).items():
                    found[id_] = plus(found.get(id_, ZERO), weight)
        return found

    def _by_uses(self, members: list[dict[str, Any]]) -> Weights:
        period = self.given["period"]
        window = (period["from"], period["to"]) if self.item["period"] == "EINMALIG" else self.window
        asked = [body for body in members if any(there(body, day) for day in each(*window))]
        if not asked:
            return {"BEREITSTELLER": self.exact()}
        uses = {body["id"]: self.uses(body, window) for body in asked}
        if sum(uses.values()):
            return {id_: times(self.exact(), count, sum(uses.values())) for id_, count in uses.items()}
        found: Weights = {}
        if self.item["fallback_key"] is None:
            raise Refusal("KEY_BASE_ZERO", *self.named)
        for part in self.slices:
            for id_, weight in self._in_slice(self.item["fallback_key"], part, members).items():
                found[id_] = plus(found.get(id_, ZERO), weight)
        return found

    def _in_slice(self, key: dict[str, Any], part: dict[str, Any], members: list[dict[str, Any]]) -> Weights:
        if key["type"] == "DIREKT":
            borne = self.item["period"] == "EINMALIG" or key["participant"] in part["active"]
            return {key["participant"] if borne else "BEREITSTELLER": part["exact"]}
        active = [body for body in members if body["id"] in part["active"]]
        if not active:
            return {"BEREITSTELLER": part["exact"]}
        bases = self._bases(key, active)
        if not sum(bases.values()) and self.item["fallback_key"] is not None:
            bases = self._bases(self.item["fallback_key"], active)
        if not sum(bases.values()):
            raise Refusal("KEY_BASE_ZERO", *self.named)
        return {id_: times(part["exact"], base, sum(bases.values())) for id_, base in bases.items()}

    def _bases(self, key: dict[str, Any], active: list[dict[str, Any]]) -> dict[str, int]:
        bases = {}
        for body in active:
            if key["type"] == "KOENIGSTEIN" and body["type"] != "LAND":
                raise Refusal("KEY_NOT_APPLICABLE", *self.named, body["id"])
            table = self.given["tables"].get(key.get("table"), {})
            base = {
                "KOENIGSTEIN": table.get(body["ars"]),
                "EINWOHNER": body["population"],
                "ZIELGRUPPE": body["target_group"],
                "GLEICH": 1,
            }[key["type"]]
            if base is None:
                raise Refusal("KEY_BASE_MISSING", *self.named, body["id"])
            bases[body["id"]] = base
        if key["type"] == "EINWOHNER":
            self._refuse_double(active)
        return bases

    def _refuse_double(self, active: list[dict[str, Any]]) -> None:
        rows = sorted(("" if body["ars"] == "DE" else body["ars"], body["id"]) for body in active if body["ars"] is not None)
        for number in range(1, len(rows)):
            if rows[number][0][: len(rows[number - 1][0])] == rows[number - 1][0]:
                raise Refusal("POPULATION_DOUBLE_COUNT", *self.named, rows[number][1])
