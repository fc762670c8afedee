"""The report of a demo: well-formed, escaped, accessible, and in need of nothing else."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest

from marktplatz.console import make_console
from marktplatz.demo import report
from marktplatz.demo.screen import Screen, equals, holds
from marktplatz.demo.tables import Section, table

AT = datetime(2026, 11, 24, 9, 5, 7, tzinfo=UTC)
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror="alert(1)">',
    "' onmouseover='alert(1)",
    "</table></details><h1>",
    "&lt;b&gt; & &amp;",
    "{{ 7 * 7 }}{% raw %}",
    "<!-- <![CDATA[ ]]> -->",
    "]]></script>",
    "\x00\x01\x1b[31m\x7f\ufffe\ud800",
]


def story(text: str, *, fails: bool = False) -> Screen:
    """Return a story in which every text is ``text``."""
    screen = Screen(make_console(stream=io.StringIO()))
    screen.act(text)
    screen.scene(text, text, holds(text, not fails, text), equals(text, text, text), waiting=text, notes=[text])
    return screen


def sections_of(text: str) -> list[Section]:
    full = table(text, [text, "b"], [[text, None], [1, ""]])
    return [Section(text, text, (full, table(text, ["a"], []), table(text, ["a", "b"], [[text, text]], folded=True)))]


def parsed(html: str) -> Element:
    return fromstring(html)  # noqa: S314 - written just now


def texts(root: Element) -> Iterator[str]:
    for element in root.iter():
        yield element.text or ""
        yield element.tail or ""
        yield from element.attrib.values()


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_stays_text_wherever_it_stands(name: str) -> None:
    harmless = parsed(report.render(story("Husum"), sections_of("Husum"), AT))
    root = parsed(report.render(story(name), sections_of(name), AT))
    assert [element.tag for element in root.iter()] == [element.tag for element in harmless.iter()]
    assert [sorted(element.attrib) for element in root.iter()] == [sorted(element.attrib) for element in harmless.iter()]
    shown = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\ud800]", "\N{REPLACEMENT CHARACTER}", name)
    assert sum(text.count(shown) for text in texts(root)) == sum(text.count("Husum") for text in texts(harmless)) > 0


def test_the_report_needs_nothing_else_and_runs_nothing() -> None:
    root = parsed(report.render(story("x"), sections_of("x"), AT))
    assert not [element.tag for element in root.iter() if element.tag in ("script", "link", "img", "iframe", "object", "form")]
    addresses = [value for element in root.iter() for name, value in element.attrib.items() if name in ("src", "href", "action")]
    assert all(value.startswith("#") for value in addresses)
    (policy,) = [element.get("content") for element in root.iter("meta") if element.get("http-equiv")]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert "url(" not in (root.find("head/style").text or "")  # type: ignore[union-attr] # it is there


def test_every_link_of_the_contents_leads_to_a_heading() -> None:
    root = parsed(report.render(story("x"), sections_of("x") * 3, AT))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert {element.get("href", "").removeprefix("#") for element in root.iter("a")} <= set(ids)
    assert {element.get("aria-labelledby") for element in root.iter("section")} <= set(ids)


def test_it_is_german_with_headings_in_order_and_headers_that_say_what_they_head() -> None:
    root = parsed(report.render(story("x"), sections_of("x"), AT))
    assert root.get("lang") == "de"
    levels = [int(element.tag[1]) for element in root.iter() if re.fullmatch("h[1-6]", element.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for found in root.iter("table"):
        assert found.find("caption") is not None
        assert {header.get("scope") for header in found.findall("thead/tr/th")} == {"col"}
        columns = len(found.findall("thead/tr/th"))
        for row in found.findall("tbody/tr"):
            assert sum(int(cell.get("colspan", 1)) for cell in row) == columns
            assert all(header.get("scope") == "row" for header in row.findall("th"))


def test_colours_have_the_contrast_of_wcag_aa() -> None:
    style = parsed(report.render(story("x"), [], AT)).find("head/style").text or ""  # type: ignore[union-attr] # it is there
    for colour in re.findall(r"(?<![-\w])color: (#[0-9a-f]+)", style):
        for background in ("#fff", "#e6edf5"):
            assert contrast(colour, background) >= 4.5, colour


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of WCAG 2.2."""

    def luminance(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
        parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_a_failed_check_shows_what_was_found() -> None:
    html = report.render(story("Behauptung", fails=True), [], AT)
    root = parsed(html)
    found = ["".join(element.itertext()) for element in root.iter("li")]
    assert any("✗ nicht bestanden Behauptung; gefunden: Behauptung" in text for text in found)
    assert "1 von 2 Prüfungen nicht bestanden" in "".join(root.itertext())


def test_each_run_writes_a_file_of_its_own(tmp_path: Path) -> None:
    first = report.write(tmp_path / "a" / "b", story("x"), sections_of("x"), AT)
    assert first.parent == tmp_path / "a" / "b"
    assert re.fullmatch(r"bericht-20261124-090507-\d+\.html", first.name)
    assert parsed(first.read_text(encoding="utf-8")).tag == "html"
