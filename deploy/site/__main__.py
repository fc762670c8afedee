"""``python -m deploy.site``: build the documentation into build/docs, to be read without a network. A broken link fails it."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.site.source import PROJECT, BrokenLinkError, assemble, reference

OUTPUT = PROJECT / "build" / "docs"
SETTINGS = {
    "project": "EfA-Marktplatz",
    "html_title": "EfA-Marktplatz",
    "html_theme": "furo",
    "extensions": ["myst_parser"],
    "myst_heading_anchors": 6,
    "myst_url_schemes": ["http", "https", "mailto", "urn"],
    "html_copy_source": False,
    "html_show_sourcelink": False,
    "html_show_copyright": False,
    "html_show_sphinx": False,
    # Outputs of programs are shown as they are, though they follow no grammar; pages may begin below the first heading.
    "suppress_warnings": ["misc.highlighting_failure", "myst.header"],
}
_BUILD_SECONDS = 1800


def build(output: Path, project: Path, made: Mapping[str, str]) -> None:
    """Build the site from a project's Markdown and the pages that were made.

    Raises BrokenLinkError for whatever leads nowhere or cannot be read. Sphinx runs as a process: it changes the one it runs in.
    """
    with tempfile.TemporaryDirectory(prefix="efa-docs-") as name:
        source = Path(name) / "source"
        assemble(source, project, made)
        (source / "conf.py").write_text("".join(f"{key} = {value!r}\n" for key, value in SETTINGS.items()), "utf-8")
        shutil.rmtree(output, ignore_errors=True)
        command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", "--builder", "html"]
        command += ["--doctree-dir", str(Path(name) / "doctrees"), str(source), str(output)]
        done = subprocess.run(  # noqa: S603 - our own arguments
            command, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False
        )
        if done.returncode != 0:
            raise BrokenLinkError(done.stderr.replace(f"{source}/", "").strip())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.site", description=__doc__)
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FOLDER", help="where the pages go (build/docs)")
    output = parser.parse_args(arguments).output
    try:
        build(output, PROJECT, reference())
    except BrokenLinkError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{output / 'index.html'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
