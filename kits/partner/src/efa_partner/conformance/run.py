"""Play all cases and gather what came."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from efa_partner.conformance.bench import Bench
from efa_partner.conformance.case import CannotRunError, Case, Got, Kind
from efa_partner.conformance.flow import FIRST, LAST
from efa_partner.conformance.forms import FORMS
from efa_partner.conformance.payloads import PAYLOADS
from efa_partner.conformance.prepared import PREPARED
from efa_partner.conformance.rules import RULES
from efa_partner.conformance.signatures import SIGNATURES
from efa_partner.errors import BrokerError, JwksError, PartnerError, ReceiptMissingError, ReceiptUntrustedError

CASES: tuple[Case, ...] = (*FIRST, *FORMS, *SIGNATURES, *PAYLOADS, *RULES, *LAST, *PREPARED)
_AT_ONCE = 4
"""Bad records that are on their way at the same time: far below the quota of a partner."""


class Verdict(StrEnum):
    """How a case ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Result:
    """A case, what came, and how long it took in seconds."""

    case: Case
    verdict: Verdict
    got: Got | None
    note: str | None
    seconds: float


async def run(bench: Bench, cases: Sequence[Case] = CASES, shown: Callable[[Result], None] = lambda _: None) -> list[Result]:
    """Play cases in their order, bad records several at once; ``shown`` gets each result as it comes."""
    results: list[Result] = []
    at = 0
    while at < len(cases):
        end = at + 1
        while cases[at].attack and end < len(cases) and cases[end].attack and end - at < _AT_ONCE:
            end += 1
        for result in await asyncio.gather(*(_played(case, bench) for case in cases[at:end])):
            results.append(result)
            shown(result)
        at = end
    return results


async def _played(case: Case, bench: Bench) -> Result:
    began = time.monotonic()
    note: str | None = None
    got: Got | None = None
    verdict: Verdict | None = None
    try:
        _require_order(case, bench)
        got = await case.play(bench)
    except CannotRunError as error:
        verdict, note = Verdict.NOT_RUN, str(error)
    except ReceiptMissingError as error:
        got = Got(Kind.NO_RECEIPT, detail=str(error))
    except (ReceiptUntrustedError, JwksError) as error:
        got = Got(Kind.UNTRUSTED, error.code, detail=str(error))
    except BrokerError as error:
        got = Got(Kind.NOT_TAKEN, error.code, detail=str(error))
    except PartnerError as error:
        got = Got(Kind.BROKEN, error.code, detail=str(error))
    if verdict is None:
        assert got is not None  # noqa: S101 - for the type checker: without a note something came
        verdict = Verdict.PASSED if case.expected.met_by(got) else Verdict.FAILED
    return Result(case, verdict, got, note, time.monotonic() - began)


def _require_order(case: Case, bench: Bench) -> None:
    if case.attack and bench.order is None:
        raise CannotRunError("the run has no Vorgang that a bad record could harm: the case interest-declared must pass first")
