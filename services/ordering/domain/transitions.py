"""The table of the Vorgang: which step leads from which states to which, and who may take it."""

from __future__ import annotations

from enum import StrEnum

from shared.aggregate.base import StateMachine, Transition
from shared.messages.ordering import OrderParty
from shared.messages.values import OrderState


class Command(StrEnum):
    """Steps of a Vorgang. Those of SYSTEM are what an event of another service, or the calendar, asks for."""

    DECLARE_INTEREST = "declare_interest"
    RECHECK = "recheck"
    RECORD_CHECK = "record_check"
    FORWARD = "forward"
    REFUSE = "refuse"
    CHANGE_CHANNEL = "change_channel"
    RESUME = "resume"
    START_CLARIFICATION = "start_clarification"
    ADD_POINT = "add_point"
    SETTLE_POINT = "settle_point"
    ASK = "ask"
    ANSWER = "answer"
    CONFIRM_CONDITIONS = "confirm_conditions"
    DECLINE = "decline"
    REOPEN_CLARIFICATION = "reopen_clarification"
    MAKE_OFFER = "make_offer"
    AMEND_OFFER = "amend_offer"
    WITHDRAW_OFFER = "withdraw_offer"
    NAME_KLIENT = "name_klient"
    REMOVE_KLIENT = "remove_klient"
    ANSWER_KLIENT = "answer_klient"
    CHECK_KLIENTEN = "check_klienten"
    RECORD_KLIENT_CHECK = "record_klient_check"
    SIGN_OFF_KLIENT = "sign_off_klient"
    PLACE = "place"
    REQUEST_CONTRACT = "request_contract"
    RECORD_CONTRACT = "record_contract"
    REOPEN_ORDER = "reopen_order"
    START_ONBOARDING = "start_onboarding"
    PLAN_MILESTONE = "plan_milestone"
    REACH_MILESTONE = "reach_milestone"
    GO_LIVE = "go_live"
    REPORT_USES = "report_uses"
    TERMINATE = "terminate"
    CONTINUE = "continue"
    END = "end"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


KUNDE, BEREITSTELLER, ANBIETER, SYSTEM = OrderParty
S = OrderState
Row = Transition[Command, OrderState, OrderParty]


def _row(command: Command, sources: set[OrderState], target: OrderState | None, *actors: OrderParty) -> Row:
    return Transition(command, frozenset(sources), target, frozenset(actors))


CHECKED = {S.INTERESSE_BEKUNDET, S.BESTELLT}
AGREED = {S.ABGESTIMMT, S.ANGEBOT_ERSTELLT}
"""States in which the conditions are confirmed and nothing is ordered yet."""
RUNNING = {S.VERTRAG_GESCHLOSSEN, S.IN_ANBINDUNG, S.PRODUKTIV}
BEFORE_ORDER = {S.INTERESSE_BEKUNDET, S.WEITERGELEITET, S.IN_ABSTIMMUNG, S.ABGESTIMMT, S.ANGEBOT_ERSTELLT}

TRANSITIONS: StateMachine[Command, OrderState, OrderParty] = StateMachine(
    (
        _row(Command.DECLARE_INTEREST, set(), S.INTERESSE_BEKUNDET, KUNDE),
        _row(Command.RECHECK, CHECKED, None, KUNDE),
        _row(Command.RECORD_CHECK, CHECKED, None, SYSTEM),
        _row(Command.FORWARD, {S.INTERESSE_BEKUNDET}, S.WEITERGELEITET, SYSTEM),
        # By a rule while it is checked; by a person of the Anbieter who stops it, as long as no contract is asked for.
        _row(Command.REFUSE, BEFORE_ORDER | CHECKED, S.ABGELEHNT, SYSTEM),
        _row(Command.CHANGE_CHANNEL, BEFORE_ORDER | CHECKED, S.INTERESSE_BEKUNDET, KUNDE),
        _row(Command.RESUME, {S.INTERESSE_BEKUNDET}, S.IN_ABSTIMMUNG, SYSTEM),
        _row(Command.START_CLARIFICATION, {S.WEITERGELEITET}, S.IN_ABSTIMMUNG, BEREITSTELLER),
        _row(Command.ADD_POINT, {S.IN_ABSTIMMUNG}, None, KUNDE, BEREITSTELLER),
        _row(Command.SETTLE_POINT, {S.IN_ABSTIMMUNG}, None, KUNDE, BEREITSTELLER),
        _row(Command.ASK, {S.IN_ABSTIMMUNG}, None, KUNDE, BEREITSTELLER),
        _row(Command.ANSWER, {S.IN_ABSTIMMUNG}, None, KUNDE, BEREITSTELLER),
        _row(Command.CONFIRM_CONDITIONS, {S.IN_ABSTIMMUNG}, S.ABGESTIMMT, BEREITSTELLER),
        _row(Command.REOPEN_CLARIFICATION, AGREED, S.IN_ABSTIMMUNG, KUNDE, BEREITSTELLER),
        _row(Command.DECLINE, {S.WEITERGELEITET, S.IN_ABSTIMMUNG} | AGREED, S.ABGELEHNT, BEREITSTELLER),
        _row(Command.MAKE_OFFER, {S.ABGESTIMMT}, S.ANGEBOT_ERSTELLT, ANBIETER),
        _row(Command.AMEND_OFFER, {S.ANGEBOT_ERSTELLT}, None, ANBIETER),
        _row(Command.WITHDRAW_OFFER, {S.ANGEBOT_ERSTELLT}, S.ABGESTIMMT, ANBIETER),
        _row(Command.NAME_KLIENT, BEFORE_ORDER, None, KUNDE),
        # What 0.1.0 has ordered without regard to Klienten is held until they are settled.
        _row(Command.REMOVE_KLIENT, BEFORE_ORDER | {S.BESTELLT}, None, KUNDE),
        # A Klient is no side of the Vorgang: its answer comes from outside, as what another service has found.
        _row(Command.ANSWER_KLIENT, BEFORE_ORDER | {S.BESTELLT}, None, SYSTEM),
        _row(Command.CHECK_KLIENTEN, BEFORE_ORDER | {S.BESTELLT}, None, KUNDE),
        _row(Command.RECORD_KLIENT_CHECK, BEFORE_ORDER | {S.BESTELLT}, None, SYSTEM),
        # On a contract the Anbieter decides on what was found of a Klient since.
        _row(Command.SIGN_OFF_KLIENT, BEFORE_ORDER | {S.BESTELLT, S.GEKUENDIGT} | RUNNING, None, ANBIETER),
        _row(Command.PLACE, {S.ANGEBOT_ERSTELLT}, S.BESTELLT, KUNDE),
        _row(Command.REQUEST_CONTRACT, {S.BESTELLT}, None, SYSTEM),
        _row(Command.RECORD_CONTRACT, {S.BESTELLT}, S.VERTRAG_GESCHLOSSEN, SYSTEM),
        # No contract comes about: the offer can be ordered on again, or another one is needed (``domain.contract_refusals``).
        *(_row(Command.REOPEN_ORDER, {S.BESTELLT}, state, SYSTEM) for state in sorted(AGREED)),
        # The offer that it went back to lapses while the Vorgang is held.
        _row(Command.REOPEN_ORDER, {S.ANGEBOT_ERSTELLT}, S.ABGESTIMMT, SYSTEM),
        _row(Command.START_ONBOARDING, {S.VERTRAG_GESCHLOSSEN}, S.IN_ANBINDUNG, BEREITSTELLER),
        _row(Command.PLAN_MILESTONE, {S.IN_ANBINDUNG}, None, KUNDE, BEREITSTELLER),
        _row(Command.REACH_MILESTONE, {S.IN_ANBINDUNG}, None, KUNDE, BEREITSTELLER),
        _row(Command.GO_LIVE, {S.IN_ANBINDUNG}, S.PRODUKTIV, BEREITSTELLER),
        _row(Command.REPORT_USES, {S.PRODUKTIV, S.GEKUENDIGT, S.BEENDET}, None, KUNDE),
        # A side asks for the end, the contract decides on it.
        _row(Command.TERMINATE, RUNNING, None, KUNDE, ANBIETER),
        _row(Command.TERMINATE, RUNNING, S.GEKUENDIGT, SYSTEM),
        # A contract follows: the state is the one before the notice (``domain.continuing``).
        _row(Command.CONTINUE, RUNNING, None, SYSTEM),
        *(_row(Command.CONTINUE, {S.GEKUENDIGT}, state, SYSTEM) for state in sorted(RUNNING)),
        _row(Command.END, {S.GEKUENDIGT}, S.BEENDET, ANBIETER, SYSTEM),
        _row(Command.WITHDRAW, BEFORE_ORDER | {S.BESTELLT}, S.ZURUECKGEZOGEN, KUNDE),
        _row(Command.EXPIRE, BEFORE_ORDER, S.VERFALLEN, ANBIETER, SYSTEM),
        # An order that no contract has been asked for yet (a RISK that is not signed off) ends only by a person's decision.
        _row(Command.EXPIRE, {S.BESTELLT}, S.VERFALLEN, ANBIETER),
    )
)

FINAL = frozenset({S.ABGELEHNT, S.BEENDET, S.ZURUECKGEZOGEN, S.VERFALLEN})
"""States that no step leads out of. A new Vorgang for the same offer may follow."""

SETTLED = FINAL | {S.PRODUKTIV}
"""States in which nobody waits for anybody: the end, and the use itself."""

CONTRACTED = frozenset({S.VERTRAG_GESCHLOSSEN, S.IN_ANBINDUNG, S.PRODUKTIV, S.GEKUENDIGT, S.BEENDET})
"""States of a Vorgang that has a contract, or had one."""


def takes_verdict(state: OrderState, *, requested: bool) -> bool:
    """Return whether a verdict moves a Vorgang on: as an interest, and as an order until its contract is ``requested``."""
    return state is S.INTERESSE_BEKUNDET or (state is S.BESTELLT and not requested)
