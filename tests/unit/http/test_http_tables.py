"""Tables for people: German spreadsheet programs open them as they are, and nothing in them is a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, date, datetime

import pytest
from starlette.requests import Request

import services.catalog.schemas.table as catalog
import services.contracts.accessions.table as accessions
import services.contracts.table as contracts
import services.eligibility.table as eligibility
import services.ordering.table as ordering
from shared.http.paging import Page, decode_cursor
from shared.http.tables import Row, Sheet, TableLanguage, cell, table_language, table_reply, wants_table
from shared.messages.values import Party
from shared.search.contains import contain, words_of


def asking(*accept: str) -> Request:
    """Return a request with this Accept header."""
    return Request({"type": "http", "headers": [(b"accept", it.encode()) for it in accept]})


@pytest.mark.parametrize(
    ("accept", "table"),
    [
        ([], False),
        (["*/*"], False),
        (["application/json"], False),
        (["text/csv"], True),
        (["text/csv;q=0.5, application/json"], False),
        (["application/json;q=0.5, text/csv"], True),
        (["text/html"], False),
        (["image/png"], False),
    ],
)
def test_a_table_is_for_who_prefers_one_and_everybody_else_gets_json(accept: list[str], *, table: bool) -> None:
    assert wants_table(asking(*accept)) is table


@pytest.mark.parametrize("text", ["=1+1", "+49", "-1", "@SUM(A1)", "\t=1", " =1", "\r\n=1", "\uff1d1", "\uff20x"])
def test_what_could_be_a_formula_is_none(text: str) -> None:
    assert cell(text) == f"'{' '.join(text.split())}"


def test_cells_are_one_line_and_times_are_german() -> None:
    assert cell("a\nb;c") == "a b;c"
    assert [cell(it) for it in (None, 3, date(2027, 1, 31))] == ["", "3", "2027-01-31"]
    assert cell(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)) == "2027-01-01 00:30"


@pytest.mark.parametrize(
    ("header", "language"),
    [(None, "de"), ("en", "en"), ("de, en", "de"), ("en-GB;q=0.9, de;q=0.1", "en"), ("fr", "de"), ("en;q=0", "de")],
)
def test_a_table_is_german_unless_english_is_preferred(header: str | None, language: str) -> None:
    headers = [] if header is None else [(b"accept-language", header.encode())]
    assert table_language(Request({"type": "http", "headers": headers})) == language


@pytest.mark.parametrize("sheets", [catalog.SHEETS, eligibility.SHEETS, ordering.SHEETS, contracts.SHEETS, accessions.SHEETS])
def test_each_table_has_heads_of_its_own_in_both_languages(sheets: Mapping[TableLanguage, Sheet]) -> None:
    german, english = sheets["de"], sheets["en"]
    assert len(german.columns) == len(set(german.columns)) == len(set(english.columns)) == len(english.columns)
    assert german.name != english.name
    assert not re.search(r"[äöüß]|\b(der|die|des|seit|am|Kennung|Stelle)\b", " ".join(english.columns))


async def test_a_table_is_sent_portion_by_portion_and_read_back_as_it_was() -> None:
    read: list[int] = []

    async def portions() -> AsyncIterator[Iterable[Row]]:
        for number in range(3):
            read.append(number)
            yield [(f'Zeile "{number}"; ü', number)]

    reply = await table_reply(Sheet("liste", ("Name", "Zahl")), "de", portions())
    assert read == [0], "the first portion is read before the answer begins"
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert reply.headers["content-disposition"] == 'attachment; filename="liste.csv"'
    chunks = [bytes(chunk) async for chunk in reply.body_iterator]  # type: ignore[arg-type] # bytes is what is sent
    assert len(chunks) == 3
    text = b"".join(chunks).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    assert rows == [["Name", "Zahl"], *[[f'Zeile "{number}"; ü', str(number)] for number in range(3)]]
    assert text.endswith("\r\n")


async def test_a_table_of_nothing_has_its_headings() -> None:
    async def nothing() -> AsyncIterator[Iterable[Row]]:
        for _ in ():
            yield []

    reply = await table_reply(Sheet("leer", ("Name",)), "de", nothing())
    assert b"".join([bytes(it) async for it in reply.body_iterator]) == b'\xef\xbb\xbf"Name"\r\n'  # type: ignore[arg-type]


async def test_an_error_before_the_first_row_still_shows() -> None:
    async def failing() -> AsyncIterator[Iterable[Row]]:
        raise ConnectionError
        yield []

    with pytest.raises(ConnectionError):
        await table_reply(Sheet("liste", ("Name",)), "de", failing())


def test_each_word_may_stand_anywhere_whatever_its_case_and_umlauts() -> None:
    texts = ("Führerschein, Umtausch", None, "komm_one")
    assert contain(texts, words_of("FUEHRER komm"))
    assert contain(texts, words_of("  "))
    assert not contain(texts, words_of("führer dataport"))


def test_a_short_page_leads_on_from_where_it_has_stopped() -> None:
    found = [Party(id="a", name="A")]

    def cut(limit: int, behind: tuple[str, ...] | None) -> Page[Party]:
        return Page.cut(found * 2, limit, lambda it: (it.id,), lambda it: it, behind=behind)

    assert decode_cursor(cut(5, ("z",)).next) == ("z",)
    assert decode_cursor(cut(1, ("z",)).next) == ("a",)
    assert cut(5, None).next is None
