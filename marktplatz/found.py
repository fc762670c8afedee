"""How commands find the broker: that of the environment, else that of the marketplace that runs on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from marktplatz.addresses import is_used
from marktplatz.infrastructure.errors import Fault, InfrastructureError
from shared.bus.settings import KafkaSettings
from shared.process.settings import ProcessSettings

BOOTSTRAP_FILE = "kafka-bootstrap"
"""Where the broker of the run listens, as long as it lasts."""
VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"
SINGLE, CLUSTER = 1, 3


def kafka_settings(process: ProcessSettings | None = None) -> KafkaSettings:
    """Return how the broker is reached: by the environment, else that of the run on this machine.

    Raises InfrastructureError if there is neither, and ValidationError for settings that make no sense.
    """
    file = _file(process)
    if VARIABLE in os.environ:
        return KafkaSettings()
    if _names_a_broker(file):
        return KafkaSettings(bootstrap_servers=file.read_text(encoding="utf-8").strip())
    raise InfrastructureError(
        f"No Kafka broker is named, and no marketplace runs in {file.parent.resolve()}.",
        ways=[
            Fault("a marketplace here", "marktplatz up (or, in its folder: make up)"),
            Fault("one that runs in another folder", "export MARKTPLATZ_VAR=<its data folder>"),
            Fault("a broker elsewhere", f"export {VARIABLE}=<host>:9092"),
        ],
    )


def replication(given: int | None, process: ProcessSettings | None = None) -> int:
    """Return the replication factor of topics: as it is given, else 1 on the own broker of the run here, else 3."""
    if given is not None:
        return given
    return SINGLE if VARIABLE not in os.environ and _names_a_broker(_file(process)) else CLUSTER


def _file(process: ProcessSettings | None) -> Path:
    return (process or ProcessSettings()).var / BOOTSTRAP_FILE


def _names_a_broker(file: Path) -> bool:
    """Return whether the run that has written the file still lasts."""
    return file.is_file() and is_used(file.parent)
