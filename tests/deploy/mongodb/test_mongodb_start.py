"""The start script of the component ``mongodb``, in the real shell, against servers that answer as mongod does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy.mongodb.replica_set import Account, Servers, SharedSet
from tests.deploy.mongodb.shell import start

HOSTS = [f"mongodb-{number}.mongodb:27017" for number in range(3)]
PASSWORDS = {"ADMIN_PASSWORD": "a:d/m=i,n", "catalog": "c%40t", "backup": "b-a-c-k"}
ENVIRONMENT = {
    "ADMIN_USERNAME": "root,user",
    "ADMIN_PASSWORD": PASSWORDS["ADMIN_PASSWORD"],
    "STORE_CATALOG": f"mongodb://catalog:{PASSWORDS['catalog']}@{','.join(HOSTS)}/catalog?replicaSet=rs0",
    "STORE_BACKUP": f"mongodb://dump:{PASSWORDS['backup']}@{','.join(HOSTS)}/?authSource=admin&replicaSet=rs0",
}
RESTORE = {"STORE_RESTORE": f"mongodb://back-again:r-e-s@{','.join(HOSTS)}/?authSource=admin&replicaSet=rs0"}
REPLAY = ("admin", "marktplatzOplogReplay")
ADMINISTRATOR = ("admin", "root,user")


def given_set(servers: Servers, *numbers: int, primary: int = 0, administrator: bool = True) -> SharedSet:
    """Make members part of a set that has been made before."""
    members = [{"_id": number, "host": HOSTS[number]} for number in numbers]
    made = SharedSet({"_id": "rs0", "version": 4, "members": members}, primary=HOSTS[primary])
    if administrator:
        made.users[ADMINISTRATOR] = Account(ENVIRONMENT["ADMIN_PASSWORD"], [{"role": "root", "db": "admin"}])
    for number in numbers:
        servers.members[HOSTS[number]].joined = made
    return made


def hosts_of(made: SharedSet) -> list[str]:
    return [member["host"] for member in made.config["members"]]


def test_the_first_start_makes_the_set_with_all_members_and_accounts(tmp_path: Path) -> None:
    servers = Servers.fresh(3)
    ended = start(servers, tmp_path, ENVIRONMENT)
    assert ended.code == 0, ended.said
    (made,) = servers.sets()
    assert hosts_of(made) == HOSTS
    assert [member["_id"] for member in made.config["members"]] == [0, 1, 2]
    assert all(member.joined is made for member in servers.members.values())
    assert made.users == {
        ADMINISTRATOR: Account(ENVIRONMENT["ADMIN_PASSWORD"], [{"role": "root", "db": "admin"}]),
        ("catalog", "catalog"): Account("c@t", [{"role": "readWrite", "db": "catalog"}]),
        ("admin", "dump"): Account("b-a-c-k", [{"role": "backup", "db": "admin"}]),
    }


def test_an_account_that_may_restore_and_replay_is_made_only_where_its_secret_is(tmp_path: Path) -> None:
    servers = Servers.fresh(1)
    assert start(servers, tmp_path, ENVIRONMENT).code == 0
    (made,) = servers.sets()
    assert made.roles == {}
    servers.lost_answers["createRole"] = 1
    for _ in range(2):
        ended = start(servers, tmp_path, ENVIRONMENT | RESTORE)
        assert ended.code == 0, ended.said
    assert made.roles == {REPLAY: [{"resource": {"anyResource": True}, "actions": ["anyAction"]}]}
    roles = [{"role": "restore", "db": "admin"}, {"role": REPLAY[1], "db": "admin"}]
    assert made.users["admin", "back-again"] == Account("r-e-s", roles)
    assert made.users["admin", "dump"].roles == [{"role": "backup", "db": "admin"}]


def test_a_repeated_start_changes_nothing(tmp_path: Path) -> None:
    servers = Servers.fresh(3)
    assert start(servers, tmp_path, ENVIRONMENT).code == 0
    (made,) = servers.sets()
    config, users = dict(made.config), dict(made.users)
    servers.asked.clear()
    assert start(servers, tmp_path, ENVIRONMENT).code == 0
    assert (made.config, made.users) == (config, users)
    assert not servers.asked.keys() & {"replSetInitiate", "replSetReconfig", "createUser"}


def test_a_single_member_waits_for_nobody(tmp_path: Path) -> None:
    servers = Servers.fresh(1)
    assert start(servers, tmp_path, ENVIRONMENT).code == 0
    assert [hosts_of(made) for made in servers.sets()] == [HOSTS[:1]]


def test_a_missing_member_is_added_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    servers = Servers.fresh(3)
    made = given_set(servers, 0, 2)
    assert start(servers, tmp_path, ENVIRONMENT).code == 0
    assert {member["host"]: member["_id"] for member in made.config["members"]} == {HOSTS[0]: 0, HOSTS[2]: 2, HOSTS[1]: 3}


def test_a_member_that_is_away_is_waited_for_and_named_at_the_end(tmp_path: Path) -> None:
    servers = Servers.fresh(3)
    made = given_set(servers, 0, 1)
    servers.members[HOSTS[2]].up = False
    ended = start(servers, tmp_path, ENVIRONMENT, tries=2)
    assert ended.code != 0
    assert f"gave up: {HOSTS[2]} joins" in ended.said
    assert hosts_of(made) == HOSTS[:2]


def test_no_set_is_made_while_a_member_does_not_answer(tmp_path: Path) -> None:
    servers = Servers.fresh(3)
    servers.members[HOSTS[1]].up = False
    ended = start(servers, tmp_path, ENVIRONMENT, tries=2)
    assert ended.code != 0
    assert "gave up: the replica set" in ended.said
    assert servers.sets() == []


def test_a_first_member_that_lost_its_data_is_taken_in_again_and_makes_no_second_set(tmp_path: Path) -> None:
    servers = Servers.fresh(3)
    made = given_set(servers, 0, 1, 2, primary=1)
    servers.members[HOSTS[0]].joined = None
    ended = start(servers, tmp_path, ENVIRONMENT)
    assert ended.code == 0, ended.said
    assert servers.sets() == [made]
    assert servers.asked["replSetInitiate"] == 0


def test_a_changed_password_of_a_store_is_set(tmp_path: Path) -> None:
    servers = Servers.fresh(3)
    made = given_set(servers, 0, 1, 2)
    made.users["catalog", "catalog"] = Account("old", [{"role": "readWrite", "db": "catalog"}])
    assert start(servers, tmp_path, ENVIRONMENT).code == 0
    assert made.users["catalog", "catalog"].password == "c@t"


def test_accounts_are_maintained_at_the_primary_wherever_it_is(tmp_path: Path) -> None:
    servers = Servers.fresh(3)
    made = given_set(servers, 0, 1, 2, primary=2)
    ended = start(servers, tmp_path, ENVIRONMENT)
    assert ended.code == 0, ended.said
    assert ("catalog", "catalog") in made.users


def test_another_password_of_the_administrator_is_said_and_changes_nothing(tmp_path: Path) -> None:
    servers = Servers.fresh(3)
    made = given_set(servers, 0, 1, 2)
    made.users[ADMINISTRATOR].password = "another"
    ended = start(servers, tmp_path, ENVIRONMENT, tries=2)
    assert ended.code != 0
    assert "the administrator's password is not the one in the secret 'mongodb'" in ended.said
    assert set(made.users) == {ADMINISTRATOR}


def test_a_start_that_was_cut_off_before_the_administrator_goes_on_there(tmp_path: Path) -> None:
    servers = Servers.fresh(3)
    made = given_set(servers, 0, administrator=False)
    ended = start(servers, tmp_path, ENVIRONMENT)
    assert ended.code == 0, ended.said
    assert hosts_of(made) == HOSTS
    assert ADMINISTRATOR in made.users


@pytest.mark.parametrize("command", ["replSetReconfig", "createUser", "updateUser"])
def test_a_lost_answer_does_no_harm(tmp_path: Path, command: str) -> None:
    servers = Servers.fresh(3)
    made = given_set(servers, 0, 1)
    made.users["catalog", "catalog"] = Account("old", [])
    servers.lost_answers[command] = 1
    ended = start(servers, tmp_path, ENVIRONMENT)
    assert ended.code == 0, ended.said
    assert hosts_of(made) == HOSTS
    assert set(made.users) == {ADMINISTRATOR, ("catalog", "catalog"), ("admin", "dump")}


@pytest.mark.parametrize("number", [1, 2])
def test_other_members_do_nothing(tmp_path: Path, number: int) -> None:
    servers = Servers.fresh(3)
    assert start(servers, tmp_path, {**ENVIRONMENT, "HOSTNAME": f"mongodb-{number}"}).code == 0
    assert not servers.asked


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("STORE_CATALOG", "mongodb://catalog:s3cret@mongodb-0.mongodb:27017/?replicaSet=rs0"),
        ("STORE_CATALOG", "catalog:s3cret"),
        ("STORE_BACKUP", "mongodb://dump:s3cret@mongodb-0.mongodb:27017/admin?replicaSet=rs0"),
        ("STORE_RESTORE", "mongodb://back:s3cret@mongodb-0.mongodb:27017/admin?replicaSet=rs0"),
    ],
)
def test_an_address_of_the_wrong_form_is_named_before_anything_is_done(tmp_path: Path, variable: str, url: str) -> None:
    servers = Servers.fresh(3)
    ended = start(servers, tmp_path, {**ENVIRONMENT, variable: url})
    assert ended.code != 0
    assert f"{variable} must be mongodb://" in ended.said
    assert "s3cret" not in ended.said
    assert not servers.asked


def test_no_password_is_said(tmp_path: Path) -> None:
    servers = Servers.fresh(3)
    servers.lost_answers.update({"replSetReconfig": 1, "createUser": 1, "updateUser": 1})
    said = start(servers, tmp_path, ENVIRONMENT).said
    assert "waiting" in said
    assert not [password for password in (*PASSWORDS.values(), "c@t") if password in said]
