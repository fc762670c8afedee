"""Every version of an offer that was ever public stays readable: what a Vorgang has pinned can be read."""

from __future__ import annotations

from typing import Any

from services.catalog.repository import OFFERINGS, VERSIONS
from tests.component.catalog.conftest import DATAPORT, GOVDIGITAL, KOMM_ONE, KUNDE, MUSTS, World
from tests.support.builders.offerings import form_body


async def change(world: World, offering_id: str, **parts: Any) -> dict[str, Any]:
    """Publish a changed form, by acceptance if its Anbieter has to examine it, and return the answer."""
    http = world.as_(KOMM_ONE)
    tag = (await http.get(f"/v1/offerings/{offering_id}")).headers["ETag"]
    answer = await http.put(f"/v1/offerings/{offering_id}", json=form_body(MUSTS, **parts), headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text
    if answer.json()["workflow"]["pending"]:
        answer = await world.do(GOVDIGITAL, offering_id, "accept")
        assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


async def read(world: World, path: str, token: str | None = None, **query: Any) -> dict[str, Any]:
    answer = await world.as_(token).get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_each_version_is_readable_as_it_was_published_also_after_the_withdrawal(world: World) -> None:
    offering_id = await world.published(title="Erste", reifegrad=3)
    await change(world, offering_id, title="Zweite", reifegrad=4)
    await change(world, offering_id, title="Dritte", reifegrad=4)
    await world.do(KOMM_ONE, offering_id, "withdraw", reason="Ende")
    for reader in (None, KUNDE, DATAPORT, GOVDIGITAL, KOMM_ONE):
        for number, title, reifegrad in ((1, "Erste", 3), (2, "Zweite", 4), (3, "Dritte", 4)):
            for path, query in ((f"/v1/offerings/{offering_id}", {"version": number}), (_version(offering_id, number), {})):
                shown = await read(world, path, reader, **query)
                assert (shown["version"], shown["latest_version"]) == (number, 3)
                assert (shown["title"], shown["reifegrad"]) == (title, reifegrad)
                assert (shown["state"], shown["withdrawal_reason"], shown["orderable"]) == ("ZURUECKGEZOGEN", "Ende", False)


async def test_an_earlier_version_of_a_public_offer_cannot_be_ordered(world: World) -> None:
    offering_id = await world.published()
    await change(world, offering_id, title="Neu")
    assert (await read(world, f"/v1/offerings/{offering_id}"))["orderable_channels"] == ["govdigital"]
    assert (await read(world, _version(offering_id, 2)))["orderable"] is True
    assert (await read(world, _version(offering_id, 1)))["orderable_channels"] == []


async def test_the_list_names_every_version_with_what_changed_newest_first_and_pages(world: World) -> None:
    offering_id = await world.published(title="Erste")
    await change(world, offering_id, title="Zweite")
    await change(world, offering_id, title="Zweite", reifegrad=4)
    path = f"/v1/offerings/{offering_id}/versions"
    items = (await read(world, path))["items"]
    assert [(it["version"], it["changed_fields"], it["current"], it["recorded"]) for it in items] == [
        (3, ["reifegrad"], True, True),
        (2, ["title"], False, True),
        (1, [], False, True),
    ]
    first = await read(world, path, limit=2)
    rest = await read(world, path, limit=2, cursor=first["next"])
    assert [*first["items"], *rest["items"]] == items
    assert rest["next"] is None


async def test_two_versions_are_compared_field_by_field(world: World) -> None:
    offering_id = await world.published(title="Erste", anbindungsarten=["FIT_CONNECT"])
    await change(world, offering_id, title="Zweite", anbindungsarten=["FIT_CONNECT", "API"])
    await change(world, offering_id, title="Zweite", anbindungsarten=["API"], channels=["govdigital", "fitko"])
    step = await read(world, f"{_version(offering_id, 2)}/differences")
    assert (step["before"], step["after"]) == (1, 2)
    assert [it["field"] for it in step["fields"]] == ["title", "anbindungsarten"]
    whole = await read(world, f"{_version(offering_id, 3)}/differences", since=1)
    titles, kinds = whole["fields"]
    assert (titles["before"], titles["after"], titles["added"]) == ("Erste", "Zweite", None)
    assert (kinds["added"], kinds["removed"]) == (["API"], ["FIT_CONNECT"])
    assert (await read(world, f"{_version(offering_id, 3)}/differences", since=3))["fields"] == []


async def test_a_version_whose_content_was_not_recorded_is_listed_and_says_so(world: World) -> None:
    offering_id = await world.published(title="Erste")
    await change(world, offering_id, title="Zweite")
    await world.store.delete(VERSIONS, [f"{offering_id}.1"])  # as version 0.1.0 left it
    items = (await read(world, f"/v1/offerings/{offering_id}/versions"))["items"]
    assert [(it["version"], it["recorded"]) for it in items] == [(2, True), (1, False)]
    for path in (f"/v1/offerings/{offering_id}?version=1", _version(offering_id, 1), f"{_version(offering_id, 2)}/differences"):
        answer = await world.as_(None).get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "offering_version_not_recorded")


async def test_a_version_that_is_still_to_come_is_not_found(world: World) -> None:
    offering_id = await world.published()
    for path in (f"/v1/offerings/{offering_id}?version=2", _version(offering_id, 2)):
        answer = await world.as_(None).get(path)
        assert (answer.status_code, answer.json()["code"], answer.json()["latest_version"]) == (
            404,
            "offering_version_not_found",
            1,
        )
    assert (await world.as_(None).get("/v1/offerings/E008?version=1")).status_code == 404


async def test_a_version_that_left_the_list_of_changes_stays_readable(world: World) -> None:
    offering_id = await world.published(title="Erste")
    await change(world, offering_id, title="Zweite")
    document = await world.store.get(OFFERINGS, offering_id) or {}
    await world.store.delete(OFFERINGS, [offering_id])
    await world.store.insert_many(OFFERINGS, [{**document, "history": document["history"][1:]}])
    items = (await read(world, f"/v1/offerings/{offering_id}/versions"))["items"]
    assert [(it["version"], it["recorded"]) for it in items] == [(2, True), (1, True)]
    assert (await read(world, _version(offering_id, 1)))["title"] == "Erste"


async def test_a_change_that_is_refused_replaces_no_version(world: World) -> None:
    offering_id = await world.published(title="Erste")
    stale = await world.as_(KOMM_ONE).put(
        f"/v1/offerings/{offering_id}", json=form_body(MUSTS, title="Neu"), headers={"If-Match": '"99"'}
    )
    assert stale.status_code == 412
    await change(world, offering_id, title="Zweite")
    assert (await read(world, _version(offering_id, 1)))["title"] == "Erste"


def _version(offering_id: str, number: int) -> str:
    return f"/v1/offerings/{offering_id}/versions/{number}"
