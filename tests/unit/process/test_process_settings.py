"""Where a process finds its store: from a variable or from a file, never from both."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.errors import InvalidError
from shared.process.settings import ProcessSettings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A mounted secret, with the line end that most tools put there."""
    path = tmp_path / "url"
    path.write_text("mongodb://u:p@db.example/marktplatz_{service}\n", encoding="utf-8")
    return path


def test_the_address_of_the_store_may_stand_in_a_file(file: Path) -> None:
    settings = ProcessSettings(store_url_file=file)
    assert settings.store_url_of("ordering") == "mongodb://u:p@db.example/marktplatz_ordering"


def test_the_file_is_read_where_the_environment_names_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MARKTPLATZ_STORE_URL", raising=False)
    monkeypatch.setenv("MARKTPLATZ_STORE_URL_FILE", str(file))
    assert ProcessSettings().store_url_of("notify") == "mongodb://u:p@db.example/marktplatz_notify"


def test_an_exception_for_a_service_counts_before_the_file(file: Path) -> None:
    settings = ProcessSettings(store_url_file=file, store_urls={"notify": "sqlite:///other.db"})
    assert settings.store_url_of("notify") == "sqlite:///other.db"
    assert settings.store_url_of("catalog") == "mongodb://u:p@db.example/marktplatz_catalog"


def test_a_variable_and_a_file_together_are_refused(file: Path) -> None:
    with pytest.raises(ValidationError, match="not both"):
        ProcessSettings(store_url="sqlite:///a.db", store_url_file=file)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "cannot be read"), (b" \n", "is empty"), (b"\xff", "cannot be read")],
    ids=["gone", "empty", "bytes"],
)
def test_a_file_that_names_no_store_is_an_error_that_repeats_nothing_of_it(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "url"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidError, match=reason) as caught:
        ProcessSettings(store_url_file=path).store_url_of("catalog")
    assert caught.value.code == "store_url_unreadable"
    assert "0xff" not in caught.value.detail
