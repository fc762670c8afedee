"""Lets a MongoDB shell speak to the replica set of the tests: OP_MSG and OP_QUERY, SCRAM-SHA-256, a port per member."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import secrets
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import bson

from tests.deploy.mongodb.replica_set import Command, RefusalError, Reply, Servers, Session

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
ROUNDS = 4096
LOCAL_HOST = "localhost:27017"


@contextmanager
def listening(servers: Servers) -> Iterator[dict[str, int]]:
    """Give the port of each host; ``localhost`` is the first member as it reaches itself."""
    lock = threading.Lock()
    running: list[socketserver.ThreadingTCPServer] = []
    ports: dict[str, int] = {}
    first = next(iter(servers.members))
    try:
        for host in (LOCAL_HOST, *servers.members):
            server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(servers, host, first, lock))
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
            running.append(server)
            ports[host] = server.server_address[1]
        yield ports
    finally:
        for server in running:
            server.shutdown()
            server.server_close()


def _handler(servers: Servers, host: str, first: str, lock: threading.Lock) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):
                self._serve()

        def _serve(self) -> None:
            member = servers.members[first if host == LOCAL_HOST else host]
            session, login = Session(member, local=host == LOCAL_HOST), _Login(servers)
            while member.up and len(head := self.rfile.read(16)) == struct.calcsize("<4i"):
                length, number, _, kind = struct.unpack("<4i", head)
                body = self.rfile.read(length - 16)
                with lock:
                    if not member.up:
                        return
                    database, command = _read(kind, body)
                    reply = login.step(session, database, command) or servers.run(session, database, command)
                    if "saslSupportedMechs" in command:
                        reply["saslSupportedMechs"] = ["SCRAM-SHA-256"]
                self.wfile.write(_written(kind, number, reply))

    return Handler


def _read(kind: int, body: bytes) -> tuple[str, Command]:
    if kind == OP_QUERY:
        name_end = body.index(b"\0", 4)
        return "admin", bson.decode(body[name_end + 9 :])
    assert kind == OP_MSG, kind
    assert body[4] == 0, "a body comes first"
    size = struct.unpack_from("<i", body, 5)[0]
    command = bson.decode(body[5 : 5 + size])
    return str(command["$db"]), command


def _written(kind: int, number: int, reply: Reply) -> bytes:
    document = bson.encode(reply)
    body = struct.pack("<iqii", 8, 0, 0, 1) + document if kind == OP_QUERY else struct.pack("<iB", 0, 0) + document
    return struct.pack("<4i", 16 + len(body), 1, number, OP_REPLY if kind == OP_QUERY else OP_MSG) + body


@dataclass(slots=True)
class _Login:
    """SCRAM-SHA-256 (RFC 7677) of one connection, as mongod speaks it."""

    servers: Servers
    key: tuple[str, str] = ("", "")
    first: str = ""
    salted: bytes = b""

    def step(self, session: Session, database: str, command: Command) -> Reply | None:
        name = next(iter(command))
        if name == "saslStart":
            return self._start(session, database, bytes(command["payload"]).decode())
        if name == "saslContinue":
            return self._continue(session, bytes(command["payload"]).decode())
        return None

    def _start(self, session: Session, database: str, payload: str) -> Reply:
        bare = payload.removeprefix("n,,")
        fields = _fields(bare)
        self.key = (database, fields["n"].replace("=2C", ",").replace("=3D", "="))
        users = session.member.joined.users if session.member.joined else {}
        if self.key not in users:
            return RefusalError(18, "AuthenticationFailed", "Authentication failed.").reply
        salt = secrets.token_bytes(28)
        self.salted = hashlib.pbkdf2_hmac("sha256", users[self.key].password.encode(), salt, ROUNDS)
        answer = f"r={fields['r']}{secrets.token_hex(12)},s={base64.b64encode(salt).decode()},i={ROUNDS}"
        self.first = f"{bare},{answer}"
        return {"ok": 1.0, "conversationId": 1, "done": False, "payload": answer.encode()}

    def _continue(self, session: Session, payload: str) -> Reply:
        if not payload:
            return {"ok": 1.0, "conversationId": 1, "done": True, "payload": b""}
        text, _, proof = payload.rpartition(",p=")
        signed = f"{self.first},{text}".encode()
        client_key = _mac(self.salted, b"Client Key")
        signature = _mac(hashlib.sha256(client_key).digest(), signed)
        expected = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        if not hmac.compare_digest(expected, base64.b64decode(proof)):
            return RefusalError(18, "AuthenticationFailed", "Authentication failed.").reply
        session.user = self.key
        verifier = base64.b64encode(_mac(_mac(self.salted, b"Server Key"), signed)).decode()
        return {"ok": 1.0, "conversationId": 1, "done": True, "payload": f"v={verifier}".encode()}


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, "sha256").digest()


def _fields(text: str) -> dict[str, Any]:
    return {part[0]: part[2:] for part in text.split(",")}
