"""Reasons of rules reach a reader in the reader's language; what people wrote is quoted as they wrote it."""

from __future__ import annotations

from datetime import date

import pytest

from services.contracts.domain.refusal import Refusal
from services.notify.domain.contact import Language
from services.notify.domain.facts import facts_of
from services.notify.domain.parameters import Subject, SubjectKind
from services.notify.texts import quoted
from shared import reasons
from shared.messages import ordering
from shared.messages.base import Message
from shared.messages.contracts_reminders import ContractEndReminder
from shared.messages.ordering_klienten import KlientRemoved
from shared.messages.ordering_offerings import OfferingEnded
from shared.messages.reasons import Fact
from shared.messages.values import OrderState, Verdict
from tests.support.builders.events import AT, EXAMPLES, assessment, head
from tests.unit.notify.test_notify_texts import notification, routing, texts

REFUSAL = Refusal.of("no_agb_in_force", day=date(2026, 3, 1), anbieter="FITKO")


def refused(**changes: object) -> ordering.OrderRefused:
    fields = {**REFUSAL.model_dump(), **changes}
    return ordering.OrderRefused.model_validate({"order": head(OrderState.ABGELEHNT), "at": AT, **fields})


def body(message: ordering.OrderEvent, template: str, language: Language) -> str:
    return texts.of(notification(message, template), language).body


@pytest.mark.parametrize("template", ["order-refused", "order-refused-award"])
def test_a_refusal_is_read_in_german_and_in_english(template: str) -> None:
    german, english = (body(refused(), template, language) for language in (Language.DE, Language.EN))
    assert "> Am 01.03.2026 ist bei FITKO keine Fassung" in german
    assert "> On 1 March 2026 no version of the general terms" in english
    assert REFUSAL.reason not in english
    assert REFUSAL.remedy not in english


def test_a_klient_reads_that_the_vorgang_has_ended_and_not_that_somebody_has_removed_it() -> None:
    ended = next(it for it in EXAMPLES if isinstance(it, KlientRemoved) and it.code == "order_ended")
    german, english = (body(ended, "klient-removed", language) for language in (Language.DE, Language.EN))
    assert "ist ohne Vertrag beendet" in german
    assert "gestrichen" not in german
    assert "has ended without a contract" in english
    assert "removed" not in english


def test_the_german_text_is_the_one_that_the_event_holds() -> None:
    assert f"> {REFUSAL.reason}" in body(refused(), "order-refused", Language.DE)


@pytest.mark.parametrize("changes", [{"facts": None}, {"code": "of_tomorrow"}], ids=["facts_unknown", "code_unknown"])
def test_without_words_english_names_the_code_and_german_keeps_the_sentence(changes: dict[str, object]) -> None:
    message = refused(**changes)
    english = body(message, "order-refused", Language.EN)
    assert f"> The rule has the code {message.code}." in english
    assert message.reason not in english
    assert f"> {message.reason}" in body(message, "order-refused", Language.DE)


def test_a_finding_of_the_in_house_check_is_read_in_english() -> None:
    found = assessment(Verdict.NO_EVIDENCE)
    decisive = found.decisive.model_copy(update={"code": "EVIDENCE_MISSING"})
    message = ordering.CheckRecorded(order=head(), at=AT, assessment=found.model_copy(update={"findings": (decisive,)}))
    english = body(message, "check-recorded", Language.EN)
    assert "> A fact that the in-house relation rests on is not evidenced." in english
    assert decisive.reason not in english
    assert quoted(decisive.reason) in body(message, "check-recorded", Language.DE)


def test_an_english_reader_learns_all_that_is_lacking() -> None:
    found = assessment(Verdict.NO_EVIDENCE)
    leg = found.decisive.leg
    first, other = (
        found.decisive.model_copy(update={"leg": leg, "code": code, "remedy": f"Auf Deutsch: {code}."})
        for code in ("NO_RELATION", "ACCREDITATION_MISSING")
    )
    message = ordering.CheckRecorded(order=head(), at=AT, assessment=found.model_copy(update={"findings": (first, other)}))
    english = body(message, "check-recorded", Language.EN)
    for code in ("NO_RELATION", "ACCREDITATION_MISSING"):
        words = reasons.words(code, (), "en")
        assert words is not None
        assert words.remedy is not None
        assert quoted(words.remedy) in english
        assert quoted(f"Auf Deutsch: {code}.") in body(message, "check-recorded", Language.DE)
    assert "Deutsch" not in english


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", sorted(reasons.WRITTEN))
def test_what_a_person_decided_is_quoted_in_the_words_of_that_person(code: str, language: Language) -> None:
    message = refused(code=code, facts=None, reason="Der Dienst wird eingestellt.", remedy=None)
    assert "> Der Dienst wird eingestellt." in body(message, "order-refused", language)


def test_the_end_of_a_bereitstellungsvertrag_is_told_in_the_readers_language() -> None:
    ended = (Fact(name="ends_on", day=date(2026, 12, 31)),)
    message = refused(code="offering_withdrawn", facts=ended, reason="Der Bereitstellungsvertrag endet.", remedy=None)
    english = body(message, "order-refused", Language.EN)
    assert "> The Bereitstellungsvertrag of the offer ended on 31 December 2026" in english
    assert message.reason not in english
    assert f"> {message.reason}" in body(message, "order-refused", Language.DE)


@pytest.mark.parametrize("language", Language)
def test_what_a_person_wrote_is_quoted_as_it_is(language: Language) -> None:
    message = ordering.OrderDeclined(order=head(OrderState.ABGELEHNT), at=AT, reason="Leider keine Kapazität.")
    assert "> Leider keine Kapazität." in body(message, "order-declined", language)
    assert facts_of(message).parameters.code is None


def made_by_a_rule(message: Message) -> str | None:
    """Return the German sentence of an event that no person has written, None if it has none."""
    code, ended_on = getattr(message, "code", None), getattr(message, "contract_ended_on", None)
    if ended_on is None and (code is None or code in reasons.WRITTEN):
        return None
    return getattr(message, "reason", None) or getattr(message, "remarks", None)


MADE = [(message, reason) for message in EXAMPLES if (reason := made_by_a_rule(message)) is not None]


def test_each_event_that_quotes_what_a_rule_has_made_is_among_the_examples() -> None:
    quoting = {"OfferingEnded", "OfferingReturned", "OfferingWithdrawn", "KlientRemoved", "OrderReopened", "OrderRefused"}
    assert quoting <= {type(message).__name__ for message, _ in MADE}


@pytest.mark.parametrize(("message", "reason"), MADE, ids=lambda it: type(it).__name__)
def test_no_english_text_quotes_a_german_sentence_that_nobody_has_written(message: Message, reason: str) -> None:
    for template in set(routing.recipients(message.TYPE, facts_of(message).parties).values()):
        english = texts.of(notification(message, template), Language.EN)
        assert quoted(reason) not in english.body
        assert reason not in english.subject


def test_what_a_person_has_written_is_quoted_in_english_too() -> None:
    ended = next(it for it in EXAMPLES if isinstance(it, OfferingEnded) and it.contract_ended_on is None)
    assert quoted(ended.reason) in texts.of(notification(ended, "order-offering-ended"), Language.EN).body


def test_the_end_of_the_contract_of_an_offer_is_told_with_its_day_in_both_languages() -> None:
    ended = next(it for it in EXAMPLES if isinstance(it, OfferingEnded) and it.contract_ended_on is not None)
    german, english = (texts.of(notification(ended, "order-offering-ended"), language).body for language in Language)
    assert "mit Ablauf des 31. Dezember 2026 beendet" in german
    assert "ended with 31 December 2026" in english
    assert "goes on" not in english


@pytest.mark.parametrize("state", [OrderState.ANGEBOT_ERSTELLT, OrderState.ABGESTIMMT])
def test_an_order_without_a_contract_is_told_to_all_with_the_last_day_and_who_acts(state: OrderState) -> None:
    message = next(it for it in EXAMPLES if isinstance(it, ordering.OrderReopened) and it.order.state is state)
    told = routing.recipients(message.TYPE, facts_of(message).parties)
    assert sorted(told.values()) == ["order-reopened", "order-reopened-anbieter", "order-reopened-provider"]
    for template in told.values():
        german, english = (texts.of(notification(message, template), language).body for language in Language)
        assert "31. März 2026" in german
        assert "31 March 2026" in english
        assert "Was abgestimmt ist, bleibt." in german
        assert (message.reason in german) is (template != "order-reopened-provider")
    kunde = texts.of(notification(message, "order-reopened"), Language.DE).body
    assert ("bestellen Sie erneut, oder wechseln Sie den Anbieter" in kunde) is (state is OrderState.ANGEBOT_ERSTELLT)
    assert ("ein neues Angebot zu machen" in kunde) is (state is OrderState.ABGESTIMMT)


def test_a_contract_that_ends_soon_is_told_to_both_sides_by_notice_or_as_agreed() -> None:
    noticed, agreed = (it for it in EXAMPLES if isinstance(it, ContractEndReminder))
    assert set(routing.recipients(noticed.TYPE, facts_of(noticed).parties).values()) == {"contract-ends-soon"}
    assert len(routing.recipients(noticed.TYPE, facts_of(noticed).parties)) > 1
    for message, german, english in ((noticed, "durch Kündigung", "by notice"), (agreed, "wie vereinbart", "as agreed")):
        found = [texts.of(notification(message, "contract-ends-soon"), language) for language in (Language.DE, Language.EN)]
        assert german in found[0].body
        assert english in found[1].body
        assert notification(message, "contract-ends-soon").subject == Subject(kind=SubjectKind.CONTRACT, id=message.contract.id)
