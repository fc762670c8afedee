"""A municipality registers, states its in-house relation, and the marketplace judges it by § 108 GWB."""

from __future__ import annotations

from marktplatz.demo import flow
from marktplatz.demo.people import Json
from marktplatz.demo.screen import equals, holds
from marktplatz.demo.world import MARKETPLACE, World, decisive

LEITWEG_ID = "01054056-HUSUM1-64"
INVOICE_ADDRESS = {"care_of": ["Amt für Finanzen"], "street": "Zingel 10", "postcode": "25813", "city": "Husum"}
PATH = ["010540056056", "itvsh", "dataport", "govdigital"]


async def register(world: World) -> None:
    """Register Husum, have it accredited, and check it before and after."""
    screen, cast = world.screen, world.cast
    screen.act("Registrierung, Inhouse-Verhältnis und Urteil nach § 108 GWB")
    before = await check(world)
    screen.scene(
        "Husum",
        f"fragt vorab: {world.label('Verdict', before['verdict'])}.",
        equals("Urteil vor der Registrierung", before["verdict"], "NOT_EXEMPT"),
        waiting="wartet auf Husum: Registrierung",
        notes=[decisive(before)["reason"]],
    )
    await _leave_contacts(world)
    relation = {
        "path": PATH,
        "type": "TRAEGER",
        "valid_from": "2012-01-01",
        "evidence": [{"type": "SATZUNG", "title": "Organisationssatzung des ITVSH", "reference": "Az. 10.24/2012"}],
    }
    details = {"ars": PATH[0], "leitweg_id": LEITWEG_ID, "invoice_address": INVOICE_ADDRESS}
    organisation = await flow.register(cast.husum, cast.govdigital, "KUNDE", relation, kunde=details)
    (accreditation,) = organisation["accreditations"]
    screen.scene(
        "Husum",
        "registriert sich, erklärt Husum → ITVSH → Dataport → govdigital mit Satzung.",
        holds("die Erklärung liegt der Akkreditierung bei", accreditation["statements"], organisation),
        equals("Rechnungsanschrift", organisation["invoice_address"], {**INVOICE_ADDRESS, "country": "DE"}),
    )
    screen.scene(
        "govdigital",
        "prüft die Nachweise und akkreditiert Husum als Kunden.",
        equals("Akkreditierung", accreditation["state"], "ERTEILT"),
    )
    after = await check(world)
    relations = [finding for finding in after["findings"] if finding["rule"] in ("R3", "R6")]
    screen.scene(
        MARKETPLACE,
        f"urteilt neu: {world.label('Verdict', after['verdict'])} (§ 108 GWB, Regelwerk {after['rule_set']}).",
        equals("Urteil nach der Akkreditierung", after["verdict"], "EXEMPT"),
        holds("der Weg über die Träger ist begründet", {f["rule"] for f in relations} == {"R3", "R6"}, after["findings"]),
        notes=[f"{finding['rule']}: {finding['reason']}" for finding in relations],
    )


async def check(world: World) -> Json:
    """Ask whether Husum may order from Komm.ONE through govdigital and return the assessment."""
    answer = await world.cast.husum.post("eligibility", "/v1/checks", {"provider": "komm_one", "channel": "govdigital"})
    assessment: Json = answer["assessments"][0]
    return assessment


async def _leave_contacts(world: World) -> None:
    cast = world.cast
    for person, role in ((cast.husum, "Kunde"), (cast.komm_one, "Bereitsteller"), (cast.govdigital, "Anbieter")):
        await person.put(
            "notify",
            "/v1/contacts/me",
            {"name": f"{role} {person.organisation_name}", "email": f"{person.subject}@example.org", "language": "de"},
        )
