"""Plants the bug that ``FAULTS_PLANTED`` names into the process that starts here, if this folder is on its path."""

from __future__ import annotations

import os

if _name := os.environ.get("FAULTS_PLANTED"):
    from tests.faults.process.planted import PLANTED

    PLANTED[_name].plant()
