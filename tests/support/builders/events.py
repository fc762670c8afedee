"""One realistic example of each message that somebody may be told of."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.contracts.domain.refusal import Refusal
from shared.ids import derived_id
from shared.messages import (
    catalog,
    catalog_reminders,
    catalog_versions,
    contracts,
    contracts_accessions,
    contracts_chain,
    contracts_changes,
    contracts_reminders,
    contracts_statements,
    contracts_sub,
    eligibility,
    eligibility_reminders,
    ordering,
    ordering_klienten,
    ordering_offerings,
)
from shared.messages.base import Message
from shared.messages.ordering import OrderParty
from shared.messages.values import (
    AccreditationState,
    Anbindungsart,
    Channel,
    Condition,
    OfferingState,
    OrderState,
    OrganisationType,
    Party,
    Role,
    Verdict,
)

AT = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
ORDER_ID = derived_id("test", "order")
OFFERING_ID = derived_id("test", "offering")
CONTRACT_ID = derived_id("test", "contract")
CUSTOMER = Party(id="010600063063", name="Gemeinde Musterhausen")
PROVIDER = Party(id="komm-one", name="Komm.ONE")
ANBIETER = Party(id="govdigital", name="govdigital eG")
TITLE = "Wohngeld Online"
NUMBER = "GD-2026-000042"
REASON = "Für das Jahr 2026 fehlt der Nachweis.\nBitte ergänzen."
REMEDY = "Laden Sie die Satzung hoch."
NOT_PROVIDED = Refusal.of("provision_declined", anbieter="govdigital eG", reason="Der Betrieb ist nicht beschrieben")
CONTRACT_OVER = "Der Bereitstellungsvertrag mit govdigital endet durch Kündigung am 31.12.2026."


def head(state: OrderState = OrderState.IN_ABSTIMMUNG, **changes: Any) -> ordering.OrderHead:
    values: dict[str, Any] = {
        "id": ORDER_ID,
        "number": NUMBER,
        "state": state,
        "channel": Channel.GOVDIGITAL,
        "offering_id": OFFERING_ID,
        "offering_title": TITLE,
        "offering_version": 3,
        "customer": CUSTOMER,
        "provider": PROVIDER,
    }
    return ordering.OrderHead(**values | changes)


def assessment(verdict: Verdict) -> eligibility.Assessment:
    finding = eligibility.Finding(leg="L2", rule="R3", code="no_proof", verdict=verdict, reason=REASON, remedy=REMEDY)
    return eligibility.Assessment(
        verdict=verdict,
        rule_set="2026-01",
        as_of=date(2026, 3, 2),
        channel=Channel.GOVDIGITAL,
        customer=CUSTOMER.id,
        provider=PROVIDER.id,
        findings=(finding,),
    )


def offering(
    state: OfferingState = OfferingState.VEROEFFENTLICHT, title: str = TITLE, orderable: tuple[Channel, ...] | None = None
) -> catalog.Offering:
    return catalog.Offering(
        id=OFFERING_ID,
        version=3,
        state=state,
        title=title,
        summary="Antrag auf Wohngeld.",
        technical_concept="Container hinter einem Gateway.",
        nachnutzung="Ein DVDV-Eintrag ist nötig.",
        provider=PROVIDER,
        anbindungsarten=(Anbindungsart.FIT_CONNECT,),
        channels=(catalog.ChannelListing(channel=Channel.GOVDIGITAL, bereitstellungsvertrag="BV-1", signed_at=AT),),
        reifegrad=3,
        published_at=AT,
        changed_at=AT,
        orderable_channels=orderable,
    )


SUBMISSION = catalog.Submission(
    offering_id=OFFERING_ID, title=TITLE, provider=PROVIDER, channels=(Channel.GOVDIGITAL, Channel.FITKO)
)


def organisation() -> eligibility.Organisation:
    return eligibility.Organisation(
        id=CUSTOMER.id,
        name=CUSTOMER.name,
        type=OrganisationType.KOMMUNE,
        roles=(Role.KUNDE,),
        accreditations=(),
        registered_at=AT,
        changed_at=AT,
    )


def accreditation(state: AccreditationState, valid_to: date | None = None) -> eligibility.Accreditation:
    return eligibility.Accreditation(channel=Channel.GOVDIGITAL, role=Role.KUNDE, state=state, valid_to=valid_to)


CONTRACT = contracts.ContractHead(
    id=CONTRACT_ID,
    number="GD/2026/0007",
    leg=contracts.Leg.NACHNUTZUNG,
    channel=Channel.GOVDIGITAL,
    order_id=ORDER_ID,
    offering_id=OFFERING_ID,
    offering_title=TITLE,
    anbieter=ANBIETER,
    customer=CUSTOMER,
    provider=PROVIDER,
    agb=contracts.AgbVersion(name="SaaS-Nachnutzungs-AGB", version="2.0"),
)
STATED = contracts_statements.StatementHead(
    id=derived_id("test", "owed"),
    statement_id=derived_id("test", "statement"),
    channel=Channel.GOVDIGITAL,
    offering_id=CONTRACT.offering_id,
    offering_title=CONTRACT.offering_title,
    payer=CUSTOMER.id,
    contract_id=CONTRACT.id,
    contract_number=CONTRACT.number,
    year=2026,
    number=1,
    contract_cents=1_250_000,
)
OFFERED = contracts_chain.ChainHead(
    id=CONTRACT_ID,
    leg=contracts.Leg.NACHNUTZUNG,
    channel=Channel.GOVDIGITAL,
    offering_id=OFFERING_ID,
    offering_title=TITLE,
    grantor=ANBIETER,
    grantee=CUSTOMER,
    parent=derived_id("test", "bereitstellung"),
    state=contracts_chain.ChainState.ANGEBOTEN,
    valid_from=date(2026, 11, 24),
)
ENDING = OFFERED.model_copy(
    update={"number": "GD/2026/0007", "state": contracts_chain.ChainState.GEKUENDIGT, "ends_on": date(2027, 12, 31)}
)
RUNNING = OFFERED.model_copy(update={"number": "GD/2026/0007", "state": contracts_chain.ChainState.GESCHLOSSEN})
CHANGE: dict[str, Any] = {"contract": RUNNING, "at": AT, "change_id": derived_id("test", "change"), "version": 2}
PARTS = (contracts_changes.AgreedPart.VALID_TO, contracts_changes.AgreedPart.TERRITORY)
NEWER_AGB: dict[str, Any] = {
    "parts": (contracts_changes.AgreedPart.AGB,),
    "agb": contracts.AgbVersion(name="AGB Nachnutzung", version="2027-01"),
}
NEW_PRICE: dict[str, Any] = {
    "contract": RUNNING,
    "at": AT,
    "change_id": derived_id("test", "price"),
    "issued_on": date(2027, 2, 1),
}
FOLLOWING = OFFERED.model_copy(update={"id": derived_id("test", "following"), "valid_from": date(2028, 1, 1)})
PASSED_ON = OFFERED.model_copy(
    update={"leg": contracts.Leg.SUB_NACHNUTZUNG, "parent": CONTRACT_ID, "grantor": Party(id="DE-SH", name="Schleswig-Holstein")}
)
ACCEDED = contracts_accessions.AccessionHead(
    id=derived_id("test", "accession"),
    contract_id=CONTRACT_ID,
    channel=Channel.GOVDIGITAL,
    offering_id=OFFERING_ID,
    offering_title=TITLE,
    organisation=CUSTOMER,
    licensee=Party(id="DE-SH", name="Schleswig-Holstein"),
    provider=PROVIDER,
    valid_from=date(2026, 12, 1),
)
PROVISION = OFFERED.model_copy(
    update={
        "id": derived_id("test", "bereitstellung"),
        "leg": contracts.Leg.BEREITSTELLUNG,
        "grantor": PROVIDER,
        "grantee": ANBIETER,
        "parent": None,
    }
)
CONDITION = Condition(id=derived_id("test", "condition"), text="Nur mit Gateway.", agreed_at=AT)
KLIENT: dict[str, Any] = {
    "order": head(OrderState.ANGEBOT_ERSTELLT),
    "at": AT,
    "klient": Party(id="010540056056", name="Husum, Stadt"),
}
POINT: dict[str, Any] = {"order": head(), "at": AT, "point_id": derived_id("test", "point"), "label": "IP-Adressen"}
QUESTION: dict[str, Any] = {"order": head(), "at": AT, "question_id": derived_id("test", "question")}
REMINDER: dict[str, Any] = {
    "order": head(),
    "at": AT,
    "party": OrderParty.BEREITSTELLER,
    "task": "confirm_conditions",
    "label": "Konditionen bestätigen",
    "label_en": "Confirm the conditions",
    "since": AT - timedelta(days=7),
}
STEP: dict[str, Any] = {"order": head(), "at": AT, "milestone": "certificates", "label": "Zertifikate ausgetauscht"}

EXAMPLES: tuple[Message, ...] = (
    catalog.OfferingPublished(offering=offering()),
    catalog.OfferingChanged(offering=offering()),
    catalog.OfferingChanged(offering=offering(orderable=())),
    catalog.OfferingChanged(
        offering=offering().model_copy(update={"history": (catalog.VersionEntry(version=3, at=AT, changed_fields=("title",)),)})
    ),
    catalog.OfferingChanged(
        offering=offering().model_copy(
            update={
                "history": (
                    catalog.VersionEntry(
                        version=3, at=AT, changed_fields=("price_items",), accepted_by=(Channel.GOVDIGITAL, Channel.FITKO)
                    ),
                )
            }
        )
    ),
    catalog.OfferingSuspended(offering=offering(), reason=REASON, by=PROVIDER, channel=Channel.GOVDIGITAL),
    catalog.OfferingResumed(offering=offering(), by=PROVIDER, channel=Channel.GOVDIGITAL),
    catalog.OfferingSuspended(offering=offering(OfferingState.AUSGESETZT), reason=REASON),
    catalog.OfferingResumed(offering=offering()),
    catalog.OfferingWithdrawn(offering=offering(OfferingState.ZURUECKGEZOGEN), reason=REASON),
    catalog.OfferingWithdrawn(
        offering=offering(), reason=REASON, by=PROVIDER, channel=Channel.GOVDIGITAL, contract_ended_on=date(2027, 12, 31)
    ),
    catalog.OfferingWithdrawn(offering=offering(), reason=REASON, by=ANBIETER, channel=Channel.GOVDIGITAL),
    catalog.OfferingSubmitted(submission=SUBMISSION, submitted_at=AT),
    catalog.OfferingReturned(submission=SUBMISSION, remarks=REASON, returned_at=AT),
    catalog.OfferingReturned(
        submission=SUBMISSION, remarks=NOT_PROVIDED.reason, returned_at=AT, code=NOT_PROVIDED.code, facts=NOT_PROVIDED.facts
    ),
    catalog.OfferingAccepted(submission=SUBMISSION, accepted_at=AT),
    catalog_versions.VersionSubmitted(submission=SUBMISSION, changed_fields=("price_items",), submitted_at=AT),
    catalog_versions.VersionAccepted(
        submission=SUBMISSION, channel=Channel.GOVDIGITAL, accepted_at=AT, waiting_for=(Channel.FITKO,), by=ANBIETER
    ),
    catalog_versions.VersionReturned(
        submission=SUBMISSION, channel=Channel.GOVDIGITAL, remarks=REASON, returned_at=AT, by=ANBIETER
    ),
    catalog_versions.VersionDiscarded(submission=SUBMISSION, discarded_at=AT),
    catalog_reminders.SubmissionReminded(submission=SUBMISSION, new_version=False, since=AT, at=AT + timedelta(days=14)),
    catalog_reminders.SubmissionEscalated(submission=SUBMISSION, new_version=True, since=AT, at=AT + timedelta(days=21)),
    eligibility.OrganisationRegistered(organisation=organisation()),
    eligibility.AccreditationRequested(organisation=organisation(), accreditation=accreditation(AccreditationState.BEANTRAGT)),
    eligibility.AccreditationQueried(
        organisation=organisation(), accreditation=accreditation(AccreditationState.RUECKFRAGE), question="Welcher Verband?"
    ),
    eligibility.AccreditationAnswered(
        organisation=organisation(),
        accreditation=accreditation(AccreditationState.IN_PRUEFUNG),
        question="Welcher Verband?",
        answer="Der ITVSH.",
    ),
    eligibility.AccreditationDecided(
        organisation=organisation(), accreditation=accreditation(AccreditationState.ERTEILT, date(2027, 12, 31))
    ),
    eligibility.AccreditationDecided(
        organisation=organisation(), accreditation=accreditation(AccreditationState.ABGELEHNT), reason=REASON
    ),
    eligibility_reminders.AccreditationReminded(
        organisation=organisation(),
        accreditation=accreditation(AccreditationState.ERTEILT, date(2027, 12, 31)),
        since=AT,
        at=AT + timedelta(days=600),
    ),
    eligibility_reminders.AccreditationReminded(
        organisation=organisation(),
        accreditation=accreditation(AccreditationState.BEANTRAGT),
        since=AT,
        at=AT + timedelta(days=14),
    ),
    eligibility_reminders.AccreditationEscalated(
        organisation=organisation(),
        accreditation=accreditation(AccreditationState.RUECKFRAGE),
        since=AT,
        at=AT + timedelta(days=28),
    ),
    ordering.InterestDeclared(order=head(OrderState.INTERESSE_BEKUNDET), at=AT, check=1),
    ordering.CheckRecorded(order=head(), at=AT, assessment=assessment(Verdict.NO_EVIDENCE)),
    ordering.CheckRecorded(order=head(), at=AT, assessment=assessment(Verdict.RISK)),
    ordering.CheckRecorded(
        order=head(OrderState.BESTELLT), at=AT, assessment=assessment(Verdict.NOT_EXEMPT), hold_until=AT + timedelta(days=30)
    ),
    *(
        ordering.OrderVerdictChanged(
            order=head(OrderState.PRODUKTIV),
            at=AT,
            stage=eligibility.Stage.BESTELLUNG,
            before=before,
            because=eligibility.ChangeReason.CALENDAR,
            assessment=assessment(after),
        )
        for before, after in ((Verdict.EXEMPT, Verdict.NOT_EXEMPT), (Verdict.RISK, Verdict.EXEMPT))
    ),
    ordering.InterestForwarded(order=head(OrderState.WEITERGELEITET), at=AT, assessment=assessment(Verdict.EXEMPT)),
    ordering.OrderRefused(order=head(OrderState.ABGELEHNT), at=AT, code="R12", reason=REASON, remedy=REMEDY),
    ordering.OrderRefused(order=head(OrderState.ABGELEHNT), at=AT, code="R12", reason=REASON),
    ordering.OrderRefused(
        order=head(OrderState.ABGELEHNT), at=AT, code="R12", reason=REASON, remedy=REMEDY, stage=eligibility.Stage.BESTELLUNG
    ),
    ordering.OrderDeclined(order=head(OrderState.ABGELEHNT), at=AT, reason=REASON),
    ordering.OrderDeclined(order=head(OrderState.ABGELEHNT), at=AT, reason=REASON, agreed=True),
    ordering.ClarificationStarted(order=head(), at=AT, points=("IP-Adressen", "Zertifikate")),
    ordering.ClarificationStarted(order=head(), at=AT, points=()),
    ordering.PointAdded(**POINT, owner=OrderParty.KUNDE),
    ordering.PointSettled(**POINT, owner=OrderParty.KUNDE, open_points=2),
    ordering.PointSettled(**POINT, owner=OrderParty.BEREITSTELLER, open_points=0),
    ordering.QuestionAsked(**QUESTION, asked_by=OrderParty.KUNDE),
    ordering.QuestionAnswered(**QUESTION, answered_by=OrderParty.BEREITSTELLER),
    ordering.ConditionsConfirmed(order=head(OrderState.ABGESTIMMT), at=AT, conditions=(CONDITION,)),
    ordering.ConditionsConfirmed(order=head(OrderState.ABGESTIMMT), at=AT, conditions=()),
    ordering.OfferMade(order=head(OrderState.ANGEBOT_ERSTELLT), at=AT, valid_until=date(2026, 4, 30), price_items=()),
    ordering.OfferAmended(
        order=head(OrderState.ANGEBOT_ERSTELLT), at=AT, number=2, valid_until=date(2026, 5, 31), price_items=(), reason=REASON
    ),
    ordering.OfferAmended(
        order=head(OrderState.ANGEBOT_ERSTELLT), at=AT, number=2, valid_until=date(2026, 5, 31), price_items=()
    ),
    ordering.OfferWithdrawn(order=head(OrderState.ABGESTIMMT), at=AT, number=1, reason=REASON),
    ordering.ClarificationReopened(order=head(), at=AT, by=OrderParty.KUNDE, reason=REASON),
    ordering_klienten.KlientNamed(**KLIENT, payment=True, return_duty=False),
    ordering_klienten.KlientRemoved(**KLIENT, reason=REASON),
    ordering_klienten.KlientRemoved(**KLIENT),
    ordering_klienten.KlientRemoved(
        **KLIENT, reason="Es wurde bestellt, bevor der Klient geantwortet hat.", code="ordered_without_answer"
    ),
    ordering_klienten.KlientRemoved(**KLIENT, reason="Der Vorgang ist ohne Vertrag beendet.", code="order_ended"),
    ordering_klienten.KlientConfirmed(**KLIENT),
    ordering_klienten.KlientDeclined(**KLIENT, reason=REASON),
    *(
        ordering_klienten.KlientChecked(**KLIENT, check=1, verdict=verdict, code="NO_RELATION", reason=REASON, remedy=remedy)
        for verdict, remedy in ((Verdict.NO_EVIDENCE, REMEDY), (Verdict.NO_EVIDENCE, None), (Verdict.RISK, None))
    ),
    *(
        ordering_klienten.OrderKlientVerdictChanged(
            **KLIENT,
            check=1,
            before=before,
            because=eligibility.ChangeReason.FACTS,
            verdict=verdict,
            code="NO_RELATION",
            reason=REASON,
            remedy=remedy,
            anbieter_decides=decides,
        )
        for before, verdict, remedy, decides in (
            (Verdict.EXEMPT, Verdict.NO_EVIDENCE, REMEDY, False),
            (Verdict.EXEMPT, Verdict.RISK, None, True),
            (Verdict.NO_EVIDENCE, Verdict.EXEMPT, None, False),
        )
    ),
    ordering_klienten.KlientReminded(**KLIENT, since=AT, escalated=False),
    ordering_klienten.KlientReminded(**KLIENT, since=AT, escalated=True),
    ordering_klienten.KlientOrdered(**KLIENT),
    ordering.OrderPlaced(order=head(OrderState.BESTELLT), at=AT, check=2),
    *(
        ordering.OrderReopened(order=head(state), at=AT, hold_until=datetime(2026, 3, 31, 22, tzinfo=UTC), **refusal.model_dump())
        for state, refusal in (
            (
                OrderState.ANGEBOT_ERSTELLT,
                Refusal.of("agb_changed", day=date(2026, 3, 1), anbieter="govdigital eG", version="2026", accepted="2022"),
            ),
            (OrderState.ABGESTIMMT, Refusal.of("declined_by_anbieter", anbieter="govdigital eG", reason="Kein Personal")),
        )
    ),
    ordering.OnboardingStarted(order=head(OrderState.IN_ANBINDUNG), at=AT, milestones=("DVDV-Eintrag", "Testlauf")),
    ordering.MilestonePlanned(**STEP, label_en="Test run", by=OrderParty.KUNDE, day=date(2026, 5, 29)),
    ordering.MilestonePlanned(
        **STEP, label_en=None, by=OrderParty.BEREITSTELLER, day=date(2026, 6, 30), before=date(2026, 5, 29), reason=REASON
    ),
    ordering.MilestoneReached(**STEP, open_milestones=1),
    ordering.MilestoneReached(**STEP, open_milestones=0),
    ordering.ChannelChanged(order=head(OrderState.INTERESSE_BEKUNDET), at=AT, before=Channel.FITKO, reason=REASON),
    ordering.ChannelChanged(order=head(OrderState.INTERESSE_BEKUNDET), at=AT, before=Channel.FITKO),
    ordering.ClarificationResumed(order=head(), at=AT, assessment=assessment(Verdict.EXEMPT)),
    ordering.OrderReminded(**REMINDER),
    ordering.OrderReminded(**REMINDER | {"lapses_at": AT + timedelta(days=9)}),
    ordering.OrderReminded(**REMINDER | {"planned_on": date(2026, 5, 29)}),
    ordering.OrderEscalated(**REMINDER, to_anbieter=False),
    ordering.OrderEscalated(**REMINDER | {"lapses_at": AT + timedelta(days=9)}, to_anbieter=True),
    ordering.WentLive(order=head(OrderState.PRODUKTIV), at=AT),
    ordering.OrderWithdrawn(order=head(OrderState.ZURUECKGEZOGEN), at=AT, reason=REASON),
    ordering.OrderWithdrawn(order=head(OrderState.ZURUECKGEZOGEN), at=AT),
    ordering.OrderExpired(order=head(OrderState.VERFALLEN), at=AT),
    ordering_offerings.OfferingEnded(order=head(), at=AT, reason=REASON),
    ordering_offerings.OfferingEnded(
        order=head(OrderState.PRODUKTIV), at=AT, reason=CONTRACT_OVER, contract_ended_on=date(2026, 12, 31)
    ),
    ordering.OrderTerminated(order=head(OrderState.GEKUENDIGT), at=AT, ends_on=date(2026, 12, 31), by=OrderParty.KUNDE),
    *(
        ordering.OrderContinued(
            order=head(OrderState.PRODUKTIV),
            at=AT,
            contract_id=FOLLOWING.id,
            contract_number="GD/2027/0012",
            former_contract_id=CONTRACT_ID,
            valid_from=date(2028, 1, 1),
            before=before,
        )
        for before in (None, date(2027, 12, 31))
    ),
    ordering.OrderEnded(order=head(OrderState.BEENDET), at=AT),
    contracts.ContractConcluded(contract=CONTRACT, concluded_at=AT),
    contracts_chain.ContractOffered(contract=OFFERED, at=AT),
    contracts_chain.ContractSigned(contract=OFFERED, at=AT),
    contracts_chain.ContractTerminated(contract=ENDING, at=AT, because=derived_id("test", "bereitstellung")),
    contracts_chain.NoticeRefused(
        contract=ENDING,
        at=AT,
        notice_id=derived_id("test", "notice"),
        by=OrderParty.KUNDE,
        **Refusal.of("contract_ends_before", contract="GD/2026/0007", ends_on=date(2026, 12, 31)).model_dump(),
    ),
    contracts_reminders.ContractEndReminded(contract=ENDING, at=AT),
    contracts_reminders.ContractEndEscalated(
        contract=ENDING.model_copy(update={"state": contracts_chain.ChainState.GESCHLOSSEN}), at=AT
    ),
    contracts_chain.ContractEnded(contract=ENDING, at=AT),
    contracts_sub.SubContractOffered(contract=PASSED_ON, at=AT, offered_by=PASSED_ON.grantor),
    contracts_sub.SubContractConcluded(contract=PASSED_ON.model_copy(update={"number": "GD/2026/0008"}), at=AT),
    contracts_sub.SubContractRefused(contract=PASSED_ON, at=AT, code="sub_contract_given_up", reason=REASON),
    contracts_accessions.AccessionDeclared(accession=ACCEDED, at=AT),
    contracts_accessions.AccessionEnded(accession=ACCEDED.model_copy(update={"ends_on": date(2027, 12, 31)}), at=AT),
    contracts_reminders.AccessionEndReminded(accession=ACCEDED.model_copy(update={"ends_on": date(2027, 12, 31)}), at=AT),
    contracts_reminders.AccessionEndEscalated(accession=ACCEDED.model_copy(update={"ends_on": date(2027, 12, 31)}), at=AT),
    contracts_changes.AmendmentOffered(**CHANGE, parts=PARTS, offered_by=CUSTOMER, reason="Das Gebiet ist größer geworden."),
    contracts_changes.AmendmentOffered(**CHANGE, parts=PARTS, offered_by=ANBIETER),
    contracts_changes.AgbOffered(
        **CHANGE, **NEWER_AGB, offered_by=ANBIETER, reason="Neue Fassung für alle.", earliest_end=date(2027, 12, 31)
    ),
    contracts_changes.AgbOffered(**CHANGE, **NEWER_AGB, offered_by=ANBIETER),
    contracts_changes.ChangeSigned(**CHANGE, parts=PARTS),
    contracts_changes.ContractAmended(**CHANGE, **NEWER_AGB),
    contracts_changes.ContractAmended(**CHANGE, parts=PARTS),
    contracts_changes.ChangeRefused(**CHANGE, parts=PARTS, refused_by=CUSTOMER, offered=True, reason="Kein Beschluss."),
    contracts_changes.ChangeRefused(**CHANGE, parts=PARTS, refused_by=ANBIETER, offered=True),
    *(
        contracts_changes.ChangeFailed(
            **CHANGE,
            parts=PARTS,
            offered=offered,
            **Refusal.of(
                "change_not_exempt", awarder="Husum", contractor="govdigital", verdict="NOT_EXEMPT", as_of=date(2026, 11, 24)
            ).model_dump(),
        )
        for offered in (True, False)
    ),
    contracts_changes.SuccessionOffered(contract=FOLLOWING, at=AT, continues=CONTRACT_ID, offered_by=CUSTOMER),
    contracts_changes.ContractSucceeded(
        contract=FOLLOWING.model_copy(update={"number": "GD/2027/0012"}),
        at=AT,
        continues=CONTRACT_ID,
        former_ends_on=date(2027, 12, 31),
    ),
    contracts_changes.SuccessionRefused(
        contract=FOLLOWING,
        at=AT,
        continues=CONTRACT_ID,
        offered=True,
        **Refusal.of("declined_by_anbieter", anbieter="govdigital", reason="Die Preise sind überholt.").model_dump(),
    ),
    contracts_changes.PriceAnnounced(**NEW_PRICE, effective_from=date(2028, 1, 1)),
    contracts_changes.PriceAnnounced(
        **NEW_PRICE,
        effective_from=date(2028, 1, 1),
        borne_by=ANBIETER,
        borne_from=date(2027, 7, 1),
        borne_to=date(2027, 12, 31),
        because=derived_id("test", "bereitstellung"),
    ),
    contracts_changes.PriceAnnounced(**NEW_PRICE, borne_by=ANBIETER, borne_from=date(2027, 7, 1)),
    contracts_statements.StatementOwed(statement=STATED, at=AT),
    contracts_chain.ContractOffered(contract=PROVISION, at=AT),
    contracts_chain.ContractSigned(contract=PROVISION, at=AT),
    contracts_chain.ChainRefused(
        contract=PROVISION.model_copy(update={"state": contracts_chain.ChainState.ABGELEHNT}),
        at=AT,
        code="provision_declined",
        reason=REASON,
        remedy=REMEDY,
    ),
)
