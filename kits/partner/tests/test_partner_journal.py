"""A crash at any point makes no second event: the journal gives the same bytes again, and keeps the receipt that decides."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from partner_world import OFFERING, ORGANISATION, PARTNER, new_key

from efa_partner import (
    Connection,
    DeclareInterest,
    EventIdReusedError,
    JournalError,
    Jwks,
    PartnerSettings,
    Receipt,
    SettingsError,
)
from efa_partner.journal import EventState, Journal
from efa_partner.partner import sign_and_store

INTEREST = DeclareInterest(organisation=ORGANISATION, offering_id=OFFERING, channel="govdigital")
OTHER = DeclareInterest(organisation=ORGANISATION, offering_id=OFFERING, channel="fitko")


def settings(folder: Path, **changed: Any) -> PartnerSettings:
    given: dict[str, Any] = {"connection": Connection("localhost:1"), "partner": PARTNER, "key": new_key(), "jwks": Jwks("none")}
    return PartnerSettings(journal=folder / "journal.sqlite", **(given | changed))


def receipt(jti: str, status: str = "accepted", code: str | None = None, place: tuple[int, int] = (0, 0)) -> Receipt:
    now = datetime.now(UTC).isoformat()
    fields = {"id": "r", "partner": PARTNER, "status": status, "code": code, "received_at": now, "decided_at": now}
    event = {"jti": jti, "topic": "t", "partition": place[0], "offset": place[1]}
    return Receipt.model_validate(fields | {"event": event, "raw": f"{status}-{code}".encode()})


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite", PARTNER)


def test_the_same_command_under_the_same_jti_is_the_same_bytes(tmp_path: Path, journal: Journal) -> None:
    first = sign_and_store(settings(tmp_path), journal, INTEREST, "case-1")
    again = sign_and_store(settings(tmp_path, key=new_key()), Journal(journal.path, PARTNER), INTEREST, "case-1")
    assert again == first
    assert journal.path.stat().st_mode & 0o077 == 0


def test_another_command_under_a_used_jti_is_refused_and_the_first_stays(tmp_path: Path, journal: Journal) -> None:
    first = sign_and_store(settings(tmp_path), journal, INTEREST, "case-1")
    for given, command in ((settings(tmp_path), OTHER), (settings(tmp_path, audience="elsewhere"), INTEREST)):
        with pytest.raises(EventIdReusedError) as raised:
            sign_and_store(given, journal, command, "case-1")
        assert raised.value.code == "event_id_reused"
    assert journal.entry("case-1").event == first


def test_an_event_survives_the_death_of_its_process_right_after_signing(tmp_path: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from efa_partner import Connection, DeclareInterest, Jwks, PartnerSettings
from efa_partner.journal import Journal
from efa_partner.keys import generate
from efa_partner.partner import sign_and_store
path = Path({str(tmp_path / "journal.sqlite")!r})
given = PartnerSettings(Connection("localhost:1"), {PARTNER!r}, generate(), path, Jwks("none"))
command = DeclareInterest(organisation={ORGANISATION!r}, offering_id={OFFERING!r}, channel="govdigital")
print(sign_and_store(given, Journal(path, {PARTNER!r}), command, "case-1").jws.decode(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    journal = Journal(tmp_path / "journal.sqlite", PARTNER)
    assert sign_and_store(settings(tmp_path), journal, INTEREST, "case-1").jws.decode() == done.stdout.strip()
    assert journal.entry("case-1").state is EventState.SIGNED


def test_the_first_receipt_that_decides_stays(tmp_path: Path, journal: Journal) -> None:
    sign_and_store(settings(tmp_path), journal, INTEREST, "case-1")
    assert journal.answer(receipt("case-1", "quarantined", "key_not_valid"))
    assert journal.answer(receipt("case-1"))
    assert not journal.answer(receipt("case-1", "refused", "illegal_move"))
    found = journal.entry("case-1").receipt
    assert found is not None
    assert found.raw == b"accepted-None"
    assert not journal.answer(receipt("unknown"))


def test_a_receipt_about_a_strangers_record_under_the_same_jti_is_not_the_events(tmp_path: Path, journal: Journal) -> None:
    sign_and_store(settings(tmp_path), journal, INTEREST, "case-1")
    journal.begin_sending("case-1", {0: 5})
    journal.sent("case-1", 0, 5)
    assert not journal.answer(receipt("case-1", "refused", "event_id_reused", place=(0, 6)))
    assert journal.answer(receipt("case-1", "refused", "event_id_reused", place=(0, 5)))


def test_what_is_sent_again_after_a_quarantine_waits_for_a_new_receipt(tmp_path: Path, journal: Journal) -> None:
    sign_and_store(settings(tmp_path), journal, INTEREST, "case-1")
    journal.begin_sending("case-1", {0: 5})
    journal.begin_sending("case-1", {0: 9})
    assert journal.entry("case-1").receipts_from == {0: 5}, "the first time counts"
    journal.answer(receipt("case-1", "quarantined", "key_not_valid"))
    journal.begin_sending("case-1", {0: 12})
    entry = journal.entry("case-1")
    assert (entry.receipt, entry.receipts_from) == (None, {0: 12})


def test_the_journal_of_another_partner_or_a_file_that_is_none_is_refused(tmp_path: Path, journal: Journal) -> None:
    with pytest.raises(JournalError) as foreign:
        Journal(journal.path, "another")
    (tmp_path / "text").write_text("no database, but long enough to look like one" * 20, encoding="utf-8")
    with pytest.raises(JournalError) as broken:
        Journal(tmp_path / "text", PARTNER)
    with pytest.raises(JournalError) as missing:
        journal.entry("case-1")
    assert [it.value.code for it in (foreign, broken, missing)] == ["journal_foreign", "journal_unusable", "event_unknown_here"]


@pytest.mark.parametrize("jti", ["", "a b", "x" * 65, "ä"])
def test_a_jti_that_the_marketplace_cannot_use_is_refused(tmp_path: Path, journal: Journal, jti: str) -> None:
    with pytest.raises(SettingsError) as raised:
        sign_and_store(settings(tmp_path), journal, INTEREST, jti)
    assert raised.value.code == "jti_invalid"
