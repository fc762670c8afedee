"""``python -m deploy.generate.release VERSION DIGEST``: write the image of a release into ``deploy/release``."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

FILE = Path(__file__).parents[2] / "deploy" / "release" / "kustomization.yaml"
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_UNRELEASED = f"sha256:{'0' * 64}"


def released(text: str, version: str, digest: str) -> str:
    """Return the component with another tag, digest and version label. Raises ValueError for what is no version or digest."""
    if _VERSION.fullmatch(version) is None:
        raise ValueError(f"{version} is no version: it looks like 1.2.3")
    if _DIGEST.fullmatch(digest) is None or digest == _UNRELEASED:
        raise ValueError(f"{digest} is no digest of an image: it looks like sha256: and 64 hexadecimal digits")
    text, tags = re.subn(r"(?m)^(\s+newTag: ).*$", rf"\g<1>{version}", text)
    text, digests = re.subn(r"(?m)^(\s+digest: ).*$", rf"\g<1>{digest}", text)
    text, labels = re.subn(r"(app\.kubernetes\.io~1version, value: )[^}]+", rf"\g<1>{version}", text)
    if (tags, digests) != (1, 1) or not labels:
        raise ValueError(f"{FILE.name} of deploy/release does not name one tag, one digest and the version label")
    return text


def main(arguments: Sequence[str] | None = None, file: Path = FILE) -> int:
    """Run the command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.generate.release", description=__doc__)
    parser.add_argument("version", help="tag of the image, such as 1.2.3")
    parser.add_argument("digest", help="digest that the registry gave it, sha256:…")
    chosen = parser.parse_args(arguments)
    try:
        text = released(file.read_text(encoding="utf-8"), chosen.version, chosen.digest)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    file.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
