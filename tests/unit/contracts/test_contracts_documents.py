"""Contracts, annexes and statements become PDF/A-3 documents: the same data give the same bytes, and nothing is lost."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.documents.printable import FONTS, covered, printable
from services.contracts.documents.rendering import STANDARDS, TEMPLATES, Renderer
from services.contracts.documents.sheets import contract_sheets, download_name
from services.contracts.documents.yearly import statement_sheet, yearly_statement
from shared.errors import InvalidError
from tests.support import contract_documents as samples
from tests.support.contract_documents import (
    ADDRESSES,
    amended_contract,
    condition,
    contract,
    plain,
    reader,
    root_contract,
    text_of,
    yearly,
)

RENDERER = Renderer()


def made(data: dict[str, Any]) -> dict[str, bytes]:
    return {document.name: document.content for document in map(RENDERER.render, contract_sheets(data, ADDRESSES))}


def statement_document(data: dict[str, Any]) -> bytes:
    return RENDERER.render(statement_sheet(data, ADDRESSES)).content


def test_a_contract_has_a_document_and_annexes_for_what_it_holds() -> None:
    assert list(made(contract())) == ["vertrag.pdf", "kostenblatt.pdf"]
    assert list(made(contract(prices=0, conditions=2))) == ["vertrag.pdf", "konditionen.pdf"]


def test_the_contract_names_parties_subject_prices_terms_annexes_and_signatures() -> None:
    text = text_of(made(contract(conditions=1))["vertrag.pdf"])
    for words in (
        "SaaS-Nachnutzungsvertrag", "Vertragsnummer: FITST/2026/0001", "Freistaat Sachsen", "Archivstraße 1", "01097 Dresden",
        "nachfolgend „Kunde“", "stellt dem Kunden den", "Für den Kunden", "Präambel", "§ 1 Vertragsgegenstand", "„Digitaler Einbürgerungsantrag“", "12.345,67 €", "Summe je Jahr",
        "SaaS-Nachnutzungs-AGB, Version „EfA-Marktplatz 2022“", "Leitweg-ID 14-1234567890-12", "Anlage 1: Vereinbarte Konditionen",
        "Zeichnung", "durch die Bestellung zum Vorgang V-2026-000017 vom 24. November 2026", "Seite 1 von",
    ):  # fmt: skip
        assert plain(words) in text, words


def test_what_the_chain_agreed_stands_in_the_contract_with_both_pairs_of_eyes() -> None:
    text = text_of(made(root_contract())["vertrag.pdf"])
    for words in (
        "SaaS-Bereitstellungsvertrag", "Fassung: 2", "beginnt am 1. Januar 2027 und endet am 31. Dezember 2030",
        "mit einer Frist von 6 Monaten zum Ende eines Kalenderjahrs", "mit einer Frist von einem Monat",
        "zum Beginn eines Kalendervierteljahrs", "Gebiet: Deutschland", "gezeichnet am 24. November 2026", "durch p-4711",
        "freigegeben durch p-4712", "(Vier-Augen-Prinzip)", "Nr. FITST/2026/0001 · Fassung 2",
    ):  # fmt: skip
        assert plain(words) in text, words


def test_an_amended_contract_has_a_nachtrag_of_what_was_and_what_is() -> None:
    documents = made(amended_contract())
    assert list(documents) == ["vertrag.pdf", "nachtrag.pdf"]
    text = text_of(documents["nachtrag.pdf"])
    for words in (
        "Nachtrag Nr. 1", "Vereinbart am: 1. Februar 2027", "Anlass: Reform der Kreise", "unbefristet", "bis 31. Dezember 2030",
        "Sachsen (ARS 14), ARS 130750000000", "Leistungen „Digitaler Einbürgerungsantrag“", "erlaubt, durch Beitritt", "nicht erlaubt", "entgeltfrei", "keine vereinbart",
        "6 Monate zum Ende eines", "1 Monat", "Version „2027“", "Leistungsbeschreibung", "mit-gebuehr", "gezeichnet am 30. Januar 2027",
    ):  # fmt: skip
        assert plain(words) in text, words
    assert list(made(amended_contract() | {"version": 3})) == ["vertrag.pdf"]


def test_a_day_is_that_of_germany() -> None:
    data = contract(concluded_at="2026-12-31T23:30:00Z", conditions=1)
    assert plain("1. Januar 2027") in text_of(made(data)["vertrag.pdf"])
    assert plain("25.11.2026") in text_of(made(data)["konditionen.pdf"])


def test_a_contract_below_the_first_has_its_own_roles() -> None:
    data = contract(leg="SUB_NACHNUTZUNG", title="Sub-Nachnutzungsvertrag", parent_number="GD/2026/00004")
    text = text_of(made(data)["vertrag.pdf"])
    assert plain("nachfolgend „Nachnutzungsgeber“") in text
    assert plain("Vertrag Nr. GD/2026/00004") in text


def test_a_contract_without_an_order_has_its_documents_too() -> None:
    data = contract(leg="SUB_NACHNUTZUNG", title="Sub-Nachnutzungsvertrag", order_id=None, order_number=None, ordered_at=None)
    signatures = [{"side": "grantor", "on": "2026-11-20"}, {"side": "grantee", "on": "2026-11-24"}]
    text = text_of(made(data | {"signatures": signatures})["vertrag.pdf"])
    assert plain("gezeichnet am 20. November 2026") in text
    assert plain("Vorgang") not in text


@pytest.mark.slow
def test_every_line_and_condition_is_there_however_many_pages_it_takes() -> None:
    documents = made(contract(prices=30, conditions=120))
    conditions, costs = text_of(documents["konditionen.pdf"]), text_of(documents["kostenblatt.pdf"])
    assert all(f"Kondition{place}:" in conditions for place in range(120))
    assert all(f"Position{place}:" in costs for place in range(30))
    pages = [page.extract_text() for page in reader(documents["konditionen.pdf"]).pages]
    assert len(pages) > 3
    for place, page in enumerate(pages, start=1):
        assert f"Seite {place} von {len(pages)}" in " ".join(page.split())
        assert "vereinbart am" in page, "the head of the table is repeated"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Łódź, Šiauliai, Đakovo, ẞ", "Łódź, Šiauliai, Đakovo, ẞ"),
        ("Mu\u0308nchen", "München"),
        ("Привет 😀", "[U+041F][U+0440]"),
        ("ﬁnden \u22125 % \ufeff", "finden \u20135 %"),
        ("# = * _ ` $ @ < \\ // #eval(1)", "# = * _ ` $ @ < \\ // #eval(1)"),
    ],
)
def test_what_people_write_is_shown_as_it_is_and_what_the_fonts_lack_by_its_code(given: str, shown: str) -> None:
    assert plain(shown) in text_of(made(contract(conditions=0) | {"conditions": [condition(given)]})["konditionen.pdf"])


def test_a_word_longer_than_a_line_stays_on_the_page() -> None:
    (page,) = reader(made(contract() | {"conditions": [condition("W" * 300)]})["konditionen.pdf"]).pages
    assert "W" * 300 in plain(page.extract_text())
    assert max(len(line.split("\u200b")) for line in page.extract_text().splitlines()) < 60


@given(st.text(min_size=1, max_size=60))
def test_printable_text_has_only_what_the_fonts_have(text: str) -> None:
    assert covered().issuperset(printable(text).replace("\n", ""))


@given(st.text(alphabet=sorted(covered())).filter(lambda text: unicodedata.is_normalized("NFC", text)))
def test_printable_text_that_the_fonts_have_stays_as_it_is(text: str) -> None:
    if not {"\u00ad", "\u0085"} & set(text):
        assert printable(text) == text


def test_the_fonts_have_every_character_that_they_are_said_to_have() -> None:
    letters = "".join(sorted(covered()))
    rows = [letters[start : start + 40] for start in range(0, len(letters), 40)]
    document = made(contract() | {"conditions": [condition(row) for row in rows], "title": "Ä" * 20})
    assert document["konditionen.pdf"], "the standard refuses a character that no font has"
    assert {path.name for path in FONTS.glob("*.ttf")} == {"NotoSans-Regular.ttf", "NotoSans-Bold.ttf"}


@pytest.mark.parametrize("case", ["p01-efa-100000-all-laender", "p18-*", "p23-*", "p29-*"])
def test_a_statement_shows_the_lines_of_its_payer_and_their_sum(case: str) -> None:
    (path,) = samples.CASES.glob(f"{case}.json")
    expected = json.loads(path.read_text("utf-8"))["expected"]
    for row in expected["payers"][:3]:
        data = yearly(path.stem, row["payer"])
        text = text_of(statement_document(data))
        assert (data["contract_cents"], data["budget_cents"]) == (row["contract_cents"], row["budget_cents"])
        assert len(data["lines"]) == sum(
            line["payer"] == row["payer"] for item in expected["items"] for pool in item["pools"] for line in pool["lines"]
        )
        assert expected["hash"] in text
        for cents in {row["contract_cents"], row["budget_cents"]} - {0}:
            assert plain(german(cents)) in text


def german(cents: int) -> str:
    return f"{cents / 100:,.2f} €".replace(",", "_").replace(".", ",").replace("_", ".")


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        ("1/3", "33,33 %"),
        ("2/3", "66,67 %"),
        ("1/1", "100,00 %"),
        ("1/100000", "0,00 %"),
        (f"{10**40 + 1}/{8 * 10**40}", "12,50 %"),
    ],
)
def test_the_share_is_shown_in_percent_however_long_its_fraction(share: str, shown: str) -> None:
    data = yearly()
    data["lines"][0]["share"] = share
    assert plain(shown) in text_of(statement_document(data))


def test_a_correction_says_what_it_changes_and_that_the_former_stays() -> None:
    data = yearly() | {"correction": {"previous_hash": "a" * 64, "contract_cents": -1234, "budget_cents": 0}}
    text = text_of(statement_document(data))
    assert plain("Jahresabrechnung (Berichtigung)") in text
    assert plain("Guthaben netto: 12,34 €") in text
    assert "a" * 64 in text


def test_a_statement_that_does_not_sum_up_becomes_no_document() -> None:
    data = yearly()
    data["contract_cents"] += 1
    with pytest.raises(InvalidError, match="do not sum up") as raised:
        statement_sheet(data)
    assert raised.value.code == "no_statement_document"
    with pytest.raises(InvalidError, match=r"cost-statement/1 is needed"):
        yearly_statement({}, contract(), number="1", issued_on="2026-01-01")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"state": "ABGELEHNT"}, "it is ABGELEHNT"),
        ({"leg": "UNTERVERTRAG"}, "leg"),
        ({"customer": None}, "customer"),
        ({"concluded_at": None, "recorded_at": None, "ordered_at": None}, "it has no time"),
        ({"price_items": [{"kind": "FEST"}]}, r"price_items\.0"),
    ],
)
def test_what_is_no_contract_or_was_refused_has_no_document(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidError, match=why) as raised:
        contract_sheets(contract() | changes)
    assert raised.value.code == "no_contract_document"


def test_data_that_a_template_cannot_read_are_refused_with_the_template() -> None:
    (sheet, *_) = contract_sheets(contract(notice={"until": "ever"}))
    with pytest.raises(InvalidError) as raised:
        RENDERER.render(sheet)
    assert raised.value.code == "document_not_typeset"


@pytest.mark.parametrize("document", ["vertrag.pdf", "konditionen.pdf", "kostenblatt.pdf", "abrechnung.pdf"])
def test_a_document_is_archivable_and_accessible(document: str) -> None:
    data = yearly() if document == "abrechnung.pdf" else contract(conditions=2)
    content = statement_document(data) if document == "abrechnung.pdf" else made(data)[document]
    pdf = reader(content)
    root: Any = pdf.trailer["/Root"]
    xmp = root["/Metadata"].get_object().get_data().decode()
    for mark in ("<pdfaid:part>3</pdfaid:part>", "<pdfaid:conformance>A</pdfaid:conformance>", "<pdfuaid:part>1</pdfuaid:part>"):
        assert mark in xmp
    assert root["/Lang"] == "de-DE"
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"].value
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert pdf.metadata is not None
    assert pdf.metadata.title
    assert STANDARDS == ("a-3a", "ua-1")


def test_the_canonical_json_is_attached_as_the_data_of_the_document() -> None:
    data = contract(conditions=1) | {"order_reference": "Az. 😀"}
    pdf = reader(made(data)["vertrag.pdf"])
    assert pdf.attachments == {"vertrag.json": [samples.as_json(data)]}
    root: Any = pdf.trailer["/Root"]
    (file,) = root["/AF"]
    assert file.get_object()["/AFRelationship"] == "/Data"
    statement = yearly()
    assert reader(statement_document(statement)).attachments == {"abrechnung.json": [samples.as_json(statement)]}


def test_only_our_fonts_are_used_and_all_are_embedded() -> None:
    fonts = set()
    for page in reader(made(contract(conditions=1))["vertrag.pdf"]).pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            (descendant,) = font.get_object()["/DescendantFonts"]
            descriptor = descendant.get_object()["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & descriptor.keys()
            fonts.add(descriptor["/FontName"].split("+")[1])
    assert fonts == {"NotoSans-Regular", "NotoSans-Bold"}


_AGAIN = """
import json, sys
from services.contracts.documents.rendering import Renderer
from services.contracts.documents.sheets import contract_sheets
data = json.load(sys.stdin)
print([Renderer().render(sheet).sha256 for sheet in contract_sheets(data["contract"], data["addresses"])])
"""


@pytest.mark.slow
def test_another_process_elsewhere_at_another_time_makes_the_same_bytes(tmp_path: Path) -> None:
    data = contract(prices=12, conditions=12)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "TZ": "Pacific/Auckland",
        "LANG": "C",
    }
    again = subprocess.run(
        [sys.executable, "-c", _AGAIN], input=json.dumps({"contract": data, "addresses": ADDRESSES}),
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert again.stdout.strip() == str([hashlib.sha256(content).hexdigest() for content in made(data).values()])


def test_making_others_in_between_changes_nothing() -> None:
    first = made(contract())
    made(root_contract())
    statement_document(yearly())
    assert made(contract()) == first


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=200).filter(str.strip))
def test_any_text_can_be_typeset(text: str) -> None:
    assert made(contract() | {"conditions": [condition(text.strip())]})["konditionen.pdf"].startswith(b"%PDF-1.7")


@pytest.mark.slow
def test_memory_does_not_grow_with_the_documents_made() -> None:
    def megabytes() -> float:
        status = Path("/proc/self/status").read_text("ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def make(first: int, count: int) -> None:
        for place in range(first, first + count):
            (sheet, *_) = contract_sheets(contract(number=f"FITST/2026/{place:04d}", order_number=f"V-{place}"))
            RENDERER.render(sheet)

    make(0, 30)
    before = megabytes()
    make(30, 60)
    assert megabytes() - before < 4


def test_a_template_once_released_never_changes() -> None:
    lines = (TEMPLATES / "released.txt").read_text("ascii").splitlines()
    released = {name: digest for digest, name in (line.split() for line in lines)}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in TEMPLATES.glob("*.typ")}
    assert found == released, "a released template is data of contracts: write a new version beside it, and list it"


def test_a_document_is_saved_under_the_number_of_its_contract() -> None:
    assert download_name("FITST/2026/0001", "vertrag.pdf") == "FITST-2026-0001-vertrag.pdf"
    assert download_name(None, "vertrag.pdf") == "entwurf-vertrag.pdf"
