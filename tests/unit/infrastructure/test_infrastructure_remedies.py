"""What is missing for a run on one machine is named together with the command that mends it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from marktplatz.embedded import Embedded, data_folder
from marktplatz.infrastructure import kafka_jars
from marktplatz.infrastructure.broker_process import remedy_of
from marktplatz.infrastructure.discovery import find_kafka
from marktplatz.infrastructure.errors import BrokerStartError, EmbeddedError, InfrastructureError
from marktplatz.infrastructure.folders import make_writable
from marktplatz.infrastructure.install import JAVA, MAVEN, install_command
from marktplatz.infrastructure.kafka_docker import IMAGE, DockerKafka
from marktplatz.infrastructure.kafka_native import NativeKafka, missing_programs
from marktplatz.ports import Ports
from shared.process.serving import AddressUnavailableError, listen
from shared.process.settings import ProcessSettings
from tests.support.programs import program


def complaint(tmp_path: Path) -> list[str]:
    """Return the lines that say why no broker can be had."""
    with pytest.raises(InfrastructureError) as caught:
        find_kafka(tmp_path / "data", environment={})
    return str(caught.value).splitlines()


@pytest.mark.usefixtures("programs")
def test_each_way_to_a_broker_stands_on_its_line_with_what_opens_it(tmp_path: Path) -> None:
    lines = complaint(tmp_path)
    assert lines[2:] == [
        "- Docker is not installed: see https://docs.docker.com/engine/install/",
        "- not installed: java (Java 17 or newer), mvn (Maven): sudo apt-get install default-jre-headless maven",
        "- a broker that runs elsewhere: export KAFKA_BOOTSTRAP_SERVERS=<host>:9092",
    ]


@pytest.mark.parametrize(
    ("present", "missing", "command"),
    [
        (["java"], "mvn (Maven)", "sudo apt-get install maven"),
        (["mvn"], "java (Java 17 or newer)", "sudo apt-get install default-jre-headless"),
        (["java", "dnf"], "mvn (Maven)", "sudo dnf install maven"),
        (["mvn", "brew"], "java (Java 17 or newer)", "brew install openjdk"),
    ],
)
def test_only_what_is_missing_is_to_be_installed_by_the_manager_of_this_machine(
    programs: Path, tmp_path: Path, present: list[str], missing: str, command: str
) -> None:
    for name in present:
        program(programs, name)
    assert f"- not installed: {missing}: {command}" in complaint(tmp_path)


def test_maven_is_not_missing_where_the_jars_are_in_the_cache(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(programs, "java")
    assert missing_programs() == ["mvn"]
    monkeypatch.setattr(kafka_jars, "expected_sums", dict)
    kafka_jars.cache_directory().mkdir(parents=True)
    assert missing_programs() == []


@pytest.mark.parametrize(
    ("script", "words", "fact", "remedy"),
    [
        (
            "echo permission denied while trying to connect to unix:///var/run/docker.sock >&2; exit 1",
            "permission denied while trying to connect to unix:///var/run/docker.sock",
            "may not use the Docker socket",
            "sudo usermod -aG docker $USER",
        ),
        (
            "echo Cannot connect to the Docker daemon >&2; exit 1",
            "Cannot connect",
            "engine does not answer",
            "sudo systemctl start docker",
        ),
        (
            '[ "$1" = version ] || { echo no such host >&2; exit 1; }',
            "no such host",
            f"{IMAGE} is neither present",
            f"docker pull {IMAGE}",
        ),
    ],
    ids=["socket", "engine", "image"],
)
def test_a_docker_that_cannot_be_used_is_named_by_its_own_words(
    programs: Path, tmp_path: Path, script: str, words: str, fact: str, remedy: str
) -> None:
    program(programs, "docker", script)
    (line,) = [line for line in complaint(tmp_path) if "ocker" in line and line.startswith("- ")]
    assert fact in line
    assert remedy in line
    assert words in line


def test_no_network_for_the_jars_names_mirror_and_cache(programs: Path) -> None:
    program(programs, "mvn", 'echo "[ERROR] Unknown host repo.example"; exit 1')
    with pytest.raises(InfrastructureError) as caught:
        kafka_jars.jars()
    fact, _, mirror, copy = str(caught.value).splitlines()
    assert "Unknown host repo.example" in fact
    assert "~/.m2/settings.xml" in mirror
    assert str(kafka_jars.cache_directory()) in copy


def test_a_cache_that_cannot_be_written_names_its_setting(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / "below"))
    program(programs, "mvn")
    with pytest.raises(InfrastructureError, match=r"cache folder .*cannot be written(.|\n)*export XDG_CACHE_HOME="):
        kafka_jars.jars()


def test_a_java_that_is_too_old_is_named(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_jars, "expected_sums", dict)
    kafka_jars.cache_directory().mkdir(parents=True)
    program(programs, "java", 'echo "Error: java.lang.UnsupportedClassVersionError: kafka/Kafka" >&2; exit 1')
    with pytest.raises(BrokerStartError, match=r"older than 17; sudo apt-get install openjdk-17-jre-headless"):
        NativeKafka(tmp_path / "data").start()


def test_a_port_that_stays_in_use_is_named_with_how_to_see_who_has_it(programs: Path, tmp_path: Path) -> None:
    program(programs, "docker", 'if [ "$1" = run ]; then echo "Bind for 127.0.0.1 failed: port is already allocated"; exit 1; fi')
    broker = DockerKafka(tmp_path / "data")
    with pytest.raises(BrokerStartError) as caught:
        broker.start()
    assert f"port {broker.port} is in use by another process" in str(caught.value)
    assert f"ss -ltnp 'sport = :{broker.port}'" in str(caught.value)


@pytest.mark.parametrize(
    ("log", "remedy"),
    [("java.io.IOException: No space left on device", "df -h"), ("os::commit_memory: Cannot allocate memory", "free -m")],
)
def test_a_broker_that_lacks_disk_or_memory_names_how_to_see_it(log: str, remedy: str) -> None:
    assert remedy in str(remedy_of(f"some\n{log}\nlines"))


def test_a_log_that_names_no_known_cause_gets_no_remedy() -> None:
    assert remedy_of("something else") is None


def test_a_service_whose_port_is_in_use_names_the_setting_and_how_to_see_who_has_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(AddressUnavailableError, match=rf"127\.0\.0\.1:{port}.*MARKTPLATZ_PORT.*sport = :{port}"):
            listen("127.0.0.1", port)


def test_a_run_with_fixed_ports_names_the_one_that_is_taken_before_it_starts_anything() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ports = Ports(min(port - 2, 65_535 - 7))
        with pytest.raises(EmbeddedError, match=rf"127\.0\.0\.1:{port}(.|\n)*sport = :{port}(.|\n)*export MARKTPLATZ_PORT="):
            ports.require_free("127.0.0.1")
    Ports(0).require_free("127.0.0.1")
    with pytest.raises(EmbeddedError, match="no 8 ports from 65530 on"):
        Ports(65_530).require_free("127.0.0.1")


@pytest.mark.parametrize("folder", ["file", "file/below", "file/far/below"])
def test_a_folder_that_cannot_be_made_names_the_command(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InfrastructureError) as caught:
        make_writable(tmp_path / folder, "The folder", "use another")
    assert str(tmp_path / folder) in str(caught.value)
    assert str(caught.value).endswith("To mend it: use another")


def test_a_writable_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    folder = make_writable(tmp_path / "a" / "b", "The folder", "use another")
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("programs")
async def test_a_run_whose_data_folder_cannot_be_written_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = ProcessSettings(var=tmp_path / "file" / "var")
    with pytest.raises(InfrastructureError, match=r"data folder(.|\n)*sudo chown(.|\n)*export MARKTPLATZ_VAR="):
        await Embedded(settings).__aenter__()
    with pytest.raises(InfrastructureError):
        data_folder(settings)


def test_an_install_command_names_all_that_is_missing_at_once(programs: Path) -> None:
    program(programs, "zypper")
    assert install_command([JAVA, MAVEN]) == "sudo zypper install java-21-openjdk-headless maven"
