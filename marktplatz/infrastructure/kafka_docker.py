"""Apache Kafka as a container: for machines that have a Docker engine."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from marktplatz.infrastructure.broker_process import HOST, BrokerProcess
from marktplatz.infrastructure.errors import InfrastructureError

IMAGE = "apache/kafka:4.3.1"
_ENGINE_SECONDS = 15
_PULL_SECONDS = 600


class DockerKafka(BrokerProcess):
    """A broker in a container, its data in a volume named after ``data_dir``: ``async with DockerKafka(data_dir) as bootstrap``.

    The container runs in the foreground of a ``docker run`` that is this process's child, so it ends with it.
    Raises InfrastructureError if the image cannot be had, BrokerStartError if the broker does not come up.
    """

    kind = "docker"

    def __init__(self, data_dir: Path, *, image: str = IMAGE, start_seconds: float = 120.0) -> None:
        super().__init__(data_dir, start_seconds=start_seconds)
        self.image = image

    def prepare(self) -> None:
        """Pull the image unless the engine has it."""
        if not image_available(self.image):
            raise InfrastructureError(f"The image {self.image} is neither present nor can it be pulled.", image=self.image)

    def configure(self) -> list[str]:
        """Return the ``docker run`` command; the configuration travels in the environment."""
        name = "efa-marktplatz-" + hashlib.sha256(str(self.data_dir.resolve()).encode()).hexdigest()[:12]
        options = [item for key, value in _environment(self.port).items() for item in ("-e", f"{key}={value}")]
        return [
            _docker(),
            "run",
            "--rm",
            "--name",
            f"{name}-{self.port}",
            "-p",
            f"{HOST}:{self.port}:{self.port}",
            "-v",
            f"{name}:/var/lib/kafka/data",
            *options,
            self.image,
        ]


def engine_answers() -> bool:
    """Return whether there is a Docker engine that answers."""
    return shutil.which("docker") is not None and _succeeds(
        "version", "--format", "{{.Server.Version}}", patience=_ENGINE_SECONDS
    )


def image_available(image: str) -> bool:
    """Return whether the engine has the image or could pull it just now."""
    return _succeeds("image", "inspect", image, patience=_ENGINE_SECONDS) or _succeeds("pull", image, patience=_PULL_SECONDS)


def _docker() -> str:
    docker = shutil.which("docker")
    if docker is None:
        raise InfrastructureError("'docker' is not installed.")
    return docker


def _succeeds(*arguments: str, patience: float) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program
            [_docker(), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _environment(port: int) -> dict[str, str]:
    return {
        "CLUSTER_ID": "ZWZhLW1hcmt0cGxhdHo1Mg",
        "KAFKA_HEAP_OPTS": "-Xmx512m",
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{HOST}:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
        "KAFKA_LOG_DIRS": "/var/lib/kafka/data",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    }
