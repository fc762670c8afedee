"""Apache Kafka in KRaft mode on the local Java: one node, broker and controller in one process."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

from marktplatz.infrastructure.broker_process import HOST, BrokerProcess, free_port, remedy_of
from marktplatz.infrastructure.errors import BrokerStartError, Fault, InfrastructureError
from marktplatz.infrastructure.install import JAVA, MAVEN, install_command
from marktplatz.infrastructure.kafka_jars import cache_directory, jars, jars_cached

NAMES = {JAVA: "Java 17 or newer", MAVEN: "Maven"}
_FORMAT_SECONDS = 60
_FOR_A_SHORT_LIFE = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData")
"""A broker on a developer's machine lives for minutes: compiling little and collecting simply, it starts with half the work."""
_WRITTEN_AT_EXIT = "-XX:ArchiveClassesAtExit="


class NativeKafka(BrokerProcess):
    """A broker with its data in ``data_dir``: ``async with NativeKafka(data_dir) as bootstrap``.

    Raises InfrastructureError if Java or Maven is missing, BrokerStartError if the broker does not come up.
    """

    kind = "native"

    def prepare(self) -> None:
        """Fetch the jars unless they are in the cache, and lay out their classes unless that has been done."""
        archive = class_archive(_java(), jars())
        if not archive.exists():
            _lay_out(archive)

    def classes(self) -> list[str]:
        """Return the options of the JVM for classes that are laid out: none where they are not."""
        archive = class_archive(_java(), cache_directory())
        return [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []

    def configure(self) -> list[str]:
        """Write ``server.properties``, format the storage the first time, and return the command."""
        properties = self.data_dir / "server.properties"
        properties.write_text(_properties(self.port, free_port(), self.data_dir / "log"), encoding="utf-8")
        java = [_java(), *_FOR_A_SHORT_LIFE, *self.classes(), "-cp", f"{cache_directory()}/*"]
        if not (self.data_dir / "log" / "meta.properties").exists():
            self._format([*java, "-Xmx128m", *_logging("warn"), "kafka.tools.StorageTool", "format"], properties)
        return [*java, "-Xmx512m", "-Djava.awt.headless=true", *_logging("info"), "kafka.Kafka", str(properties)]

    def _format(self, command: list[str], properties: Path) -> None:
        cluster = cluster_id(uuid.uuid4())
        done = subprocess.run(  # noqa: S603 - a fixed command
            [*command, "-t", cluster, "-c", str(properties), "--ignore-formatted"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_FORMAT_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            text = done.stderr.decode(errors="replace")
            reason = text.strip().splitlines()[-1:] or ["no message"]
            raise BrokerStartError(
                f"The broker's storage in {self.data_dir} could not be formatted: {reason[0]}", remedy=remedy_of(text)
            )


class _Recorded(NativeKafka):
    """A broker that writes at its end how its classes lie in memory."""

    def __init__(self, data_dir: Path, archive: Path) -> None:
        super().__init__(data_dir)
        self.archive = archive

    def prepare(self) -> None:
        """Do nothing: all is there."""

    def classes(self) -> list[str]:
        """Return the option that writes them."""
        return [_WRITTEN_AT_EXIT + str(self.archive)]

    def _format(self, command: list[str], properties: Path) -> None:
        super()._format([it for it in command if not it.startswith(_WRITTEN_AT_EXIT)], properties)


def class_archive(java: str, folder: Path) -> Path:
    """Return where it is kept how the classes of the jars lie in the memory of this Java: a broker starts with half the work.

    Another Java, or jars fetched anew, have an archive of their own: a JVM passes over one that does not fit.
    """
    made_of = [Path(java).resolve(), folder]
    identity = hashlib.sha256("".join(f"{it} {it.stat().st_mtime_ns}" for it in made_of).encode()).hexdigest()[:16]
    return folder.with_name(f"{folder.name}-{identity}.jsa")


def _lay_out(archive: Path) -> None:
    """Start a broker and end it, which writes the archive. Where another process does so, or it fails, brokers do without."""
    with contextlib.suppress(OSError, BrokerStartError), archive.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with tempfile.TemporaryDirectory(prefix=f".{archive.name}-", dir=archive.parent) as work:
            written = Path(work) / archive.name
            with _Recorded(Path(work) / "data", written):
                pass
            written.rename(archive)


def cluster_id(identity: uuid.UUID) -> str:
    """Return the id of a new cluster: 16 bytes in URL-safe base64, the first bit cleared: never like an option."""
    octets = bytes([identity.bytes[0] & 0x7F]) + identity.bytes[1:]
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def missing_programs() -> list[str]:
    """Return the names of the programs that a native broker lacks; Maven is needed only while the jars are not in the cache."""
    java = [] if shutil.which(JAVA) else [JAVA]
    return java if shutil.which(MAVEN) or jars_cached() else [*java, MAVEN]


def native_fault() -> Fault | None:
    """Return which programs a native broker lacks, with the command that installs them; None if it lacks none."""
    missing = missing_programs()
    if not missing:
        return None
    return Fault("not installed: " + ", ".join(f"{name} ({NAMES[name]})" for name in missing), install_command(missing))


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        raise InfrastructureError(
            "Apache Kafka needs Java 17 or newer, and 'java' is not installed.", remedy=install_command([JAVA])
        )
    return java


def _logging(level: str) -> list[str]:
    return [
        f"-Dorg.slf4j.simpleLogger.defaultLogLevel={level}",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    ]


def _properties(port: int, controller_port: int, log_dir: Path) -> str:
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(log_dir),
        "auto.create.topics.enable": "false",
        "default.replication.factor": "1",
        "min.insync.replicas": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())
