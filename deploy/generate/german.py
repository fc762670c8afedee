"""``python -m deploy.generate.german [--check]``: write what the codes of the APIs mean in German, from the handbook's texts."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from deploy.generate import written
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
    return written.run("deploy.generate.german", __doc__, FILE, generated, arguments)


if __name__ == "__main__":
    sys.exit(main())
