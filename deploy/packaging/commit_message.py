"""``python -m deploy.packaging.commit_message FILE``: a subject in the imperative, 72 characters at most, the why below it."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

LONGEST = 72
MADE_BY_GIT = re.compile(r"(?:Merge|Revert|fixup!|squash!|amend!) ")
SCISSORS = re.compile(r"^# -+ >8 -+$.*", re.MULTILINE | re.DOTALL)
NOT_IMPERATIVE = re.compile(r"(?:[a-z]{2,}(?:ed|ing)|[a-z]+[^aious]s)$", re.IGNORECASE)
IMPERATIVE_ALL_THE_SAME = frozenset(
    ("bring", "embed", "feed", "heed", "need", "ping", "proceed", "ring", "seed", "shed", "speed", "string")
)


def faults(message: str) -> list[str]:
    """Return what is wrong with a commit message as git hands it to its hook, with its lines of comment."""
    lines = [line for line in SCISSORS.sub("", message).splitlines() if not line.startswith("#")]
    text = "\n".join(lines).strip()
    subject, _, rest = text.partition("\n")
    if MADE_BY_GIT.match(subject):
        return []
    if not subject:
        return ["the message is empty"]
    found = []
    if len(subject) > LONGEST:
        found.append(f"the subject has {len(subject)} characters, {LONGEST} are the most: move the why below it")
    first = subject.split()[0].rstrip(":,")
    if not first[0].isupper():
        found.append(f"the subject begins with '{first}': begin with a verb and a capital letter")
    if NOT_IMPERATIVE.fullmatch(first) and first.lower() not in IMPERATIVE_ALL_THE_SAME:
        found.append(f"the subject begins with '{first}': use the imperative, 'Add' instead of 'Added', 'Adds' or 'Adding'")
    if subject.endswith("."):
        found.append("the subject ends in a full stop")
    if rest and not rest.startswith("\n"):
        found.append("the second line is not empty")
    return found


def main(arguments: Sequence[str]) -> int:
    """Print the faults of the message in a file. Returns 1 if there are any."""
    found = faults(Path(arguments[0]).read_text(encoding="utf-8"))
    for fault in found:
        sys.stdout.write(f"{fault}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
