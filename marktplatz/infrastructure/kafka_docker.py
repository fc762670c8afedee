"""Apache Kafka as a container: for machines that have a Docker engine."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from marktplatz.infrastructure.broker_process import HOST, BrokerProcess
from marktplatz.infrastructure.errors import Fault, InfrastructureError

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
        fault = image_fault(self.image)
        if fault is not None:
            raise InfrastructureError(f"Kafka cannot be started: {fault.fact}.", remedy=fault.remedy, image=self.image)

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


def docker_fault(image: str) -> Fault | None:
    """Return why no container of ``image`` can run here, with what mends it; None if one can. May pull the image."""
    if shutil.which("docker") is None:
        return Fault("Docker is not installed", "see https://docs.docker.com/engine/install/")
    engine = _complaint("version", "--format", "{{.Server.Version}}", patience=_ENGINE_SECONDS)
    if engine is None:
        return image_fault(image)
    if "permission denied" in engine.lower():
        return Fault(f"this user may not use the Docker socket ({engine})", "sudo usermod -aG docker $USER && newgrp docker")
    return Fault(f"the Docker engine does not answer ({engine})", "sudo systemctl start docker")


def image_fault(image: str) -> Fault | None:
    """Return why the engine has not got the image and cannot pull it, with what mends it; None if it has it now."""
    if _complaint("image", "inspect", image, patience=_ENGINE_SECONDS) is None:
        return None
    pulled = _complaint("pull", image, patience=_PULL_SECONDS)
    if pulled is None:
        return None
    return Fault(
        f"the image {image} is neither present nor can it be pulled ({pulled})",
        f"docker pull {image}, or name one of your registry: export MARKTPLATZ_KAFKA_IMAGE=<image>",
    )


def _docker() -> str:
    docker = shutil.which("docker")
    if docker is None:
        raise InfrastructureError("'docker' is not installed.", remedy="see https://docs.docker.com/engine/install/")
    return docker


def _complaint(*arguments: str, patience: float) -> str | None:
    """Return the last line of what docker complains of; None if the command succeeds."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program
            [_docker(), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {patience:.0f} seconds"
    if done.returncode == 0:
        return None
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else f"exit code {done.returncode}"


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
