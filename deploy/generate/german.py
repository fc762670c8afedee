"""``python -m deploy.generate.german [--check]``: write what the codes of the APIs mean in German, from the handbook's texts."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from deploy.checks.product.settings import PROJECT
from deploy.generate.handbook_codes import API, code_texts
from shared.http import german

PARTS: Final = (API, "form")
"""Parts of the handbook whose codes stand in answers: problems, and the points of a form."""
PAGES: Final = "Portal"
"""How the text of a code begins that only pages show."""
FILE: Final = Path(german.__file__).with_name(german.FILE)


def generated() -> str:
    """Return the text of the file: a line for each code."""
    texts = code_texts("de")
    found = {code: meaning.replace("`", "") for part in PARTS for code, (meaning, _) in texts[part].items()}
    rows = (f" {json.dumps(code)}: {json.dumps(text, ensure_ascii=False)}" for code, text in sorted(found.items()))
    return "{\n" + ",\n".join(row for row in rows if f'"{PAGES}' not in row) + "\n}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.generate.german", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare; exit code 1 if the file is not up to date")
    check = parser.parse_args(arguments).check
    text = generated()
    if FILE.is_file() and text == FILE.read_text("utf-8"):
        return 0
    if check:
        sys.stderr.write(f"{FILE.relative_to(PROJECT)} is not up to date; run: make generated\n")
        return 1
    FILE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
