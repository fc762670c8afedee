"""Webhooks are signed by the Standard Webhooks specification; their secrets are computed, not stored."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.notify.domain.webhook import Secret, Webhook
from services.notify.webhooks.signing import WebhookKeyMissingError, WebhookKeys, signed_headers
from shared.ids import derived_id
from shared.key_file import ensure_key_file

AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ID = derived_id("test", "webhook")
# The published example of the specification's libraries.
EXAMPLE_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EXAMPLE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
EXAMPLE_TIME = datetime.fromtimestamp(1614265330, UTC)
EXAMPLE_BODY = b'{"test": 2432232314}'
EXAMPLE_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_signature_is_that_of_the_specification() -> None:
    assert signed_headers(EXAMPLE_ID, EXAMPLE_TIME, EXAMPLE_BODY, [EXAMPLE_SECRET]) == {
        "webhook-id": EXAMPLE_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": EXAMPLE_SIGNATURE,
    }


def test_every_secret_in_force_signs_in_one_header() -> None:
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    signature = signed_headers(EXAMPLE_ID, EXAMPLE_TIME, EXAMPLE_BODY, [other, EXAMPLE_SECRET])["webhook-signature"]
    assert signature.split(" ")[1] == EXAMPLE_SIGNATURE
    assert len(signature.split(" ")) == 2


def test_each_webhook_and_each_generation_has_a_secret_of_its_own(tmp_path: Path) -> None:
    ensure_key_file(tmp_path / "keys")
    keys = WebhookKeys(tmp_path / "keys")
    key = keys.first()
    secrets = {key.secret_of(name, generation) for name in (ID, derived_id("test", "other")) for generation in (1, 2)}
    assert len(secrets) == 4
    for secret in secrets:
        assert secret.startswith("whsec_")
        assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert keys.secret_of(ID, Secret(key=key.id, generation=1)) == key.secret_of(ID, 1)
    assert repr(key) == f"WebhookKey(id='{key.id}')"


def test_a_secret_outlives_the_key_that_new_ones_are_made_of_as_long_as_both_are_there(tmp_path: Path) -> None:
    for name in ("old", "new"):
        ensure_key_file(tmp_path / name)
    old = WebhookKeys(tmp_path / "old").first()
    both = tmp_path / "both"
    both.write_bytes((tmp_path / "new").read_bytes() + (tmp_path / "old").read_bytes())
    assert WebhookKeys(both).first().id != old.id
    assert WebhookKeys(both).secret_of(ID, Secret(key=old.id, generation=1)) == old.secret_of(ID, 1)
    with pytest.raises(WebhookKeyMissingError):
        WebhookKeys(tmp_path / "new").secret_of(ID, Secret(key=old.id, generation=1))


@pytest.mark.parametrize("content", [None, "", "not base64!", "c2hvcnQ="])
def test_without_a_proper_key_nothing_is_signed(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "keys").write_text(content)
    with pytest.raises(WebhookKeyMissingError) as error:
        WebhookKeys(tmp_path / "keys").first()
    assert (content or "?") not in error.value.detail


def webhook() -> Webhook:
    return Webhook(
        id=ID,
        url="https://a.example/x",
        event_types=("a",),
        secrets=(Secret(key="k", generation=1),),
        created_at=AT,
        changed_at=AT,
        active_since=AT,
    )


def test_after_a_rotation_the_old_secret_signs_along_until_the_overlap_is_over() -> None:
    rotated = webhook().rotated("k2", AT, timedelta(days=1))
    assert [it.generation for it in rotated.signing(AT)] == [2, 1]
    assert [it.generation for it in rotated.signing(AT + timedelta(days=1))] == [2]


def test_three_secrets_sign_at_most_however_often_one_rotates() -> None:
    rotated = webhook()
    for _ in range(5):
        rotated = rotated.rotated("k", AT, timedelta(days=1))
    assert [it.generation for it in rotated.signing(AT)] == [6, 5, 4]
