"""Members of a MongoDB replica set as far as the start script needs them: commands, rights and refusals of mongod 8.0, no data."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Command = Mapping[str, Any]
Reply = dict[str, Any]

OPEN = frozenset(
    {"hello", "ismaster", "isMaster", "ping", "buildInfo", "saslStart", "saslContinue", "endSessions", "connectionStatus"}
)
"""Commands that need no authentication."""

CHANGES = frozenset({"createUser", "updateUser", "createRole", "replSetReconfig"})


class RefusalError(Exception):
    """A command fails as mongod lets it fail."""

    def __init__(self, code: int, name: str, text: str) -> None:
        super().__init__(text)
        self.reply: Reply = {"ok": 0.0, "errmsg": text, "code": code, "codeName": name}


@dataclass(slots=True)
class Account:
    """A user of one database."""

    password: str
    roles: list[Any]


@dataclass(slots=True)
class SharedSet:
    """What members of one set have in common. ``elects_after``: hellos until there is a primary."""

    config: dict[str, Any]
    users: dict[tuple[str, str], Account] = field(default_factory=dict)
    roles: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    primary: str = ""
    elects_after: int = 2
    uncommitted: bool = False


@dataclass(slots=True)
class Member:
    """One mongod. ``joined`` is the set that it belongs to; a set that lists it takes it in at its ``heartbeats``-th hello."""

    host: str
    joined: SharedSet | None = None
    up: bool = True
    heartbeats: int = 3


@dataclass(slots=True)
class Session:
    """One connection: to whom, and as whom."""

    member: Member
    local: bool
    user: tuple[str, str] | None = None


@dataclass(slots=True)
class Servers:
    """All servers by host, and what was asked of them. ``lost_answers`` are commands that count although the client hears nothing."""

    members: dict[str, Member]
    asked: Counter[str] = field(default_factory=Counter)
    lost_answers: Counter[str] = field(default_factory=Counter)

    @classmethod
    def fresh(cls, count: int) -> Servers:
        """Return servers that belong to no set."""
        hosts = [f"mongodb-{number}.mongodb:27017" for number in range(count)]
        return cls({host: Member(host) for host in hosts})

    def sets(self) -> list[SharedSet]:
        """Return the different sets that there are."""
        return list({id(it.joined): it.joined for it in self.members.values() if it.joined is not None}.values())

    def run(self, session: Session, database: str, command: Command) -> Reply:
        """Return the reply to a command; a refusal is a reply as well."""
        name = next(iter(command))
        self.asked[name] += 1
        try:
            reply = self._run(session, database, name, command)
        except RefusalError as refusal:
            return refusal.reply
        if self.lost_answers[name] > 0:
            self.lost_answers[name] -= 1
            return RefusalError(189, "PrimarySteppedDown", "the answer got lost").reply
        return {"ok": 1.0, **reply}

    def _run(self, session: Session, database: str, name: str, command: Command) -> Reply:
        member, joined = session.member, session.member.joined
        users = joined.users if joined else {}
        exception = session.local and not users and name in ("replSetInitiate", "createUser")
        if name not in OPEN and session.user is None and not exception:
            raise RefusalError(13, "Unauthorized", f"Command {name} requires authentication")
        if name in CHANGES and (joined is None or joined.primary != member.host):
            raise RefusalError(10107, "NotWritablePrimary", "not primary")
        if name in ("hello", "ismaster", "isMaster"):
            return self._hello(member)
        if name == "replSetInitiate":
            return self._initiate(member, command[name])
        return {} if joined is None else self._in_set(joined, database, name, command)

    def _in_set(self, joined: SharedSet, database: str, name: str, command: Command) -> Reply:
        match name:
            case "replSetGetConfig":
                return {"config": copy.deepcopy(joined.config)}
            case "replSetReconfig":
                return self._reconfigure(joined, command[name])
            case "usersInfo":
                return {"users": self._found(joined.users, database, command[name])}
            case "createUser" | "updateUser":
                return self._user(joined, database, name, command)
            case "rolesInfo":
                asked = command[name]
                key = (asked["db"], asked["role"]) if isinstance(asked, dict) else (database, asked)
                return {"roles": [{"role": key[1], "db": key[0]}] if key in joined.roles else []}
            case "createRole":
                if (database, command[name]) in joined.roles:
                    raise RefusalError(51002, "Location51002", f'Role "{command[name]}@{database}" already exists')
                joined.roles[database, command[name]] = copy.deepcopy(command["privileges"])
        return {}

    def _hello(self, member: Member) -> Reply:
        common = {"maxWireVersion": 25, "minWireVersion": 0, "maxBsonObjectSize": 16777216, "maxMessageSizeBytes": 48000000}
        common |= {"maxWriteBatchSize": 100000, "logicalSessionTimeoutMinutes": 30, "readOnly": False, "helloOk": True}
        if member.joined is None:
            self._heartbeat(member)
            return {**common, "isWritablePrimary": False, "ismaster": False, "secondary": False, "isreplicaset": True}
        joined = member.joined
        joined.elects_after -= 1
        if not joined.primary and joined.elects_after < 0:
            joined.primary = member.host
        is_primary = joined.primary == member.host
        reply = {
            **common,
            "isWritablePrimary": is_primary,
            "ismaster": is_primary,
            "secondary": not is_primary,
            "me": member.host,
        }
        reply |= {
            "setName": "rs0",
            "setVersion": joined.config["version"],
            "hosts": [it["host"] for it in joined.config["members"]],
        }
        return {**reply, **({"primary": joined.primary} if joined.primary else {})}

    def _heartbeat(self, member: Member) -> None:
        member.heartbeats -= 1
        listing = [it for it in self.sets() if member.host in {other["host"] for other in it.config["members"]}]
        if listing and member.heartbeats < 0:
            member.joined = listing[0]

    def _initiate(self, member: Member, config: Command) -> Reply:
        if member.joined is not None:
            raise RefusalError(23, "AlreadyInitialized", "already initialized")
        if member.host not in {it["host"] for it in config["members"]}:
            raise RefusalError(93, "InvalidReplicaSetConfig", "No host described in new configuration maps to this node")
        member.joined = SharedSet({**copy.deepcopy(dict(config)), "version": 1})
        return {}

    def _reconfigure(self, joined: SharedSet, config: Command) -> Reply:
        if config["version"] <= joined.config["version"]:
            raise RefusalError(
                103, "NewReplicaSetConfigurationIncompatible", "New and old configurations must have ascending versions"
            )
        old = {it["host"] for it in joined.config["members"]}
        added = [it["host"] for it in config["members"] if it["host"] not in old]
        if len(added) + len(old - {it["host"] for it in config["members"]}) > 1:
            raise RefusalError(
                103, "NewReplicaSetConfigurationIncompatible", "Non force replica set reconfig can only add or remove 1"
            )
        if any(host not in self.members or not self.members[host].up for host in added):
            raise RefusalError(74, "NodeNotFound", f"Quorum check failed: {added[0]} did not respond")
        if joined.uncommitted:
            joined.uncommitted = False
            raise RefusalError(
                308, "CurrentConfigNotCommittedYet", "Cannot run replSetReconfig: the current config is not committed"
            )
        joined.config, joined.uncommitted = copy.deepcopy(dict(config)), True
        for host in added:
            self.members[host].joined = joined
        return {}

    def _found(self, users: dict[tuple[str, str], Account], database: str, asked: Any) -> list[Reply]:
        key = (asked["db"], asked["user"]) if isinstance(asked, dict) else (database, asked)
        return [{"_id": ".".join(key), "user": key[1], "db": key[0], "roles": users[key].roles}] if key in users else []

    def _user(self, joined: SharedSet, database: str, name: str, command: Command) -> Reply:
        users = joined.users
        key = (database, command[name])
        if name == "createUser" and key in users:
            raise RefusalError(51003, "Location51003", f'User "{key[1]}@{database}" already exists')
        if name == "updateUser" and key not in users:
            raise RefusalError(11, "UserNotFound", f"User {key[1]}@{database} not found")
        roles = [it if isinstance(it, dict) else {"role": it, "db": database} for it in command["roles"]]
        for role in roles:
            made = role["role"] in ("root", "backup", "restore", "readWrite") or (role["db"], role["role"]) in joined.roles
            if not made or (role["role"] in ("root", "backup", "restore") and role["db"] != "admin"):
                raise RefusalError(31, "RoleNotFound", f"Could not find role: {role['role']}@{role['db']}")
        users[key] = Account(command["pwd"], [dict(role) for role in roles])
        return {}
