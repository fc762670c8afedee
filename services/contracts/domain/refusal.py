"""Why a processor forms no contract: stable codes, a German sentence, and what would help.

The rules look at nothing but the request and the terms of the channel. Who may order through which channel is decided by
eligibility and is not repeated here; here counts what its verdict says.
"""

from __future__ import annotations

from collections.abc import Iterator

from services.contracts.domain import prices
from services.contracts.domain.request import Request
from services.contracts.domain.rules import Terms
from shared.messages.base import Value
from shared.messages.values import Code, CostKind, Period, Text, Verdict


class Refusal(Value):
    """A refusal as the Kunde reads it."""

    code: Code
    reason: Text
    remedy: Text


def refusal_of(request: Request, terms: Terms) -> Refusal | None:
    """Return the first reason that stands against the contract, or None."""
    return next(_reasons(request, terms), None)


def _reasons(request: Request, terms: Terms) -> Iterator[Refusal]:
    order = request.body.order
    name = terms.rules.anbieter.name
    if order.channel is not terms.channel:
        yield Refusal(
            code="wrong_channel",
            reason=f"Der Vorgang {order.number} läuft über {order.channel.value}, angefragt wurde der Vertrag bei {name}.",
            remedy=f"Den Vertrag bei dem Anbieter anfordern, über den der Vorgang läuft ({order.channel.value}).",
        )
    yield from _in_house(request)
    if terms.agb_on(request.day) is None:
        yield Refusal(
            code="no_agb_in_force",
            reason=f"Am {request.day:%d.%m.%Y} ist bei {name} keine Fassung der SaaS-Nachnutzungs-AGB in Kraft.",
            remedy=f"{name} muss die ab diesem Tag geltende Fassung der AGB hinterlegen; danach ist ein neuer Vorgang möglich.",
        )
    yield from _price_lines(request, terms)


def _in_house(request: Request) -> Iterator[Refusal]:
    order, assessment = request.body.order, request.body.assessment
    if (assessment.channel, assessment.customer, assessment.provider) != (order.channel, order.customer.id, order.provider.id):
        yield Refusal(
            code="assessment_of_other_parties",
            reason=f"Die beigefügte Inhouse-Prüfung betrifft nicht den Vorgang {order.number}, sondern andere Beteiligte.",
            remedy="Die Inhouse-Prüfung für diesen Vorgang erneut durchführen und damit bestellen.",
        )
    if assessment.verdict is Verdict.EXEMPT:
        return
    if assessment.verdict is not Verdict.RISK:
        yield Refusal(
            code="not_exempt",
            reason=(
                f"Die Inhouse-Prüfung vom {assessment.as_of:%d.%m.%Y} ergab {assessment.verdict.value}: "
                "Die Vergabefreiheit nach § 108 GWB ist nicht dargelegt."
            ),
            remedy="Nachweise ergänzen und erneut prüfen lassen oder einen zulässigen anderen Kanal wählen.",
        )
    elif request.body.signed_off_by is None:
        yield Refusal(
            code="risk_not_signed_off",
            reason="Die Inhouse-Prüfung ergab RISK, und niemand hat das Risiko schriftlich übernommen.",
            remedy="Das Ergebnis durch eine benannte verantwortliche Person freigeben lassen und erneut bestellen.",
        )


def _price_lines(request: Request, terms: Terms) -> Iterator[Refusal]:
    lines = prices.valid_on(request.body.price_items, request.day)
    if not lines:
        yield Refusal(
            code="no_price_lines",
            reason=f"Am {request.day:%d.%m.%Y} gilt keine Preiszeile des Angebots, und keine nennt eine Finanzierung.",
            remedy=(
                "Der Bereitsteller muss verbindliche Kosten angeben (IT-Planungsrat 2022/21). Ist die Nachnutzung finanziert, "
                "gehört eine Zeile über 0 Euro mit der Finanzierungsquelle in das Preisblatt."
            ),
        )
    for line in lines:
        if line.kind not in terms.rules.price_kinds:
            yield Refusal(
                code="price_kind_not_allowed",
                reason=f"{terms.rules.anbieter.name} rechnet die Kostenart {line.kind.value} nicht ab: „{line.label}“.",
                remedy="Der Bereitsteller muss die Zeile einer zulässigen Kostenart zuordnen (IT-Planungsrat 2021/24).",
            )
        for unknown in (value for value in (line.period, line.key) if not value.known):
            yield Refusal(
                code="price_line_not_understood",
                reason=f"Der Vertragsprozessor kennt die Angabe {unknown.value} der Preiszeile „{line.label}“ nicht.",
                remedy="Der Betreiber spielt eine Fassung ein, die sie kennt; danach ist eine neue Bestellung möglich.",
            )
        if line.kind is CostKind.ANBINDUNG_EINMALIG and line.period is not Period.EINMALIG:
            yield Refusal(
                code="anbindung_not_one_off",
                reason=f"Anbindungskosten sind ein einmaliges Entgelt, „{line.label}“ ist es nicht ({line.period.value}).",
                remedy="Der Bereitsteller muss die Anbindungskosten als einmalige Gesamtsumme in einer eigenen Zeile angeben.",
            )
