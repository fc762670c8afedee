"""Writes what the built image holds: ``sbom.py [FOLDER [IMAGE]]`` writes into ``build/sbom`` or the folder given.

IMAGE names one that is here, without a tag that of this version for the engine's own architecture; by default ``efa-marktplatz``.

``sbom.cdx.json``  CycloneDX 1.6, read from the image: each Python and Debian package, its version, archive SHA-256, licence;
                   each file of others' work that the portal serves to browsers, by the npm package it is from
``licences.md``    licence report: the Python packages, made by pip-licenses, and those files
``audit.json``     known vulnerabilities by pip-audit; if no database answers, that is reported and the file is not written

Exit code 1 if a known vulnerability is found.
"""  # noqa: INP001 - a script, not a module

from __future__ import annotations

import email
import io
import json
import re
import subprocess
import sys
import tarfile
import tomllib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from email.message import Message
from pathlib import Path
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.spdx import is_expression, is_supported_id
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "efa-marktplatz"
WHEELS = "usr/local/share/efa-marktplatz/wheels.sha256"
VENDORED = "/static/vendor/vendor.toml"
LABEL = "org.opencontainers.image."
TOOLS = Path(sys.executable).parent
NO_LICENCE = frozenset({"", "UNKNOWN"})


class UnknownLicenceError(Exception):
    """A package in the image has no licence that was reviewed; the text names package and licence."""


def main(folder: Path = ROOT / "build" / "sbom", reference: str = "") -> int:
    """Write the reports and return the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    reference = reference or IMAGE
    if ":" not in reference.rpartition("/")[2]:
        reference = f"{reference}:{version}"
    files = texts_of(reference)
    reviewed = tomllib.loads((ROOT / "deploy/docker/licences.toml").read_text(encoding="utf-8"))
    pythons = list(python_components(files, reviewed))
    served = list(vendored_components(files, reviewed))
    bom = bill(describe(reference), [*pythons, *debian_components(files, reviewed), *served])
    (folder / "sbom.cdx.json").write_text(as_json(bom), encoding="utf-8")
    report = licence_report(component.name for component in pythons)
    (folder / "licences.md").write_text(f"{report}\n{vendored_report(files)}", encoding="utf-8")
    say(f"{folder / 'sbom.cdx.json'}: {len(bom.components)} packages in {reference}")
    return audit(folder / "audit.json")


def texts_of(reference: str) -> dict[str, str]:
    """Return the texts in the image that describe packages, by path."""
    container = output("docker", "create", reference).decode().strip()
    try:
        archive = output("docker", "export", container)
    finally:
        output("docker", "rm", container)
    with tarfile.open(fileobj=io.BytesIO(archive)) as content:
        return {
            member.name: reader.read().decode("utf-8", errors="replace")
            for member in content
            if (member.name.endswith((".dist-info/METADATA", VENDORED)) or "/status.d/" in member.name or member.name == WHEELS)
            and (reader := content.extractfile(member)) is not None
        }


def describe(reference: str) -> dict[str, Any]:
    """Return what the engine reports about the image."""
    found: dict[str, Any] = json.loads(output("docker", "image", "inspect", reference))[0]
    return found


def python_components(files: Mapping[str, str], reviewed: Mapping[str, Any]) -> Iterator[Component]:
    """Yield the Python packages. Raises UnknownLicenceError, KeyError for one whose wheel is not known."""
    sums = {}
    for line in files[WHEELS].splitlines():
        digest, wheel = line.split()
        sums[parse_wheel_filename(wheel)[0]] = digest
    for path in sorted(files):
        if path.endswith("/METADATA"):
            metadata = email.message_from_string(files[path])
            name, version = canonicalize_name(metadata["Name"]), metadata["Version"]
            licence = stated(metadata, reviewed["spelling"]) or reviewed["python"].get(name, "")
            purl = PackageURL("pypi", None, name, version)
            yield component(name, version, purl, sums[name], permitted(name, licence, reviewed["allowed"]))


def stated(metadata: Message, spelling: Mapping[str, str]) -> str:
    """Return the licence that a package states about itself (PEP 639, else the older field), or an empty text."""
    licence = metadata["License-Expression"] or metadata["License"] or ""
    first = str(licence).strip().splitlines()[0] if str(licence).strip() not in NO_LICENCE else ""
    return spelling.get(first, first)


def debian_components(files: Mapping[str, str], reviewed: Mapping[str, Any]) -> Iterator[Component]:
    """Yield the Debian packages. Raises UnknownLicenceError."""
    allowed = [*reviewed["allowed"], *reviewed["allowed_debian"]]
    for path in sorted(files):
        if "/status.d/" in path:
            status = email.message_from_string(files[path])
            name, version = status["Package"], status["Version"]
            purl = PackageURL("deb", "debian", name, version, {"arch": status["Architecture"], "distro": "debian-12"})
            licence = reviewed["debian"].get(name, "")
            yield component(name, version, purl, status["SHA256"], permitted(name, licence, allowed))


def vendored(files: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield the files of others' work that are served to browsers, as each list in the image states them."""
    for path in sorted(files):
        if path.endswith(VENDORED):
            yield from tomllib.loads(files[path])["file"]


def vendored_components(files: Mapping[str, str], reviewed: Mapping[str, Any]) -> Iterator[Component]:
    """Yield a component per vendored file: a package's files differ in licence. Raises UnknownLicenceError.

    The hash is that of the content that is served; where a font was cut, it differs from that of the package's file.
    """
    for stated_file in vendored(files):
        name, version = stated_file["package"], stated_file["version"]
        scope, _, short = name.rpartition("/")
        purl = PackageURL("npm", scope or None, short, version, subpath=stated_file["source"])
        licence = permitted(name, stated_file["licence"], [*reviewed["allowed"], *reviewed["allowed_vendored"]])
        yield component(name, version, purl, stated_file["sha256"], licence)


def vendored_report(files: Mapping[str, str]) -> str:
    """Return the part of the licence report about vendored files, as a table in Markdown."""
    fields = ("name", "package", "version", "licence", "licence_file")
    rows = [f"| {' | '.join(it[field] for field in fields)} | {'cut' if 'cut' in it else ''} |" for it in vendored(files)]
    head = ["| Served file | Package | Version | License | Licence text | Changed |", "| --- | --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *rows, ""])


def permitted(name: str, licence: str, allowed: Iterable[str]) -> str:
    """Return the licence if each part of it was reviewed. Raises UnknownLicenceError."""
    parts = {part.strip(" ()") for part in re.split(r" AND | OR ", licence)}
    if not parts <= set(allowed):
        raise UnknownLicenceError(f"{name}: the licence '{licence or 'none stated'}' is not among those reviewed (licences.toml)")
    return licence


def component(name: str, version: str, purl: PackageURL, digest: str, licence: str) -> Component:
    """Return one package in the form of CycloneDX."""
    if is_supported_id(licence):
        said: DisjunctiveLicense | LicenseExpression = DisjunctiveLicense(id=licence)
    elif is_expression(licence):
        said = LicenseExpression(licence)
    else:
        said = DisjunctiveLicense(name=licence)
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        purl=purl,
        bom_ref=purl.to_string(),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        licenses=[said],
    )


def bill(image: Mapping[str, Any], components: list[Component]) -> Bom:
    """Return the bill of one image; its number and time follow from the image, so that a second run writes the same."""
    labels = {name.removeprefix(LABEL): value for name, value in image["Config"]["Labels"].items()}
    product = Component(
        type=ComponentType.CONTAINER,
        name=IMAGE,
        version=labels["version"],
        description=labels["description"],
        bom_ref=IMAGE,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=image["Id"].removeprefix("sha256:"))],
        licenses=[DisjunctiveLicense(id=labels["licenses"])],
    )
    bom = Bom(components=components, serial_number=uuid.uuid5(uuid.NAMESPACE_URL, image["Id"]))
    bom.metadata.timestamp = datetime.fromisoformat(labels["created"])
    bom.metadata.component = product
    bom.register_dependency(product, components)
    return bom


def as_json(bom: Bom) -> str:
    """Return the bill as CycloneDX JSON. Raises ValueError if it does not hold against the strict schema."""
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        raise ValueError(f"the bill of materials does not hold against CycloneDX 1.6: {fault}")
    return text + "\n"


def licence_report(names: Iterable[str]) -> str:
    """Return the report of pip-licenses on these packages, as installed in this environment."""
    command = (str(TOOLS / "pip-licenses"), "--from=mixed", "--format=markdown", "--with-urls", "--order=license", "--packages")
    return output(*command, *names).decode()


def audit(report: Path) -> int:
    """Look the pinned packages up for known vulnerabilities; return 1 if there are any. Report a missing answer."""
    command = [
        str(TOOLS / "pip-audit"),
        "--requirement",
        str(ROOT / "requirements/runtime.txt"),
        "--require-hashes",
        "--disable-pip",
    ]
    done = subprocess.run(  # noqa: S603 - a fixed program
        [*command, "--progress-spinner", "off", "--format", "json"], capture_output=True, text=True, check=False
    )
    report.unlink(missing_ok=True)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        reason = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        say(f"NOT AUDITED for known vulnerabilities: pip-audit got no answer ({reason[0]})")
        return 0
    looked_up = [package for package in packages if "skip_reason" not in package]
    if not looked_up:
        say(f"NOT AUDITED for known vulnerabilities: the database answered for none of {len(packages)} packages")
        return 0
    report.write_text(done.stdout, encoding="utf-8")
    found = [f"{package['name']} {package['version']}: {fault['id']}" for package in looked_up for fault in package["vulns"]]
    say(f"{len(looked_up)} of {len(packages)} packages looked up, {len(found)} known vulnerabilities")
    for line in found:
        say(line)
    return 1 if found else 0


def output(*command: str) -> bytes:
    """Return what a command writes. Raises CalledProcessError."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout  # noqa: S603 - fixed programs


def say(text: str) -> None:
    """Print a line for the person who called."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    arguments = sys.argv[1:3]
    sys.exit(main(Path(arguments[0]), *arguments[1:]) if arguments else main())
