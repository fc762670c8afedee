"""The report of a run: as text, as JUnit XML, and as one HTML page that needs nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template
from xml.etree import ElementTree as ET

from efa_partner.conformance.remedies import remedy
from efa_partner.conformance.run import Result, Verdict
from efa_partner.errors import PartnerError

_MARKS = {Verdict.PASSED: "ok  ", Verdict.FAILED: "FAIL", Verdict.NOT_RUN: "--  "}
_CONTROL = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127), "�")


class ReportError(PartnerError):
    """The report cannot be written."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was played against which environment, and when."""

    partner: str
    kit: str
    began: datetime
    seconds: float
    results: Sequence[Result]

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many cases ended how."""
        found = Counter(result.verdict for result in self.results)
        return {verdict: found[verdict] for verdict in Verdict}

    def summary(self) -> str:
        """Return the count in one line."""
        counts = self.counts
        numbers = ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)
        return f"{len(self.results)} cases: {numbers} ({self.seconds:.0f} s)"

    def write(self, folder: Path, language: str) -> None:
        """Write report.txt, report.xml and report.html. Raises ReportError."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "report.txt").write_text(text(self, language), encoding="utf-8")
            (folder / "report.xml").write_bytes(junit(self, language))
            (folder / "report.html").write_text(html(self), encoding="utf-8")
        except OSError as error:
            raise ReportError(f"the report cannot be written to {folder}: {error}", code="report_unwritable") from error


def line(result: Result, language: str) -> str:
    """Return a result in a line; below it what a failure needs."""
    case = result.case
    shown = f"{_MARKS[result.verdict]} {case.id}: {case.title.text(language)}"
    if result.verdict is Verdict.PASSED:
        return shown
    words = _WORDS[language]
    rows = [
        f"{words['expected']}: {case.expected}",
        f"{words['got']}: {_got(result)}",
        f"{words['why']}: {case.why.text(language)}",
    ]
    todo = remedy(result)
    if todo is not None:
        rows.append(f"{words['remedy']}: {todo.text(language)}")
    return "\n".join([shown, *(f"       {row}" for row in rows)])


def text(report: Report, language: str) -> str:
    """Return the report for people, every case with what was expected and what came."""
    words = _WORDS[language]
    lines = [f"{words['title']}: {report.partner}, {report.kit}, {report.began.isoformat(timespec='seconds')}", ""]
    for result in report.results:
        lines.append(line(result, language))
        if result.verdict is Verdict.PASSED:
            lines.append(f"       {words['expected']}: {result.case.expected}; {words['got']}: {_got(result)}")
            lines.append(f"       {words['why']}: {result.case.why.text(language)}")
    return "\n".join([*lines, "", report.summary(), ""])


def junit(report: Report, language: str) -> bytes:
    """Return the report as JUnit XML."""
    counts = report.counts
    suite = ET.Element(
        "testsuite",
        name="efa-partner conformance",
        tests=str(len(report.results)),
        failures=str(counts[Verdict.FAILED]),
        errors="0",
        skipped=str(counts[Verdict.NOT_RUN]),
        time=f"{report.seconds:.3f}",
        timestamp=report.began.isoformat(timespec="seconds"),
    )
    for result in report.results:
        case = ET.SubElement(
            suite, "testcase", classname="efa_partner.conformance", name=result.case.id, time=f"{result.seconds:.3f}"
        )
        if result.verdict is Verdict.PASSED:
            continue
        kind = "failure" if result.verdict is Verdict.FAILED else "skipped"
        node = ET.SubElement(case, kind, message=_clean(f"expected {result.case.expected}, got {_got(result)}"))
        node.text = _clean(line(result, language))
    root = ET.Element("testsuites")
    root.append(suite)
    encoded: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return encoded


def html(report: Report) -> str:
    """Return the report as a page in German and English."""
    rows = "".join(_row(result) for result in report.results)
    return _PAGE.substitute(
        partner=escape(report.partner),
        kit=escape(report.kit),
        began=escape(report.began.isoformat(timespec="seconds")),
        summary=escape(report.summary()),
        verdict="passed" if report.counts[Verdict.PASSED] == len(report.results) else "failed",
        rows=rows,
    )


def _row(result: Result) -> str:
    case, todo = result.case, remedy(result)
    cells = [
        f"<td><span class='mark'>{escape(result.verdict.value)}</span></td>",
        f"<td><b>{escape(case.title.de)}</b><br><i lang='en'>{escape(case.title.en)}</i><br><code>{escape(case.id)}</code></td>",
        f"<td>{escape(str(case.expected))}</td>",
        f"<td>{escape(_got(result))}</td>",
        f"<td>{escape(case.why.de)}<br><i lang='en'>{escape(case.why.en)}</i></td>",
        "<td></td>" if todo is None else f"<td>{escape(todo.de)}<br><i lang='en'>{escape(todo.en)}</i></td>",
    ]
    return f"<tr class='{result.verdict.name.lower()}'>{''.join(cells)}</tr>\n"


def _got(result: Result) -> str:
    if result.got is None:
        return f"not run: {result.note}"
    parts = [str(result.got), *result.got.faults]
    if result.got.detail is not None and not result.case.expected.met_by(result.got):
        parts.append(result.got.detail)
    return "; ".join(parts)


def _clean(content: str) -> str:
    """Return a text without what XML 1.0 cannot hold."""
    return content.translate(_CONTROL).encode("utf-8", "replace").decode()


_WORDS = {
    "de": {"title": "Konformitätslauf", "expected": "erwartet", "got": "erhalten", "why": "warum", "remedy": "was tun"},
    "en": {"title": "Conformance run", "expected": "expected", "got": "got", "why": "why", "remedy": "what to do"},
}
_PAGE = Template("""<!doctype html>
<html lang="de">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Konformitätslauf $partner</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; color: #1b1b1b }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #767676; padding: .5rem; text-align: left; vertical-align: top }
.mark { font-weight: bold; padding: .1rem .5rem; border: 2px solid; white-space: nowrap }
.passed .mark { color: #0b5d1e } .failed .mark { color: #a3000b } .not_run .mark { color: #5c4400 }
.failed td { background: #fdecec } .sum { font-size: 1.2rem; font-weight: bold }
</style>
</head>
<body>
<h1>Konformitätslauf <span lang="en">(conformance run)</span>: $partner</h1>
<p>$kit, $began</p>
<p class="sum $verdict">$summary</p>
<table>
<thead><tr><th scope="col">Ergebnis<br><i lang="en">Result</i></th><th scope="col">Fall<br><i lang="en">Case</i></th>
<th scope="col">Erwartet<br><i lang="en">Expected</i></th><th scope="col">Erhalten<br><i lang="en">Got</i></th>
<th scope="col">Warum<br><i lang="en">Why</i></th><th scope="col">Was tun<br><i lang="en">What to do</i></th></tr></thead>
<tbody>
$rows</tbody>
</table>
</body>
</html>
""")
