"""The judge: looks at a history with every invariant that a run must show, and says valid, invalid or unknown.

Unknown fails as invalid does: an invariant that had nothing to look at, a fault that never fired, a checker that broke.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tests.faults.checker import bus, effects, orders
from tests.faults.checker.finding import Anomaly, Finding, Model
from tests.faults.checker.history import History, Kind


class Verdict(StrEnum):
    """What a run has shown."""

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"


Invariant = Callable[[History, Model], Finding]

INVARIANTS: Mapping[str, Invariant] = {
    "I1 no lost order": orders.no_lost_order,
    "I2 no duplicate contract": orders.no_duplicate_contract,
    "I3 no phantom": orders.no_phantom,
    "I4 monotone states": effects.monotone_states,
    "I5 per-key order": bus.per_key_order,
    "I6 one notification": effects.one_notification,
    "I7 every effect on record": effects.every_effect_on_record,
    "I8 conservation": bus.conservation,
    "I9 commit rule": bus.commit_rule,
    "I10 exact dead letters": bus.exact_dead_letters,
    "I11 one key, one effect": orders.one_key_one_effect,
    "I12 liveness": effects.liveness,
}


@dataclass(frozen=True, slots=True)
class Report:
    """The judgement with its reasons. ``looked`` says at how many things each invariant has looked."""

    seed: int
    verdict: Verdict
    anomalies: tuple[Anomaly, ...]
    doubts: tuple[str, ...]
    looked: Mapping[str, int] = field(default_factory=dict)

    def names(self) -> set[str]:
        """Return the invariants that do not hold."""
        return {anomaly.invariant for anomaly in self.anomalies}

    def text(self, most: int = 12) -> str:
        """Return the report for a person: what is wrong, with the operations around it, and how much was looked at."""
        lines = [f"seed {self.seed}: {self.verdict}"]
        lines += [f"  unknown: {doubt}" for doubt in self.doubts]
        for anomaly in self.anomalies[:most]:
            lines += [f"  {anomaly.invariant}: {anomaly.key}: {anomaly.text}", *(f"    {op.line()}" for op in anomaly.around)]
        if len(self.anomalies) > most:
            lines.append(f"  and {len(self.anomalies) - most} more")
        lines += [f"  looked at {count}: {name}" for name, count in self.looked.items()]
        return "\n".join(lines)


def judge(history: History, model: Model) -> Report:
    """Judge a history by the invariants that ``model`` demands."""
    anomalies: list[Anomaly] = []
    doubts: list[str] = []
    looked: dict[str, int] = {}
    for name in model.demanded or INVARIANTS:
        try:
            finding = INVARIANTS[name](history, model)
        except Exception as error:  # noqa: BLE001 - a checker that breaks has shown nothing, whatever broke it
            doubts.append(f"{name} could not be checked: {error!r}")
            continue
        looked[name] = finding.looked
        if not finding.looked:
            doubts.append(f"{name} had nothing to look at")
        anomalies += [Anomaly(name, op.k, text, history.around(op)) for op, text in finding.wrong]
    placed = len({op.v["id"] for op in history.of("command", Kind.OK) if op.v["name"] == model.order_command})
    if placed < model.fewest_orders:
        doubts.append(f"only {placed} orders were acknowledged, {model.fewest_orders} are asked for")
    fired = {op.f for op in history.of("fault") if op.v["fired"]}
    doubts += [f"the fault {fault} never fired" for fault in sorted(set(model.faults) - fired)]
    verdict = Verdict.INVALID if anomalies else Verdict.UNKNOWN if doubts else Verdict.VALID
    return Report(history.seed, verdict, tuple(anomalies), tuple(doubts), looked)
