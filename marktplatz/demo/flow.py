"""The steps of the main flow, each over the public interfaces only. The demo narrates them; the end-to-end tests use them too."""

from __future__ import annotations

import contextlib
from datetime import date, timedelta
from typing import Any

from marktplatz.demo.people import Json, Person, StepFailedError, eventually

FIT_CONNECT = "FIT_CONNECT"
ANSWERS = {
    "ip_ranges": "203.0.113.17, 2001:db8:12::/48",
    "sha256_fingerprint": ":".join(["9F"] * 32),
    "uuid": "0b7d9f4e-2c1a-4e58-9d0b-8a7c6e5f4d32",
    "url": "https://efa.example.org/nachnutzung",
    "email": "efa-anbindung@example.org",
}


def form(reference: Json, **fields: object) -> Json:
    """Return the standard form, complete: every MUSS of the checklist is answered as fulfilled."""
    musts = [item["id"] for item in reference["items"] if item["level"] == "MUSS"]
    price = {
        "kind": "BETRIEB_ONLINEDIENST",
        "label": "Betrieb, Wartung und Support",
        "amount": {"cents": 480000, "currency": "EUR"},
        "period": "JAHR",
        "key": "EINWOHNER",
        "valid_from": f"{date.today().year}-01-01",  # noqa: DTZ011 - the day on this machine is what a person fills in
    }
    return {
        "technical_concept": "Webanwendung in Containern, Betrieb auf Kubernetes, Übergabe der Anträge an das Fachverfahren.",
        "nachnutzung": "Gebührensätze, Logo und Zuständigkeiten sind Parameter. Anbindung in etwa sechs Wochen.",
        "parameters": [{"name": "gebuehren", "label": "Gebührensätze"}, {"name": "logo", "label": "Logo der Behörde"}],
        "price_items": [price],
        "documents": [
            {
                "title": "Leistungsbeschreibung",
                "media_type": "application/pdf",
                "url": "https://efa.example.org/leistungsbeschreibung.pdf",
            }
        ],
        "reifegrad": 3,
        "requirements": [{"id": must, "fulfilment": "ERFUELLT"} for must in musts],
        **fields,
    }


RIGHTS_ON_THEIR_WAY = ("provider_not_registered", "provider_not_accredited", "rights_unavailable")
"""Why catalog refuses what it will accept once it has read the accreditation of a Bereitsteller."""


async def admit(bereitsteller: Person, anbieter: Person) -> None:
    """Have a Bereitsteller registered and accredited at an Anbieter; what has been done is not done again."""
    organisation = f"/v1/organisations/{bereitsteller.organisation}"
    held: list[Json] = []
    with contextlib.suppress(StepFailedError):  # not registered yet
        held = (await bereitsteller.get("eligibility", organisation))["accreditations"]
    here = {"channel": anbieter.organisation, "role": "BEREITSTELLER", "state": "ERTEILT"}
    if not any(here.items() <= accreditation.items() for accreditation in held):
        await register(bereitsteller, anbieter, "BEREITSTELLER", None)


async def publish(bereitsteller: Person, anbieter: Person, offer: Json, seconds: float = 30) -> Json:
    """Bring an offer from the form to the Schaufenster and return it; its Bereitsteller is admitted first.

    It is public once contracts has concluded the Bereitstellungsvertrag that its acceptance asks for.

    Whoever publishes several of a Bereitsteller at the same time calls ``admit`` before. Raises StepFailedError if that is
    not so within ``seconds``.
    """
    await admit(bereitsteller, anbieter)
    return await published(bereitsteller, await accepted(bereitsteller, anbieter, offer), seconds)


async def accepted(bereitsteller: Person, anbieter: Person, offer: Json) -> str:
    """Bring an offer from the form to where its Bereitstellungsvertrag is asked for, and return its path."""
    draft = await bereitsteller.post("catalog", "/v1/offerings", offer)
    path = f"/v1/offerings/{draft['id']}"
    await _once_accredited(bereitsteller, f"{path}/submit", {})
    await _once_accredited(anbieter, f"{path}/accept", {})
    return path


async def published(bereitsteller: Person, path: str, seconds: float = 30) -> Json:
    """Wait until an accepted offer is public and return it."""

    async def look() -> Json | None:
        found = await bereitsteller.get("catalog", path)
        return found if found["state"] == "VEROEFFENTLICHT" else None

    return await eventually(f"{path} is public", look, seconds)


async def _once_accredited(person: Person, path: str, body: Json) -> Json:
    """POST a step that needs an accreditation, as soon as catalog knows it."""

    async def try_it() -> Json | None:
        response = await person.send("POST", "catalog", path, body)
        answer: Json = response.json()
        if response.is_success:
            return answer
        if answer.get("code") in RIGHTS_ON_THEIR_WAY:
            return None
        message = f"POST {path} answered {response.status_code}: {response.text}"
        raise StepFailedError(message)

    return await eventually("catalog knows the accreditation of the Bereitsteller", try_it)


EXAMINATION: Json = {
    "findings": {"organ_seat": "SHARED_DELEGATE", "joint_influence": True, "contrary_interests": False, "all_fields": True},
    "reason": "Anhand der Satzung geprüft.",
}
"""What the Anbieter of the story finds of a Kunde's own relation."""


async def register(
    person: Person, anbieter: Person, role: str, relation: Json | None, *, examine: bool = True, **fields: object
) -> Json:
    """Register an organisation, state its in-house relation, have it accredited and examined; return the organisation.

    Without ``examine`` the relation is accepted and nobody has looked at the influence: 0.1.0 knows no facts.
    """
    organisation = f"/v1/organisations/{person.organisation}"
    channel = anbieter.organisation
    steps = {
        "organisation": person.organisation,
        "person": {"capacity": "BEVOLLMAECHTIGT", "confirmed": True},
        "roles": [role],
        **fields,
    }
    await person.post("eligibility", "/v1/organisations", steps)
    if relation is not None:
        await person.post("eligibility", f"{organisation}/relations", relation)
    await person.post("eligibility", f"{organisation}/accreditations", {"channel": channel, "role": role})
    accreditation = f"{organisation}/accreditations/{channel}/{role}"
    await anbieter.post("eligibility", f"{accreditation}/review")
    granted = await anbieter.post("eligibility", f"{accreditation}/grant", {"reason": "Nachweise liegen vor."})
    if relation is not None and examine:
        fact = f"organisation:{person.organisation}:{relation['type']}:{relation['path'][1]}"
        await anbieter.post("eligibility", f"/v1/facts/{fact}/examination", EXAMINATION)
    return granted


async def declare(kunde: Person, offering_id: str, channel: str, key: str | None = None) -> Json:
    """Declare interest, as soon as ordering knows the offer, and return the Vorgang."""
    body: Json = {"offering_id": offering_id, "channel": channel, "message": "Wir möchten den Dienst nachnutzen."}

    async def try_it() -> Json | None:
        response = await kunde.send("POST", "ordering", "/v1/orders", body, key)
        answer: Json = response.json()
        if response.is_success:
            return answer
        if answer.get("code") == "offering_not_found":
            return None
        message = f"declaring interest: {response.status_code} {response.text}"
        raise StepFailedError(message)

    return await eventually("ordering knows the offer", try_it)


async def reaches(person: Person, order_id: str, *states: str, seconds: float = 30.0) -> Json:
    """Wait until a Vorgang is in one of these states and return it."""

    async def look() -> Json | None:
        order = await person.get("ordering", f"/v1/orders/{order_id}")
        return order if order["state"] in states else None

    return await eventually(f"Vorgang {order_id} in {' or '.join(states)}", look, seconds)


async def clarify(kunde: Person, bereitsteller: Person, order_id: str, conditions: list[str]) -> Json:
    """Go through the Abstimmung: every point settled by its owner, a question answered, conditions confirmed."""
    path = f"/v1/orders/{order_id}"
    order = await bereitsteller.post("ordering", f"{path}/clarification", {"anbindungsart": FIT_CONNECT})
    for point in order["points"]:
        owner = kunde if point["owner"] == "KUNDE" else bereitsteller
        value = ANSWERS.get(point["format"], point["example"] or "liegt vor")
        await owner.post("ordering", f"{path}/points/{point['id']}/settle", {"value": value})
    asked = await bereitsteller.post("ordering", f"{path}/questions", {"text": "Welche Version hat das Fachverfahren?"})
    await kunde.post("ordering", f"{path}/questions/{asked['questions'][-1]['id']}/answer", {"text": "Version 24.2."})
    return await bereitsteller.post("ordering", f"{path}/conditions", {"conditions": conditions})


async def offer(anbieter: Person, order_id: str, days: int = 60) -> Json:
    """Make the Kunde an offer for the Nachnutzungsvertrag."""
    until = date.today() + timedelta(days=days)  # noqa: DTZ011 - as above
    return await anbieter.post("ordering", f"/v1/orders/{order_id}/offer", {"valid_until": until.isoformat()})


async def place(kunde: Person, order_id: str, key: str | None = None, **fields: object) -> Json:
    """Order (Bestellung)."""
    return await kunde.post("ordering", f"/v1/orders/{order_id}/place", {"accepts_agb": True, **fields}, key)


async def ready_to_order(kunde: Person, bereitsteller: Person, anbieter: Person, offering_id: str) -> str:
    """Bring a new Vorgang up to the offer of the Anbieter and return its id."""
    order = await declare(kunde, offering_id, anbieter.organisation)
    await reaches(kunde, order["id"], "WEITERGELEITET")
    await clarify(kunde, bereitsteller, order["id"], [])
    await offer(anbieter, order["id"])
    order_id: str = order["id"]
    return order_id


async def deliver(kunde: Person, bereitsteller: Person, order_id: str) -> Json:
    """Go through the Anbindung: every milestone reported by its owner, then PRODUKTIV."""
    path = f"/v1/orders/{order_id}"
    order = await bereitsteller.post("ordering", f"{path}/onboarding")
    for milestone in order["milestones"]:
        owner = kunde if milestone["owner"] == "KUNDE" else bereitsteller
        await owner.post("ordering", f"{path}/milestones/{milestone['code']}/reach")
    return await bereitsteller.post("ordering", f"{path}/go-live")


async def contracts_of(person: Person, order_id: str) -> list[Any]:
    """Return the contracts of a Vorgang that the person may see."""
    found = await person.get("contracts", "/v1/contracts", {"order_id": order_id})
    items: list[Any] = found["items"]
    return items
