"""Finds a Kafka broker: the one that is given, else a container, else a native process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from marktplatz.infrastructure.broker_process import BrokerProcess
from marktplatz.infrastructure.errors import Fault, InfrastructureError
from marktplatz.infrastructure.kafka_docker import IMAGE, DockerKafka, docker_fault
from marktplatz.infrastructure.kafka_native import NativeKafka, missing_programs, native_fault


class GivenKafka:
    """A broker that somebody else runs. Entering it starts nothing, leaving it ends nothing."""

    kind = "given"

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def pids(self) -> list[int]:
        """Return the processes that are ours: none."""
        return []

    def __enter__(self) -> str:
        return self.bootstrap

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return

    async def __aenter__(self) -> str:
        return self.bootstrap

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return


def find_kafka(
    data_dir: Path, *, environment: Mapping[str, str] | None = None, image: str | None = None, port: int = 0
) -> GivenKafka | BrokerProcess:
    """Return the broker to use; entering it (``with`` or ``async with``) starts it if it is ours and gives its address.

    ``KAFKA_BOOTSTRAP_SERVERS`` decides if set; else a Docker engine that answers and has, or can pull, the image
    (``image``, or ``MARKTPLATZ_KAFKA_IMAGE``, or the default); else Java and Maven. ``data_dir`` holds data and log of a broker
    that is ours, which listens at ``port``, at a free one if it is 0.
    Raises InfrastructureError with what is missing for each way and the command that mends it.
    """
    variables = os.environ if environment is None else environment
    given = variables.get("KAFKA_BOOTSTRAP_SERVERS")
    if given:
        return GivenKafka(given)
    chosen = image or variables.get("MARKTPLATZ_KAFKA_IMAGE") or IMAGE
    container = docker_fault(chosen)
    if container is None:
        return DockerKafka(data_dir, image=chosen).at(port)
    native = native_fault()
    if native is None:
        return NativeKafka(data_dir).at(port)
    given_one = Fault("a broker that runs elsewhere", "export KAFKA_BOOTSTRAP_SERVERS=<host>:9092")
    raise InfrastructureError(
        "There is no Apache Kafka: no broker is given, and neither Docker nor Java with Maven can run one here.",
        ways=[container, native, given_one],
        missing=missing_programs(),
    )
