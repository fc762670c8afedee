"""The broker that the integration tests of a folder share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from marktplatz.infrastructure.discovery import find_kafka


@contextmanager
def kafka_broker() -> Iterator[str]:
    """Give the address of a real broker: ``MARKTPLATZ_TEST_KAFKA`` if set, else one found or started for the time of the block.

    Without any broker the tests fail: InfrastructureError says what to install.
    """
    given = os.environ.get("MARKTPLATZ_TEST_KAFKA")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="marktplatz-kafka-") as folder, find_kafka(Path(folder)) as bootstrap:
        yield bootstrap
