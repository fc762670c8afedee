"""The report of a demo: one HTML file that needs nothing else, for a browser or a screen reader."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from marktplatz.demo.screen import Screen
from marktplatz.demo.tables import Section

TEMPLATE = "report.html"
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|\x7f")


def render(screen: Screen, sections: Sequence[Section], at: datetime) -> str:
    """Return the report as HTML that is well-formed XML too; every text from the run is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template(TEMPLATE).render(screen=screen, sections=sections, at=at)
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def write(folder: Path, screen: Screen, sections: Sequence[Section], at: datetime) -> Path:
    """Write the report into a folder under a name of its own and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"bericht-{at:%Y%m%d-%H%M%S}-{os.getpid()}.html"
    file.write_text(render(screen, sections, at), encoding="utf-8")
    return file
