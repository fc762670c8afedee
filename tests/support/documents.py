"""The Markdown pages of the repository, and what their links to code name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_GENERATED = {".venv", ".git", "build", "var", "node_modules"}
_LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<target>[^)\s#]+\.py)(?:#[^)]*)?\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class CodeLink:
    """A link to a Python file. ``name`` is what its text names: something the file defines, or the file's own path."""

    page: Path
    name: str
    target: Path

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: [{self.name}]({self.target})"

    def fault(self) -> str | None:
        """Return what is wrong with the link, None if its file exists and defines the name."""
        if not self.target.is_file():
            return f"{self}: there is no such file"
        if not (self.name.startswith("`") and self.name.endswith("`")):
            return f"{self}: a link to code names what it leads to, as `Name`"
        name = self.name.strip("`")
        if name == self.target.relative_to(ROOT).as_posix() or name in definitions(self.target):
            return None
        return f"{self}: the file does not define {name}"


def pages(root: Path = ROOT) -> list[Path]:
    """Return every Markdown page below a folder, but for what tools have put there."""
    return sorted(page for page in root.rglob("*.md") if _GENERATED.isdisjoint(page.relative_to(root).parts))


def code_links(page: Path, text: str | None = None) -> Iterator[CodeLink]:
    """Yield the links of a page that lead to Python files."""
    content = page.read_text(encoding="utf-8") if text is None else text
    for match in _LINK.finditer(_FENCE.sub("", content)):
        if "://" not in match["target"]:
            yield CodeLink(page, match["text"], (page.parent / match["target"]).resolve())


@cache
def definitions(path: Path) -> frozenset[str]:
    """Return the dotted names that a Python file defines: constants, functions, classes, and what stands in their bodies."""
    return frozenset(_defined(ast.parse(path.read_text(encoding="utf-8")), ""))


def _defined(parent: ast.Module | ast.ClassDef, prefix: str) -> Iterator[str]:
    for node in parent.body:
        match node:
            case ast.ClassDef(name=name):
                yield f"{prefix}{name}"
                yield from _defined(node, f"{prefix}{name}.")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield f"{prefix}{name}"
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield f"{prefix}{name}"
            case ast.Assign(targets=targets):
                yield from (f"{prefix}{name.id}" for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))
            case _:
                pass
