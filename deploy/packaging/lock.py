"""``python -m deploy.packaging.lock``: requirements/*.txt pin what pyproject.toml declares, no less and no more.

It needs no network: what a package needs is read from the metadata of the installed one, with the markers of this interpreter.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = "documents"
"""The extra that has a lock of its own, for the image with the typesetter."""
LOCKS = ("runtime.txt", "dev.txt", f"{DOCUMENTS}.txt")
REPAIR = "run `make lock`"
REINSTALL = "run `make install`"

Needs = Callable[[str], tuple[str, list[str]]]
"""Version and requirements of a package by its name; raises ``PackageNotFoundError``."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A line of a lock file, with the hashes that follow it."""

    requirement: Requirement
    hashes: int

    @property
    def name(self) -> str:
        """Normalised name of the package."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        """The one version that is pinned; empty if the line pins none."""
        found = [item.version for item in self.requirement.specifier if item.operator == "=="]
        return found[0] if len(found) == 1 else ""

    @property
    def applies(self) -> bool:
        """Whether this interpreter needs it."""
        return self.requirement.marker is None or self.requirement.marker.evaluate()


def parse_lock(text: str) -> list[Pin]:
    """Return the pins of a lock file. Raises packaging's InvalidRequirement for a line that is none."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^\s*#.*\n?", "", text))
    lines = (line.split(" --hash=") for line in joined.splitlines() if line.strip())
    return [Pin(Requirement(line[0].strip()), len(line) - 1) for line in lines]


def declared(project: Mapping[str, Any], *, everything: bool) -> list[Requirement]:
    """Return what the product needs; with ``everything`` also its extras and the group ``dev`` with all that it includes."""
    found = list(project["project"]["dependencies"])
    if everything:
        for extra in project["project"]["optional-dependencies"].values():
            found += extra
        found += _group(project["dependency-groups"], "dev")
    return [Requirement(text) for text in found]


def declared_by_kits(root: Path) -> Iterator[Requirement]:
    """Yield what the kits below ``kits/`` need: the environment of development holds them as it holds the product."""
    for path in sorted(root.glob("kits/*/pyproject.toml")):
        kit = tomllib.loads(path.read_text(encoding="utf-8"))
        yield from (Requirement(text) for text in kit["project"]["dependencies"])


def _group(groups: Mapping[str, Any], name: str) -> Iterator[str]:
    for item in groups[name]:
        if isinstance(item, str):
            yield item
        else:
            yield from _group(groups, item["include-group"])


def installed_needs(name: str) -> tuple[str, list[str]]:
    """Return version and requirements of an installed package. Raises PackageNotFoundError."""
    found = metadata.distribution(name)
    return found.version, list(found.requires or ())


def closure(roots: Iterable[Requirement], needs: Needs) -> dict[str, list[Requirement]]:
    """Return each package that ``roots`` lead to here, with the requirements on it. Raises PackageNotFoundError."""
    reached: dict[str, list[Requirement]] = {}
    seen: set[tuple[str, str]] = set()
    todo = [(item, "") for item in roots]
    while todo:
        requirement, extra_of_parent = todo.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra_of_parent}):
            continue
        name = canonicalize_name(requirement.name)
        reached.setdefault(name, []).append(requirement)
        for extra in ("", *sorted(requirement.extras)):
            if (name, extra) not in seen:
                seen.add((name, extra))
                todo += [(Requirement(text), extra) for text in needs(name)[1]]
    return reached


def faults_of(label: str, roots: list[Requirement], pins: list[Pin], needs: Needs) -> Iterator[str]:
    """Yield what is wrong with a lock file: packages missing, superfluous, of another version, or without a hash."""
    yield from (
        f"{label}: {pin.requirement} has no version or no hash: {REPAIR}" for pin in pins if not pin.hashes or not pin.version
    )
    applicable = {pin.name: pin for pin in pins if pin.applies}
    try:
        reached = closure(roots, needs)
    except metadata.PackageNotFoundError as error:
        yield f"{label}: {error.name} is not installed: {REINSTALL}"
        return
    yield from (f"{label}: {name} is needed and not pinned: {REPAIR}" for name in sorted(set(reached) - set(applicable)))
    yield from (f"{label}: {name} is pinned and nothing needs it: {REPAIR}" for name in sorted(set(applicable) - set(reached)))
    for name in sorted(set(reached) & set(applicable)):
        version = applicable[name].version
        for requirement in reached[name]:
            if version and not requirement.specifier.contains(version, prereleases=True):
                yield f"{label}: {name} {version} is pinned where {requirement} is needed: {REPAIR}"
        if version and needs(name)[0] != version:
            yield f"{label}: {name} {version} is pinned and {needs(name)[0]} is installed: {REINSTALL}"


def faults(root: Path = ROOT, needs: Needs = installed_needs) -> list[str]:
    """Return every fault of the lock files of a project folder, and packages that they pin in different versions."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    pins = {name: parse_lock((root / "requirements" / name).read_text(encoding="utf-8")) for name in LOCKS}
    found = list(faults_of("runtime.txt", declared(project, everything=False), pins["runtime.txt"], needs))
    found += faults_of("dev.txt", declared(project, everything=True) + list(declared_by_kits(root)), pins["dev.txt"], needs)
    documents = [Requirement(text) for text in project["project"]["optional-dependencies"][DOCUMENTS]]
    found += faults_of(f"{DOCUMENTS}.txt", documents, pins[f"{DOCUMENTS}.txt"], needs)
    tested = {pin.name: pin.version for pin in pins["dev.txt"]}
    for name in ("runtime.txt", f"{DOCUMENTS}.txt"):
        for pin in pins[name]:
            if tested.get(pin.name) != pin.version:
                found.append(f"{name}: {pin.name} {pin.version} is not what dev.txt pins: {REPAIR}")
    return found


def main() -> int:
    """Print the faults. Returns 1 if there are any."""
    found = faults()
    for fault in found:
        sys.stdout.write(f"{fault}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
