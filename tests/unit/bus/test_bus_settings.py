"""Settings reach the clients as they stand in the environment; secrets may come from files and are not shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.bus.settings import KafkaSettings


def test_a_plain_connection_names_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "a:9092,b:9092")
    assert KafkaSettings().connection() == {
        "bootstrap_servers": ["a:9092", "b:9092"],
        "client_id": "efa-marktplatz",
        "security_protocol": "PLAINTEXT",
        "metadata_max_age_ms": 30_000,
    }


def test_a_password_comes_from_its_file_and_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("geheim\n", encoding="utf-8")
    settings = KafkaSettings(
        bootstrap_servers="a:9093", security_protocol="SASL_SSL", sasl_username="orders", sasl_password_file=file
    )
    arguments = settings.connection()
    assert (arguments["sasl_mechanism"], arguments["sasl_plain_username"]) == ("SCRAM-SHA-512", "orders")
    assert arguments["sasl_plain_password"] == "geheim"
    assert arguments["ssl_context"].verify_mode.name == "CERT_REQUIRED"
    shown = KafkaSettings.model_validate({"bootstrap_servers": "a", "sasl_password": "geheim"})
    assert "geheim" not in repr(shown)
