"""``python -m deploy.generate``: report which generated files are not up to date; `make generated` writes them.

It looks at all of them at once: each generator alone imports the whole product first.
"""

from __future__ import annotations

import sys

from deploy.generate import channels, dashboards, german, operations, outside, topics
from shared.schemas import generate as schemas

OUTSIDE = "deploy/overlays/example-outside/outside"
GENERATORS = (schemas.main, topics.main, channels.main, dashboards.main, operations.main, german.main)


def main() -> int:
    """Run every generator's check and return the exit code: 1 if a file is not up to date."""
    return max(outside.main([OUTSIDE, "--check"]), *(check(["--check"]) for check in GENERATORS))


if __name__ == "__main__":
    sys.exit(main())
