"""The partner's library on a real broker: receipts now or later, repeats, crashes, many at once, with and without asyncio."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from efa_partner import (
    AsyncPartner,
    Connection,
    DeclareInterest,
    JournalError,
    Jwks,
    Partner,
    PartnerSettings,
    ReceiptMissingError,
    ReceiptUntrustedError,
    Status,
    WithdrawOrder,
)
from efa_partner.journal import EventState
from tests.integration.kits.partner_marketplace import PARTNER, PartnerMarketplace
from tests.integration.kits.test_partner_conformance import efa_partner, identity
from tests.support.builders.orders import CUSTOMER, OFFERING_ID

INTEREST = DeclareInterest(organisation=CUSTOMER.id, offering_id=OFFERING_ID, channel="govdigital")


def settings(marketplace: PartnerMarketplace, folder: Path) -> PartnerSettings:
    jwks = Jwks(str(marketplace.jwks))
    return PartnerSettings(Connection(marketplace.bootstrap), PARTNER, marketplace.key, folder / "journal.sqlite", jwks)


def no_order(number: int) -> WithdrawOrder:
    return WithdrawOrder(organisation=CUSTOMER.id, order_id=f"00000000-0000-4000-8000-{number:012d}")


async def test_a_command_is_accepted_and_its_repeat_gets_the_same_receipt(
    marketplace: PartnerMarketplace, tmp_path: Path
) -> None:
    async with AsyncPartner(settings(marketplace, tmp_path)) as partner:
        receipt = await partner.submit(INTEREST, jti="case-1")
        assert receipt.order is not None
        assert receipt.status is Status.ACCEPTED
    async with AsyncPartner(settings(marketplace, tmp_path)) as partner:
        await partner.send("case-1")
        assert (await partner.submit(INTEREST, jti="case-1")).raw == receipt.raw


async def test_a_receipt_that_is_late_comes_to_a_later_process(marketplace: PartnerMarketplace, tmp_path: Path) -> None:
    marketplace.pause()
    async with AsyncPartner(settings(marketplace, tmp_path)) as partner:
        event = partner.sign(INTEREST, "case-1")
        with pytest.raises(JournalError) as unsent:
            await partner.await_receipt("case-1", 1)
        assert unsent.value.code == "event_unsent"
        await partner.send(event)
        with pytest.raises(ReceiptMissingError) as missing:
            await partner.await_receipt("case-1", 1)
        assert missing.value.code == "receipt_missing"
    marketplace.resume()
    await asyncio.sleep(3)
    async with AsyncPartner(settings(marketplace, tmp_path)) as partner:
        receipt = await partner.await_receipt("case-1")
        assert (receipt.status, partner.journal.entry("case-1").state) == (Status.ACCEPTED, EventState.ACCEPTED)


async def test_what_was_signed_before_a_crash_is_sent_once_by_the_command(
    marketplace: PartnerMarketplace, tmp_path: Path
) -> None:
    data = tmp_path / "data.json"
    data.write_text(json.dumps(INTEREST.data()), encoding="utf-8")
    flags, journal = identity(marketplace, tmp_path), ["--journal", str(tmp_path / "journal.sqlite")]
    who = [*flags[flags.index("--partner") : flags.index("--jwks")], *journal]
    code, jws, err = await efa_partner("sign", *who, "--type", "interest-declared", "--data", str(data), "--jti", "case-1")
    assert (code, err) == (0, "")
    code, out, err = await efa_partner("send", *flags, *journal, "--pending", "--json")
    assert (code, err, json.loads(out)["status"]) == (0, "", "accepted")
    code, again, err = await efa_partner(
        "send", *flags, *journal, "--type", "interest-declared", "--data", str(data), "--jti", "case-1", "--json"
    )
    assert (code, err, again) == (0, "", out)
    code, listed, err = await efa_partner("receipts", *flags, *journal, "--json")
    assert (code, err) == (0, "")
    assert {json.loads(line)["jws"] for line in listed.splitlines()} == {json.loads(out)["jws"]}
    code, shown, _ = await efa_partner("status", *who[: who.index("--signing-key")], *journal)
    assert (code, shown.splitlines()[0].split()[:2]) == (0, ["accepted", "case-1"])
    assert jws.count(".") == 2


async def test_many_receipts_find_their_events(marketplace: PartnerMarketplace, tmp_path: Path) -> None:
    async with AsyncPartner(settings(marketplace, tmp_path)) as partner:
        receipts = await asyncio.gather(*(partner.submit(no_order(number), f"n-{number}") for number in range(60)))
    assert {receipt.event.jti for receipt in receipts} == {f"n-{number}" for number in range(60)}
    assert [receipt.event.jti for receipt in receipts] == [f"n-{number}" for number in range(60)]
    assert {receipt.code for receipt in receipts} == {"order_not_found"}


async def test_receipts_of_another_marketplace_are_not_believed(marketplace: PartnerMarketplace, tmp_path: Path) -> None:
    stranger = {"kty": "OKP", "crv": "Ed25519", "kid": "ours", "x": marketplace.key.public_jwk()["x"]}
    marketplace.jwks.write_text(json.dumps({"keys": [stranger]}), encoding="utf-8")
    async with AsyncPartner(settings(marketplace, tmp_path)) as partner:
        with pytest.raises(ReceiptUntrustedError) as raised:
            await partner.submit(INTEREST, "case-1")
    assert raised.value.code == "receipt_signature"


async def test_without_asyncio_it_is_the_same(marketplace: PartnerMarketplace, tmp_path: Path) -> None:
    def whole() -> tuple[str | None, str | None]:
        with Partner(settings(marketplace, tmp_path)) as partner:
            event = partner.sign(INTEREST)
            partner.send(event)
            first = partner.await_receipt(event.jti)
            assert first.order is not None
            order = WithdrawOrder(organisation=CUSTOMER.id, order_id=first.order.id, if_revision=first.order.revision)
            return first.order.state, (partner.submit(order).order or first.order).state

    assert await asyncio.to_thread(whole) == ("INTERESSE_BEKUNDET", "ZURUECKGEZOGEN")
