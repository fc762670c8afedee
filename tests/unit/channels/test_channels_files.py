"""Channels are the files of one folder: their names are ids that fit everywhere, and each file says what others read of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.contracts import channels
from services.eligibility.engine.rule_sets import rules_of_file
from shared.channels import FOLDER, RESERVED, ChannelFile, channel_file, channel_ids
from shared.errors import InvalidError
from shared.messages.values import Channel

FILE: dict[str, Any] = json.loads((FOLDER / "fitko.json").read_text(encoding="utf-8"))


def written(folder: Path, name: str, **changes: object) -> Path:
    (folder / f"{name}.json").write_text(json.dumps(FILE | {"channel": name} | changes), encoding="utf-8")
    return folder


def test_the_members_of_the_enum_are_the_files_in_the_order_of_their_names() -> None:
    assert [channel.value for channel in Channel] == sorted(path.stem for path in FOLDER.glob("*.json"))
    assert Channel.FITKO in Channel
    assert Channel.GOVDIGITAL in Channel


def test_each_channel_has_a_module_and_each_module_a_channel() -> None:
    folder = Path(channels.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert modules == {channel.value for channel in Channel}


def test_the_ids_are_the_names_of_the_files(tmp_path: Path) -> None:
    assert channel_ids(written(written(tmp_path, "zweiter"), "erster1")) == ("erster1", "zweiter")


@pytest.mark.parametrize(
    "name", ["Erster", "1x", "mit-strich", "mit_strich", "mit.punkt", "a" * 32, "für", "class", *sorted(RESERVED)]
)
def test_a_name_that_cannot_be_part_of_topics_objects_and_modules_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match=r"names no channel.*Rename the file") as refused:
        channel_ids(written(tmp_path, name))
    assert (refused.value.code, refused.value.context["channel"]) == ("channel_id_invalid", name)


def test_no_channel_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="holds no file"):
        channel_ids(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channel": "another"}, "speaks of the channel another"),
        ({"short_name": " "}, "short_name"),
        ({"labels": {"de": "Nur deutsch"}}, "labels"),
        ({"contracts": None}, "contracts"),
        ({"ordering": {}}, "ordering"),
    ],
    ids=["another name", "no name", "one language", "no section", "what nobody reads"],
)
def test_an_unfit_file_is_named(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match=rf"^dritter\.json.*{message}|{message}") as refused:
        channel_file("dritter", written(tmp_path, "dritter", **changes))
    assert refused.value.code == "channel_file_invalid"


def test_a_missing_or_malformed_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match=r"dritter\.json"):
        channel_file("dritter", tmp_path)
    (tmp_path / "dritter.json").write_text("{", encoding="utf-8")
    with pytest.raises(InvalidError, match=r"dritter\.json"):
        channel_file("dritter", tmp_path)


def test_what_eligibility_does_not_read_is_refused() -> None:
    file = ChannelFile.model_validate(FILE | {"eligibility": {"excluded_types": ["KREIS"], "resellers": []}})
    with pytest.raises(InvalidError, match=r"(?s)^fitko\.json, 'eligibility'.*resellers") as refused:
        rules_of_file(file)
    assert refused.value.code == "channel_file_invalid"


def test_a_channel_that_no_rule_set_names_must_say_whom_it_excludes() -> None:
    with pytest.raises(InvalidError, match="excluded_types"):
        rules_of_file(ChannelFile.model_validate(FILE))
    file = ChannelFile.model_validate(FILE | {"eligibility": {"excluded_types": ["KREIS"]}})
    assert rules_of_file(file) == {"anbieter": "fitko", "excluded_types": ["KREIS"]}
