"""Keys of receipts: which one signs when, how long each is published, and what a folder may hold beside them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, KeySet, OKPKey

from services.ordering.partners.receipt_keys import (
    ALGORITHM,
    LOOK_EVERY_SECONDS,
    ReceiptKeyMissingError,
    ReceiptKeys,
    ensure_key,
    make_key,
    read_keys,
)

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
OVERLAP = 100 * DAY


class Clocks:
    """Both clocks, as the test sets them."""

    def __init__(self) -> None:
        self.now = AT
        self.seconds = 0.0

    def set(self, at: datetime) -> None:
        self.now = at
        self.seconds += LOOK_EVERY_SECONDS


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


def keys_of(folder: Path | None, clocks: Clocks) -> ReceiptKeys:
    return ReceiptKeys(folder, lambda: clocks.now, OVERLAP, lambda: clocks.seconds)


def kids(keys: ReceiptKeys) -> list[str]:
    return [key["kid"] for key in keys.published()]


def test_a_receipt_is_checked_with_the_published_key(tmp_path: Path, clocks: Clocks) -> None:
    made = make_key(tmp_path, AT)
    keys = keys_of(tmp_path, clocks)
    text = keys.sign(b'{"a": 1}')
    (public,) = keys.published()
    assert public == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": made.key.as_dict(private=False)["x"],
        "kid": OKPKey.import_key({name: public[name] for name in ("kty", "crv", "x")}).thumbprint(),
        "use": "sig",
        "alg": "EdDSA",
    }
    found = jws.deserialize_compact(text, KeySet.import_key_set({"keys": [public]}), algorithms=[ALGORITHM])
    assert (found.payload, found.headers()) == (b'{"a": 1}', {"alg": "EdDSA", "kid": made.kid, "typ": "JOSE"})
    assert keys.sign(b'{"a": 1}') == text


def test_the_newest_key_that_has_begun_signs_and_the_next_one_is_published_before(tmp_path: Path, clocks: Clocks) -> None:
    first, second = make_key(tmp_path, AT), make_key(tmp_path, AT + 3 * DAY)
    keys = keys_of(tmp_path, clocks)
    assert (keys.signing().kid, kids(keys)) == (first.kid, [first.kid, second.kid])
    clocks.set(AT + 3 * DAY)
    assert (keys.signing().kid, kids(keys)) == (second.kid, [first.kid, second.kid])
    clocks.set(AT + 3 * DAY + OVERLAP - timedelta(seconds=1))
    assert kids(keys) == [first.kid, second.kid]
    clocks.set(AT + 3 * DAY + OVERLAP)
    assert kids(keys) == [second.kid]


def test_a_key_that_comes_into_the_folder_is_found_without_a_restart(tmp_path: Path, clocks: Clocks) -> None:
    first = make_key(tmp_path, AT - DAY)
    keys = keys_of(tmp_path, clocks)
    assert keys.signing().kid == first.kid
    second = make_key(tmp_path, AT)
    assert keys.signing().kid == first.kid, "the folder is not read for each receipt"
    clocks.set(AT)
    assert keys.signing().kid == second.kid


def test_what_is_no_key_is_passed_over(tmp_path: Path, clocks: Clocks) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text("[]")
    (tmp_path / "c.json").write_text(json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=False) | {"nbf": 1}))
    (tmp_path / "d.json").write_text(json.dumps(OKPKey.generate_key("X25519").as_dict(private=True) | {"nbf": 1}))
    (tmp_path / "e.json").write_text(json.dumps(ECKey.generate_key("P-256").as_dict(private=True) | {"nbf": 1}))
    (tmp_path / "f.json").write_text(json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)))
    (tmp_path / "..data").mkdir()
    (tmp_path / "README.txt").write_text("x")
    made = make_key(tmp_path, AT)
    assert keys_of(tmp_path, clocks).signing().kid == made.kid
    assert [key.kid for key in read_keys(tmp_path)] == [made.kid]


@pytest.mark.parametrize("folder", [None, "absent", "future"])
def test_without_a_key_that_has_begun_nothing_is_signed(tmp_path: Path, clocks: Clocks, folder: str | None) -> None:
    make_key(tmp_path / "future", AT + DAY)
    keys = keys_of(None if folder is None else tmp_path / folder, clocks)
    with pytest.raises(ReceiptKeyMissingError):
        keys.sign(b"{}")


def test_keys_go_on_serving_while_the_folder_is_away(tmp_path: Path, clocks: Clocks) -> None:
    made = make_key(tmp_path / "keys", AT)
    keys = keys_of(tmp_path / "keys", clocks)
    assert kids(keys) == [made.kid]
    (tmp_path / "keys").rename(tmp_path / "away")
    clocks.set(AT + DAY)
    assert keys.signing().kid == made.kid


def test_a_first_key_is_made_once_and_for_its_owner_only(tmp_path: Path, clocks: Clocks) -> None:
    folder = tmp_path / "keys"
    ensure_key(folder, AT)
    ensure_key(folder, AT + DAY)
    (file,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
    assert file.stem == keys_of(folder, clocks).signing().kid
