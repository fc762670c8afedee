"""Whether the identity provider's keys can be read is counted, so that an outage is seen before the known keys grow stale."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from shared.http.keys import FileKeys, KeysUnavailableError


def reads(outcome: str) -> float:
    return REGISTRY.get_sample_value("http_token_keys_reads_total", {"outcome": outcome}) or 0.0


async def test_a_reading_that_fails_is_counted_as_such(tmp_path: Path) -> None:
    failed, done = reads("failed"), reads("done")
    with pytest.raises(KeysUnavailableError):
        await FileKeys(tmp_path / "absent.json").find("k1")
    assert (reads("failed"), reads("done")) == (failed + 1, done)


async def test_a_reading_that_succeeds_is_counted_as_such(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'
    )
    failed, done = reads("failed"), reads("done")
    assert await FileKeys(file).find("k1")
    assert (reads("failed"), reads("done")) == (failed, done + 1)
