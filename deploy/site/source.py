"""The tree of Markdown that the site is built from: the project's pages where they stand, generated ones below ``reference``."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy.site import asyncapi_page, openapi_page
from deploy.site.text import code, escaped, table
from shared.schemas import generate

PROJECT = Path(__file__).resolve().parents[2]
_PASSED = {".venv", ".git", "build", "var", "node_modules", "dist", ".hypothesis", ".pytest_cache"}
_LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")
_FENCE = re.compile(r"^\s*(```|~~~)")
_ABSOLUTE = re.compile(r"^[a-z][a-z0-9+.-]*:")
_SECTIONS: tuple[tuple[str, str], ...] = (
    ("Connecting from outside", "docs/anbinden/"),
    ("Topics and APIs", "reference/"),
    ("Handbook (German)", "docs/betrieb/"),
    ("Runbooks (German)", "docs/runbooks/"),
    ("Architecture", "docs/architecture/"),
    ("Decisions", "docs/adr/"),
    ("Using and changing", "docs/"),
    ("Manifests and images", "deploy/"),
    ("Kits", "kits/"),
    ("More", ""),
)
_READERS = ("", "-portals", "-partners", "-operators")


class BrokenLinkError(ValueError):
    """Links of pages lead nowhere."""


def assemble(folder: Path, project: Path, made: Mapping[str, str]) -> None:
    """Write the tree into a new folder, with the pages that were made. Raises BrokenLinkError for a link to no file."""
    pages = {path.relative_to(project).as_posix(): path.read_text("utf-8") for path in markdown(project)}
    broken: list[str] = []
    for name, text in pages.items():
        _write(folder / name, "\n".join(_linked(name, text, folder, project, broken)))
    if broken:
        raise BrokenLinkError("links that lead nowhere:\n" + "\n".join(sorted(broken)))
    references = {f"reference/{name}.md": text for name, text in made.items()}
    for name, text in references.items():
        _write(folder / name, text)
    _write(folder / "index.md", _index([*pages, *references]))


def markdown(project: Path) -> Iterator[Path]:
    """Yield the project's Markdown files."""
    for folder, folders, files in os.walk(project):
        folders[:] = sorted(name for name in folders if name not in _PASSED and not name.endswith(".egg-info"))
        yield from (Path(folder) / name for name in sorted(files) if name.endswith(".md"))


def reference() -> dict[str, str]:
    """Return the generated pages by their name: topics by readers, APIs by services, types of messages."""
    pages = {}
    for suffix in _READERS:
        document = json.loads((generate.FOLDER / f"asyncapi{suffix}.json").read_text("utf-8"))
        pages[f"asyncapi{suffix}"] = asyncapi_page.page(f"asyncapi{suffix}", document)
    for name, document in openapi_page.documents().items():
        pages[f"openapi-{name}"] = openapi_page.page(f"openapi-{name}", document)
    pages["messages"] = _messages()
    return pages


def _messages() -> str:
    index = json.loads((generate.FOLDER / "index.json").read_text("utf-8"))["messages"]
    rows = [
        (code(name), ", ".join(code(topic) for topic in entry["topics"]), escaped(entry["key"]), code(entry["dataschema"]))
        for name, entry in index.items()
    ]
    heads = ("Type", "Topics", "Key", "Schema ($id)")
    return f"# Types of messages\n\n{table(heads, rows)}"


def _linked(name: str, text: str, folder: Path, project: Path, broken: list[str]) -> Iterator[str]:
    """Yield the lines of a page: links to folders lead to their README, files that are no pages are copied beside."""

    def link(found: re.Match[str]) -> str:
        opening, place, anchor, closing = found.groups()
        if _ABSOLUTE.match(place):
            return found[0]
        leads = Path(os.path.normpath(Path(name).parent / place)).as_posix()
        if (project / leads).is_dir():
            if (project / leads / "README.md").is_file():
                return f"{opening}{place.rstrip('/')}/README.md{anchor or ''}{closing}"
            return "]" + f"({_REPOSITORY}{leads})"
        if not (project / leads).is_file():
            broken.append(f"{name}: {place}")
        elif not leads.endswith(".md"):
            (folder / leads).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(project / leads, folder / leads)
            return f"{opening}{place}{closing}"
        return found[0]

    fenced = False
    for line in text.split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
        yield line if fenced else _LINK.sub(link, line)


_REPOSITORY = "urn:efa-marktplatz:folder:"
"""What a link to a folder without a page becomes: the site does not hold it."""


def _index(names: list[str]) -> str:
    left = set(names)
    parts = ["# EfA-Marktplatz\n"]
    if {"README.md", "docs/README.md"} <= left:
        parts.append("Start with [what it is](README.md) or with [the list of pages](docs/README.md).\n")
    for title, beginning in _SECTIONS:
        chosen = sorted(name for name in left if name.startswith(beginning))
        left -= set(chosen)
        if chosen:
            lines = "\n".join(name.removesuffix(".md") for name in chosen)
            parts.append(f"```{{toctree}}\n:caption: {title}\n:titlesonly:\n\n{lines}\n```\n")
    return "\n".join(parts)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
