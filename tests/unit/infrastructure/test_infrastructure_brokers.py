"""A broker is found in a fixed order, and what is missing is named."""

from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path

import pytest

from marktplatz.infrastructure import kafka_jars
from marktplatz.infrastructure.broker_process import answers, free_port
from marktplatz.infrastructure.discovery import GivenKafka, find_kafka
from marktplatz.infrastructure.errors import BrokerStartError, InfrastructureError
from marktplatz.infrastructure.kafka_docker import IMAGE, DockerKafka
from marktplatz.infrastructure.kafka_native import NativeKafka, class_archive, cluster_id
from tests.support.programs import program


def test_an_address_that_is_given_is_used_and_nothing_is_started(programs: Path, tmp_path: Path) -> None:
    program(programs, "docker")
    broker = find_kafka(tmp_path, environment={"KAFKA_BOOTSTRAP_SERVERS": "kafka:9092"})
    assert isinstance(broker, GivenKafka)
    with broker as bootstrap:
        assert bootstrap == "kafka:9092"


def test_an_engine_that_has_the_image_comes_next(programs: Path, tmp_path: Path) -> None:
    program(programs, "docker")
    program(programs, "java")
    program(programs, "mvn")
    broker = find_kafka(tmp_path, environment={"MARKTPLATZ_KAFKA_IMAGE": "registry.example/kafka:1"})
    assert isinstance(broker, DockerKafka)
    assert broker.image == "registry.example/kafka:1"


@pytest.mark.parametrize("docker", ["exit 1", '[ "$1" = version ]'], ids=["no engine", "no image"])
def test_java_and_maven_come_last(programs: Path, tmp_path: Path, docker: str) -> None:
    program(programs, "docker", docker)
    program(programs, "java")
    program(programs, "mvn")
    assert isinstance(find_kafka(tmp_path, environment={}), NativeKafka)


def test_what_is_missing_is_named(programs: Path, tmp_path: Path) -> None:
    program(programs, "java")
    with pytest.raises(InfrastructureError, match=r"Docker is not installed(.|\n)*mvn(.|\n)*KAFKA_BOOTSTRAP_SERVERS") as caught:
        find_kafka(tmp_path, environment={})
    assert "java" not in caught.value.context["missing"]  # type: ignore[operator] # a list


def test_the_container_serves_the_port_that_it_advertises(programs: Path, tmp_path: Path) -> None:
    program(programs, "docker")
    broker = DockerKafka(tmp_path)
    broker.port = 41234
    command = " ".join(broker.configure())
    assert "-p 127.0.0.1:41234:41234" in command
    assert "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://127.0.0.1:41234" in command
    assert "KAFKA_AUTO_CREATE_TOPICS_ENABLE=false" in command
    assert command.endswith(IMAGE)


def test_a_broker_that_ends_at_once_is_reported_with_its_log(programs: Path, tmp_path: Path) -> None:
    program(programs, "docker", 'if [ "$1" = run ]; then echo broken; exit 3; fi')
    with pytest.raises(BrokerStartError, match="exit code 3"):
        DockerKafka(tmp_path / "data").start()
    assert (tmp_path / "data" / "broker.log").read_text(encoding="utf-8") == "broken\n"


def test_a_broker_that_never_answers_is_ended(programs: Path, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    program(programs, "docker", f'if [ "$1" = run ]; then echo $$ > {pid_file}; while :; do /bin/sleep 1; done; fi')
    with pytest.raises(BrokerStartError, match="did not answer"):
        DockerKafka(tmp_path / "data", start_seconds=0.5).start()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text(encoding="utf-8")), 0)


def test_nothing_answers_on_a_free_port() -> None:
    assert not answers(free_port(), patience=0.2)


def test_a_free_port_is_none_that_a_system_gives_to_outgoing_connections() -> None:
    assert all(20_000 <= free_port() < 30_000 for _ in range(50))


def test_jars_are_taken_only_if_all_sums_are_right(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = tmp_path / "recipe"
    recipe.mkdir()
    sums = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("a.jar", "b.jar")}
    (recipe / "kafka-jars.sha256").write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()), encoding="ascii")
    monkeypatch.setattr(kafka_jars, "RECIPE", recipe)
    fetch = 'for last; do :; done; folder="${last#-DoutputDirectory=}"; /bin/mkdir -p "$folder"; '
    program(programs, "mvn", fetch + 'printf a.jar > "$folder/a.jar"; printf changed > "$folder/b.jar"')
    with pytest.raises(InfrastructureError, match=r"b\.jar"):
        kafka_jars.jars()
    assert not kafka_jars.cache_directory().exists()

    program(programs, "mvn", fetch + 'printf a.jar > "$folder/a.jar"; printf b.jar > "$folder/b.jar"')
    folder = kafka_jars.jars()
    assert sorted(path.name for path in folder.iterdir()) == ["a.jar", "b.jar"]

    (folder / "a.jar").write_text("damaged", encoding="utf-8")
    (folder / "foreign.jar").write_text("x", encoding="utf-8")
    assert kafka_jars.differences(kafka_jars.jars(), sums) == []
    program(programs, "mvn", "echo no network; exit 1")
    assert kafka_jars.jars() == folder, "what is in the cache needs no Maven"


def test_maven_that_fails_or_is_missing_is_named(programs: Path) -> None:
    with pytest.raises(InfrastructureError, match="'mvn' is not installed"):
        kafka_jars.jars()
    program(programs, "mvn", "echo no network; exit 1")
    with pytest.raises(InfrastructureError, match=r"could not fetch.*no network"):
        kafka_jars.jars()


def test_another_java_and_other_jars_have_another_archive_of_classes(programs: Path, tmp_path: Path) -> None:
    program(programs, "java")
    jars = tmp_path / "kafka"
    jars.mkdir()
    archives = {class_archive(str(programs / "java"), jars) for _ in range(2)}
    os.utime(jars, ns=(0, 0))
    archives.add(class_archive(str(programs / "java"), jars))
    os.utime(programs / "java", ns=(0, 0))
    archives.add(class_archive(str(programs / "java"), jars))
    assert len(archives) == 3
    assert {archive.parent for archive in archives} == {tmp_path}, "the folder of jars holds nothing but jars"


def test_a_cluster_id_never_looks_like_an_option_of_the_command_line() -> None:
    made = [cluster_id(uuid.UUID(bytes=bytes([first]) + b"\xff" * 15)) for first in range(256)]
    assert [one for one in made if not one[0].isalnum() or len(one) != 22] == []
