"""Cost information, reported uses, and what a body will pay before it orders."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.contracts.costs.follow import USAGES
from services.contracts.domain.usage import usage_id
from shared.ids import derived_id
from shared.messages.values import Channel, DistributionKey, Party, Period
from tests.support.contract_costs import (
    FITKO_TOKEN,
    GOVDIGITAL_TOKEN,
    HEIDE,
    HEIDE_TOKEN,
    HUSUM,
    HUSUM_TOKEN,
    KIEL,
    NOW,
    OFFERING,
    POPULATION,
    PROVIDER_TOKEN,
    CostWorld,
    item,
)
from tests.support.contract_requests import price

INFORMATION = f"/v1/offers/{OFFERING}/cost-information"
COSTS = f"/v1/offers/{OFFERING}/costs?channel=govdigital"
SHARED = price(10_000_000, key=DistributionKey.EINWOHNER)


@pytest.fixture
async def world() -> AsyncIterator[CostWorld]:
    made = CostWorld()
    await made.prepare()
    yield made
    await made.store.close()


async def issue(world: CostWorld, *items: dict[str, Any], token: str = PROVIDER_TOKEN, **changes: Any) -> httpx.Response:
    body = {"channel": "govdigital", "effective_from": "2026-04-01", "items": list(items) or [item()]} | changes
    return await world.post(INFORMATION, body, token, key=derived_id(str(world.now), str(body)))


async def versions(world: CostWorld) -> list[dict[str, Any]]:
    answer = await world.get(f"{INFORMATION}?channel=govdigital")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["versions"]
    return found


async def test_the_bereitsteller_is_told_that_it_can_issue_and_issues_on_the_state_that_it_has_read(world: CostWorld) -> None:
    await world.publish(price(100))
    path = f"{INFORMATION}?channel=govdigital"
    first = await world.get(path, PROVIDER_TOKEN)
    assert (first.json()["allowed_moves"], first.headers.get("ETag")) == (["cost-information"], None)
    assert (await world.get(path)).json()["allowed_moves"] == []
    assert (await issue(world)).headers["ETag"] == (await world.get(path)).headers["ETag"] == '"1"'


async def own(world: CostWorld, query: str = "&from=2027-01-01", token: str = HUSUM_TOKEN) -> dict[str, Any]:
    answer = await world.get(f"{COSTS}{query}", token)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_price_sheet_of_an_offer_is_its_first_version(world: CostWorld) -> None:
    await world.publish(price(), price(500, period=Period.EINMALIG, key=DistributionKey.KOENIGSTEIN))
    (version,) = await versions(world)
    assert (version["version"], version["issued_on"], version["effective_from"]) == (1, "2026-03-02", "2026-03-02")
    assert version["published"] is True
    first, second = version["items"]
    assert (first["key"], first["valid_from"], first["due_on"]) == ({"type": "FEST"}, "2026-01-01", None)
    assert (second["key"], second["due_on"]) == ({"type": "KOENIGSTEIN", "table": "KS2019"}, "2026-01-01")


async def test_another_price_sheet_is_a_version_from_the_day_of_the_change_on(world: CostWorld) -> None:
    await world.publish(price(100))
    world.later(days=30)
    await world.publish(price(100), title="Another title, the same prices")
    world.later(days=30)
    await world.publish(price(200))
    world.later(hours=1)
    await world.publish(price(300))
    found = await versions(world)
    assert [(it["version"], it["effective_from"], it["items"][0]["amount_cents"]) for it in found] == [
        (1, "2026-03-02", 100),
        (2, "2026-05-01", 300),
    ]


async def test_the_bereitsteller_issues_a_version_and_nothing_of_before_changes(world: CostWorld) -> None:
    await world.publish(price(100))
    answer = await issue(world)
    assert answer.status_code == 201, answer.text
    assert (answer.status_code, answer.json()["version"], answer.json()["issued_on"]) == (201, 2, "2026-03-02")
    world.later(days=60)
    await world.publish(price(700))
    assert (await issue(world, item(amount_cents=1), effective_from="2026-06-01")).json()["version"] == 3
    found = await versions(world)
    assert [it["published"] for it in found] == [True, False, False]
    assert [it["items"][0]["amount_cents"] for it in found] == [100, 10_000_000, 1]
    assert (await world.get(f"{INFORMATION}/2?channel=govdigital")).json() == found[1]
    assert (await world.get(f"{INFORMATION}/4?channel=govdigital")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"effective_from": "2026-03-01"}, "COST_INFO_RETROACTIVE"),
        ({"effective_from": "2026-03-02"}, "COST_INFO_ORDER"),
        ({"items": [item(), item()]}, "ITEM_DUPLICATE"),
        ({"items": [item(kind="ANBINDUNG_EINMALIG")]}, "PERIOD_NOT_ALLOWED"),
        ({"items": [item(key={"type": "KOENIGSTEIN", "table": "KS1950"})]}, "TABLE_UNKNOWN"),
        ({"items": [item(funding="NO_SUCH_RULE")]}, "FUNDING_UNKNOWN"),
        ({"items": [item(kind="NUTZUNGSABHAENGIG", key={"type": "DIREKT", "participant": "nobody"})]}, "PARTICIPANT_UNKNOWN"),
    ],
)
async def test_a_version_that_breaks_a_rule_of_prices_is_refused_with_its_code(
    world: CostWorld, changes: dict[str, Any], rule: str
) -> None:
    await world.publish(price(100))
    answer = await issue(world, **changes)
    assert (answer.status_code, answer.json()["code"], answer.json()["rule"]) == (422, "cost_information_refused", rule)
    assert len(await versions(world)) == 1


async def test_only_the_bereitsteller_of_the_offer_issues_cost_information(world: CostWorld) -> None:
    await world.publish(price(100))
    assert (await issue(world, token="u9/dataport/BEREITSTELLER")).json()["code"] == "not_the_provider"
    assert (await issue(world, token=HUSUM_TOKEN)).status_code == 403
    assert (await issue(world, channel="fitko")).status_code == 404


async def test_a_body_sees_its_share_and_its_way_to_the_cents(world: CostWorld) -> None:
    await world.publish(SHARED)
    await world.contract("a", HEIDE)
    await world.contract("b", KIEL)
    year = (await own(world))["first_year"]
    total = sum(POPULATION.values())
    (line,) = year["lines"]
    assert (year["participants"], line["base"], line["base_total"]) == (3, POPULATION[HUSUM.id], total)
    assert line["cents"] == year["invoiced_cents"] == round(10_000_000 * POPULATION[HUSUM.id] / total)
    assert line["rest"] == [{"pool": "PARTICIPANTS", "settled": "CONTRACT", "cents": 10_000_000 - line["cents"], "payers": 2}]
    assert line["text"] == {
        "de": "Betrieb und Support: 100.000,00 € im Jahr, verteilt nach Einwohnern. Sie zahlen 8.063,33 € (24.090 von 298.760 "
        "Einwohnern). Den Rest tragen: 2 weitere Teilnehmer 91.936,67 €.",
        "en": "Betrieb und Support: EUR 100,000.00 a year, shared by population. You pay EUR 8,063.33 (24,090 of 298,760 "
        "inhabitants). Others bear the rest: 2 further participants EUR 91,936.67.",
    }


async def test_who_joins_in_the_year_pays_its_days_and_a_full_year_after(world: CostWorld) -> None:
    await world.publish(price(36_500))
    found = await own(world, "&from=2027-07-02")
    assert (found["first_year"]["lines"][0]["days"], found["first_year"]["invoiced_cents"]) == (183, 18_300)
    assert "183 von 365 Tagen" in found["first_year"]["lines"][0]["text"]["de"]
    assert (found["full_year"]["from"], found["full_year"]["invoiced_cents"]) == ("2028-01-01", 36_500)


async def test_nothing_of_other_bodies_is_shown_but_sums_and_numbers(world: CostWorld) -> None:
    await world.publish(SHARED)
    await world.contract("a", HEIDE)
    answer = await world.get(f"{COSTS}&from=2027-01-01")
    assert HEIDE.id not in answer.text
    assert HEIDE.name not in answer.text


async def test_what_another_body_would_pay_is_for_the_anbieter_of_the_channel(world: CostWorld) -> None:
    await world.publish(SHARED)
    query = f"&from=2027-01-01&organisation={HUSUM.id}"
    assert (await own(world, query, GOVDIGITAL_TOKEN))["organisation"] == HUSUM.id
    for token in (HEIDE_TOKEN, FITKO_TOKEN):
        assert (await world.get(f"{COSTS}{query}", token)).json()["code"] == "other_organisation"


async def test_a_financed_cost_is_shown_and_costs_nothing(world: CostWorld) -> None:
    await world.publish(price(100))
    assert (await issue(world, item(key={"type": "KOENIGSTEIN", "table": "KS2019"}, funding="EFA_FINANZIERT"))).status_code == 201
    year = (await own(world, token="u7/DE-SH/KUNDE"))["first_year"]
    (line,) = year["lines"]
    assert (year["invoiced_cents"], year["financed_cents"], line["financed"]) == (0, 10_000_000, True)
    assert line["cents"] == 5_000_000 + round(2_500_000 * 0.0340578)
    assert {rest["pool"]: rest["payers"] for rest in line["rest"]} == {"BUND": 1, "ALL_LAENDER": 15}


async def test_a_key_that_does_not_fit_a_body_is_said(world: CostWorld) -> None:
    await world.publish(price(key=DistributionKey.KOENIGSTEIN))
    answer = await world.get(f"{COSTS}&from=2027-01-01")
    assert answer.status_code == 409
    assert {name: answer.json()[name] for name in ("code", "rule", "participant")} == {
        "code": "costs_not_statable",
        "rule": "KEY_NOT_APPLICABLE",
        "participant": HUSUM.id,
    }


async def test_a_cost_to_be_shared_out_through_two_channels_needs_cost_information_for_each(world: CostWorld) -> None:
    both = (Channel.GOVDIGITAL, Channel.FITKO)
    await world.publish(price(), channels=both)
    assert (await world.get(f"{COSTS}&from=2027-01-01")).status_code == 200
    world.later(days=1)
    await world.publish(SHARED, channels=both)
    assert (await world.get(f"{COSTS}&from=2027-01-01")).json()["code"] == "cost_information_needed"
    assert (await issue(world)).status_code == 201
    assert (await world.get(f"{COSTS}&from=2027-01-01")).status_code == 200


async def test_uses_to_come_are_those_of_the_last_twelve_months(world: CostWorld) -> None:
    await world.publish(price(100))
    await world.contract("a", HEIDE)
    assert (await issue(world, item(key={"type": "NUTZUNG"}))).status_code == 201
    for number in range(1, 13):
        await world.report("a", HEIDE, f"2026-{number:02d}", 100, seq=number)
    found = await own(world, "&from=2027-01-01&uses=400")
    assert found["needs_uses"] is True
    assert found["first_year"]["invoiced_cents"] == 2_500_000


async def stored_uses(world: CostWorld, body: Party) -> list[tuple[str, int, int]]:
    document = await world.store.get(USAGES, usage_id(Channel.GOVDIGITAL, OFFERING, body.id))
    assert document is not None
    return [(entry["first"], entry["rev"], entry["count"]) for entry in document["entries"]]


async def test_a_correction_is_a_new_entry_and_a_redelivery_none(world: CostWorld) -> None:
    await world.report("a", HUSUM, "2026-01", 10, seq=1)
    await world.report("a", HUSUM, "2026-02", 20, seq=2)
    world.later(days=1)
    await world.report("a", HUSUM, "2026-01", 12, seq=3)
    await world.report("a", HUSUM, "2026-01", 12, seq=3)
    assert await stored_uses(world, HUSUM) == [("2026-01-01", 1, 10), ("2026-02-01", 1, 20), ("2026-01-01", 2, 12)]


async def test_uses_of_two_orders_of_a_body_in_a_month_are_added_up(world: CostWorld) -> None:
    await world.report("a", HUSUM, "2026-01", 10, seq=1)
    await world.report("b", HUSUM, "2026-01", 5, seq=1)
    await world.report("a", HUSUM, "2026-01", 11, seq=2)
    assert await stored_uses(world, HUSUM) == [("2026-01-01", 1, 10), ("2026-01-01", 2, 15), ("2026-01-01", 3, 16)]


async def test_who_has_left_bears_nothing_any_more(world: CostWorld) -> None:
    await world.publish(SHARED)
    await world.contract("a", HEIDE, at=datetime(2026, 3, 2, 10, tzinfo=UTC))
    assert (await own(world))["first_year"]["participants"] == 2
    await world.terminate("a", HEIDE, date(2026, 12, 31), seq=2)
    year = (await own(world))["first_year"]
    assert (year["participants"], year["invoiced_cents"]) == (1, 10_000_000)


async def test_a_withdrawn_offer_goes_on_being_priced(world: CostWorld) -> None:
    await world.publish(SHARED)
    world.now = NOW + timedelta(days=1)
    assert len(await versions(world)) == 1
    assert (await world.get(f"/v1/offers/{OFFERING}/cost-information?channel=fitko")).status_code == 404
