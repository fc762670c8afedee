"""Licences that are passed on, what sixteen Länder pay, a notice that ends what rests on it, and the archive of it all."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path

from marktplatz.demo import flow
from marktplatz.demo.people import Json, Person, eventually
from marktplatz.demo.programs import Ended, installed, run
from marktplatz.demo.screen import equals
from marktplatz.demo.world import MARKETPLACE, SHORT, World, euro

YEARLY_CENTS = 10_000_000
NOT_IN_THE_CAST = {
    "bayern": ("ozg.by", "DE-BY", "Bayern"),
    "baykommun": ("vertrieb.baykommun", "baykommun", "BayKommun"),
    "regensburg": ("digitales.regensburg", "093620000000", "Regensburg"),
}
VERIFIER = "marktplatz-verify"
KOENIGSTEIN = "KS2019"


async def chains(world: World) -> None:
    """Pass a licence on by accession and by contracts below it, split a price, give notice, and have the archive verified."""
    world.screen.act("Lizenz des Landes, Kette über einen Bündler, Kosten, Kündigung, Archiv")
    held = await _accession(world)
    await _bundled(world)
    await _split(world)
    await _notice(world, held)
    await _archive(world)


async def _accession(world: World) -> Json:
    """Görlitz uses what Sachsen has bought; return the contract of Sachsen."""
    goerlitz, offer = world.cast.goerlitz, world.offers["sozialplattform"]["id"]
    held: Json
    (held,) = (await world.cast.sachsen.get("contracts", "/v1/contracts", {"offering_id": offer}))["items"]
    before = await _licence(goerlitz, offer)
    (step,) = before["open"]
    world.screen.scene(
        "Görlitz",
        f"sieht am Angebot: lizenziert durch {before['licensed_by']['name']}; noch zu tun: {step['link'].title()}.",
        equals("Stand der Lizenz", before["status"], "LICENSED_ACT_MISSING"),
        equals("wer was tun muss", (step["actor"]["id"], step["action"]), (goerlitz.organisation, "ACCEDE")),
    )
    acceded = await goerlitz.post("contracts", f"/v1/contracts/{held['id']}/accessions")
    after = await _licence(goerlitz, offer)
    world.screen.scene(
        "Görlitz",
        "tritt bei und nutzt die Sozialplattform unentgeltlich.",
        equals("Vertrag, dem Görlitz beitritt", acceded["contract_id"], held["id"]),
        equals("Stand der Lizenz", (after["status"], after["open"]), ("COMPLETE", [])),
    )
    return held


async def _bundled(world: World) -> None:
    """Bayern buys through FITKO and passes on to BayKommun, BayKommun to Regensburg."""
    cast, offer = world.cast, world.offers["sozialplattform"]["id"]
    bayern, baykommun, regensburg = (
        replace(cast.sachsen, subject=subject, organisation=key, organisation_name=name)
        for subject, key, name in NOT_IN_THE_CAST.values()
    )
    await flow.register(bayern, cast.fitko, "KUNDE", None)
    order = await flow.ready_to_order(bayern, cast.nordrhein_westfalen, cast.fitko, offer)
    world.orders.append(order)
    world.kunden.append(bayern)
    await flow.place(bayern, order)
    await flow.reaches(bayern, order, "VERTRAG_GESCHLOSSEN")
    (land,) = await flow.contracts_of(bayern, order)
    sub = await _pass_on(bayern, baykommun, land["id"])
    own = await _pass_on(baykommun, regensburg, sub["id"])
    seen = await regensburg.get("contracts", f"/v1/contracts/{own['id']}/chain")
    legs, names = _down(seen["root"])
    world.screen.scene(
        "BayKommun",
        "bündelt: Regensburg → BayKommun → Bayern → FITKO → NRW, je ein Vertrag.",
        equals("Stufen der Kette", legs, ["BEREITSTELLUNG", "NACHNUTZUNG", "SUB_NACHNUTZUNG", "SUB_SUB_NACHNUTZUNG"]),
        equals("Nummer, die Regensburg darin sieht", names[-1], own["number"]),
        equals("Stand der Lizenz", (await _licence(regensburg, offer))["status"], "COMPLETE"),
    )


async def _pass_on(grantor: Person, grantee: Person, above: str) -> Json:
    """Offer a contract below another one, have it accepted, and return it once it is concluded."""
    party = {"id": grantee.organisation, "name": grantee.organisation_name}
    offered = await grantor.post("contracts", f"/v1/contracts/{above}/sub-contracts", {"grantee": party})
    await grantee.post("contracts", f"/v1/contracts/{offered['id']}/accept")

    async def concluded() -> Json | None:
        found = await grantee.get("contracts", f"/v1/contracts/{offered['id']}")
        return found if found["state"] == "GESCHLOSSEN" else None

    return await eventually(f"contract {offered['id']} is concluded", concluded)


def _down(node: Json) -> tuple[list[str], list[str | None]]:
    """Return legs and numbers of a chain from its root down to the lowest contract that rests on it."""
    legs, numbers = [node["leg"]], [node["number"]]
    below = [_down(it) for it in node["below"]]
    if below:
        longest = max(below, key=lambda it: len(it[0]))
        legs, numbers = legs + longest[0], numbers + longest[1]
    return legs, numbers


async def _split(world: World) -> None:
    """Split a yearly price over all Länder by the Königsteiner Schlüssel, with the command that computes statements."""
    states = _laender(world.run.settings.data / "states.csv")
    file = world.run.settings.var / "koenigstein.json"
    file.write_text(json.dumps({"id": "koenigstein", "input": _case(states)}), encoding="utf-8")
    priced = await _marktplatz(world, "contracts", "price", str(file))
    items = json.loads(priced.text)["statement"]["items"] if priced.code == 0 else []
    lines = [line for item in items for pool in item["pools"] for line in pool["lines"]]
    world.split = sorted(
        ((_name(states, line["payer"]), line["share"], line["cents"]) for line in lines), key=lambda it: (-it[2], it[0])
    )
    most, least = (world.split[0], world.split[-1]) if world.split else (("", "", 0), ("", "", 0))
    world.screen.scene(
        MARKETPLACE,
        f"teilt {euro(YEARLY_CENTS)} auf 16 Länder: {most[0]} {euro(most[2])} bis {least[0]} {euro(least[2])}.",
        equals("Rückgabe von marktplatz contracts price", (priced.code, "" if items else priced.text), (0, "")),
        equals("Länder, die zahlen", len(lines), 16),
        equals("Summe in Cent", sum(line["cents"] for line in lines), YEARLY_CENTS),
    )


def _name(states: dict[str, dict[str, str]], payer: str) -> str:
    return SHORT.get(payer) or states[payer]["name"]


def _laender(file: Path) -> dict[str, dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return {row["id"]: row for row in csv.DictReader(text) if row["level"] == "land"}


def _case(states: dict[str, dict[str, str]]) -> Json:
    """Return the input of a case as ``marktplatz contracts price`` reads it: one item, all Länder for the whole year."""
    key = {"type": "KOENIGSTEIN", "table": KOENIGSTEIN}
    item = {
        "id": "betrieb", "kind": "BETRIEB_ONLINEDIENST", "label": "Betrieb, Wartung und Support", "amount_cents": YEARLY_CENTS,
        "period": "JAHR", "valid_from": "2027-01-01", "valid_to": None, "due_on": None, "key": key, "decision": "UNANIMOUS",
        "fallback_key": None, "funding": "PARTICIPANTS", "efa_share_bp": None, "cost_object": None,
    }  # fmt: skip
    participants = [
        {
            "id": key, "type": "LAND", "ars": row["ars"], "population": int(row["population"]), "target_group": None,
            "participations": [{"from": "2027-01-01", "to": None}], "uses": [],
        }
        for key, row in states.items()
    ]  # fmt: skip
    return {
        "currency": "EUR",
        "period": {"from": "2027-01-01", "to": "2027-12-31"},
        "tables": {KOENIGSTEIN: {row["ars"]: round(float(row["koenigstein_2019_pct"]) * 100_000) for row in states.values()}},
        "funding_rules": [],
        "cost_information": [
            {"version": 1, "issued_on": "2026-09-30", "effective_from": "2027-01-01", "items": [item]},
        ],
        "participants": participants,
    }


async def _notice(world: World, held: Json) -> None:
    """Sachsen gives notice; what rests on its contract ends with it."""
    sachsen, goerlitz = world.cast.sachsen, world.cast.goerlitz
    noticed = await sachsen.post("contracts", f"/v1/contracts/{held['id']}/notice")
    last_day = noticed["ends_on"]

    async def ended() -> Json | None:
        (found,) = (await goerlitz.get("contracts", "/v1/accessions"))["items"]
        return found if found["valid_to"] == last_day else None

    accession = await eventually("the accession ends with the contract", ended)
    world.screen.scene(
        "Sachsen",
        f"kündigt zum {_german(last_day)}; der Beitritt von Görlitz endet am selben Tag.",
        equals("Stand des Vertrags", noticed["state"], "GEKUENDIGT"),
        equals("der Vertrag, dessen Ende den Beitritt beendet", accession["because"], held["id"]),
    )


async def _archive(world: World) -> None:
    """Export the archive, verify it with the separate verifier, then change one bit of it."""
    bundle = world.run.settings.var / "archive.jsonl"
    key = (await _marktplatz(world, "archive", "key", str(world.run.archive_key))).text.strip()

    async def verified() -> Ended | None:
        exported = await _marktplatz(world, "archive", "export")
        bundle.write_text(exported.text, encoding="utf-8")
        found = await _verify(bundle, key)
        return found if found.code == 0 else None

    whole = await eventually("the archive verifies", verified, 60)
    entries = json.loads(whole.text)["size"]
    _flip_one_bit(bundle)
    damaged = await _verify(bundle, key)
    world.screen.scene(
        MARKETPLACE,
        f"gibt das Archiv heraus: {entries} Einträge, geprüft; ein verfälschtes Bit fällt auf.",
        equals("Rückgabe von marktplatz-verify", whole.code, 0),
        equals("Rückgabe nach dem verfälschten Bit", damaged.code, 1),
    )


async def _verify(bundle: Path, key: str) -> Ended:
    return await run(installed(VERIFIER, "verify"), "--key", key, "--", str(bundle))


def _flip_one_bit(bundle: Path) -> None:
    """Change a digit of an amount or a day in the middle of an exported archive, as somebody might who wants it otherwise."""
    content = bytearray(bundle.read_bytes())
    place = next(at for at in range(len(content) // 2, len(content)) if chr(content[at]).isdigit())
    content[place] ^= 1
    bundle.write_bytes(content)


async def _marktplatz(world: World, *arguments: str) -> Ended:
    return await run(sys.executable, "-m", "marktplatz", *arguments, environment={"MARKTPLATZ_VAR": str(world.run.settings.var)})


async def _licence(person: Person, offer: str) -> Json:
    """Return how far a body is from using an offer through FITKO."""
    answer = await person.get("contracts", f"/v1/offers/{offer}/licence", {"channel": "fitko"})
    (channel,) = answer["channels"]
    found: Json = channel
    return found


def _german(day: str) -> str:
    year, month, of_month = day.split("-")
    return f"{of_month}.{month}.{year}"
