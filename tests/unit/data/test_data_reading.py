"""Reading a CSV file: a byte order mark does no harm, and what is wrong is named where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.catalog.rows import OzgTopic
from shared.csv_rows import read_csv
from shared.errors import InvalidError
from tests.unit.data.test_data_sources import DATA

TEXT = (DATA / "ozg_topics.csv").read_text(encoding="utf-8")
HEADER = TEXT.splitlines()[0]


def read(tmp_path: Path, content: bytes) -> list[OzgTopic]:
    file = tmp_path / "ozg_topics.csv"
    file.write_bytes(content)
    return list(read_csv(file, OzgTopic))


def refused(tmp_path: Path, content: bytes) -> InvalidError:
    with pytest.raises(InvalidError) as error:
        read(tmp_path, content)
    return error.value


def test_a_byte_order_mark_changes_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, TEXT.encode("utf-8-sig")) == read(tmp_path, TEXT.encode())


@pytest.mark.parametrize(("sign", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_delimiter_is_named(tmp_path: Path, sign: str, name: str) -> None:
    error = refused(tmp_path, TEXT.replace(",", sign).encode("utf-8-sig"))
    assert error.code == "reference_header"
    assert name in error.detail


@pytest.mark.parametrize("rest", ["", TEXT.partition("\n")[2]])
def test_missing_columns_are_named_whether_there_are_rows_or_not(tmp_path: Path, rest: str) -> None:
    error = refused(tmp_path, f"{HEADER.replace('topic_id', 'id')}\n{rest}".encode())
    assert (error.code, error.context["missing"]) == ("reference_header", ["topic_id"])


def test_an_empty_file_lacks_its_header(tmp_path: Path) -> None:
    assert refused(tmp_path, b"").code == "reference_header"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_is_named(tmp_path: Path, encoding: str) -> None:
    error = refused(tmp_path, f"{HEADER}\nF\u00fchrerschein".encode(encoding))
    assert error.code == "reference_encoding"
    assert "UTF-8" in error.detail
