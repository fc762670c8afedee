"""What holds for every test: logs are short and plain, so that a failing test shows what failed, and no 404 waits."""

from __future__ import annotations

import sys
from datetime import timedelta

from shared.http import even
from shared.process.logs import configure_logs

configure_logs(level="WARNING", stream=sys.stderr)
even.STEP = timedelta(0)  # tests of it name their own; those of processes run with the true one
