"""What holds for every test: logs are short and plain, so that a failing test shows what failed."""

from __future__ import annotations

import sys

from shared.logs import configure_logs

configure_logs(level="WARNING", stream=sys.stderr)
