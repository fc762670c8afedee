"""Every service has the same files, and they hold the same: the names that one looks for have one place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.contract.services.shape import PACKAGES, faults_of
from tests.support.tree_copy import TreeCopy

PLANTED = (
    (
        "catalog",
        r", settings: Settings \| None = None\) -> Service:",
        ") -> Service:\n    settings: Settings | None = None",
        "services/catalog/app.py: build must be build(resources: Resources, settings: Settings | None = None) -> Service",
    ),
    ("catalog", r"\broutes\b", "build_router", "services/catalog/api.py defines no routes(...) -> APIRouter"),
    ("catalog", r"\bSERVICE = .*", 'SERVICE = "catalogue"', 'services/catalog/repository.py must hold SERVICE = "catalog"'),
    (
        "contracts",
        r"\bSettings\b",
        "ContractsSettings",
        "services/contracts/settings.py defines no class Settings(BaseSettings)",
    ),
    (
        "contracts",
        r"\bTRANSITIONS\b",
        "MACHINE",
        "services/contracts/domain/transitions.py defines no TRANSITIONS = StateMachine(...)",
    ),
    (
        "contracts",
        r"(class Registers:(?s:.*?))resources: Resources\) -> None:",
        r"\1resources: Resources, channel: str) -> None:",
        "services/contracts/repository.py: Registers must take resources, and nothing else",
    ),
    (
        "eligibility",
        r"-> tuple\[Consumer, \.\.\.\]:",
        "-> list[Consumer]:",
        "services/eligibility/consumers.py defines no consumers(...) -> tuple[Consumer, ...]",
    ),
    (
        "eligibility",
        r"Consumer\(ELIGIBILITY_ORDERS",
        'Consumer("eligibility.orders"',
        "take the group eligibility.orders from shared.topics",
    ),
    (
        "eligibility",
        'ELIGIBILITY_"',
        'ELIGIBLE_"',
        "services/eligibility/settings.py: the variables of Settings must begin with ELIGIBILITY_",
    ),
    (
        "notify",
        r"\Z",
        "\n\ndef ledger_of(store: object) -> object:\n    return Ledger(store)\n",
        "take resources.ledger(...) instead of Ledger(...)",
    ),
    (
        "notify",
        r"condition: IfMatch",
        "condition: Annotated[object, Depends(condition_of)]",
        "take IfMatch from shared.http.dependencies",
    ),
    (
        "ordering",
        "key: IdempotencyKey",
        "key: Annotated[Idempotency, Depends()]",
        "take IdempotencyKey from shared.http.dependencies",
    ),
)
"""By service: what is replaced by what in its files, as a pattern, and the fault that it makes."""
NAMED = """
import json, services
from tests.contract.services.shape import faults_of
print(json.dumps([fault for name in ("catalog", "contracts", "eligibility", "notify", "ordering") for fault in faults_of(name)]))
"""


@pytest.mark.parametrize("name", PACKAGES)
def test_every_service_has_the_one_shape(name: str) -> None:
    assert faults_of(name) == []


@pytest.mark.slow
def test_what_departs_from_the_shape_is_named_with_its_place(tmp_path: Path) -> None:
    copy = TreeCopy(tmp_path)
    for name, pattern, replacement, _ in PLANTED:
        files = sorted((copy.folder / "services" / name).rglob("*.py"))
        changed = [path for path in files if re.search(pattern, path.read_text(encoding="utf-8"))]
        assert changed, f"{name} holds nothing like {pattern}"
        for path in changed:
            path.write_text(re.sub(pattern, replacement, path.read_text(encoding="utf-8")), encoding="utf-8")
    said = copy.python("-c", NAMED).stdout
    faults: list[str] = json.loads(said.splitlines()[-1])
    assert [fault for *_, fault in PLANTED if not any(fault in found for found in faults)] == [], said
