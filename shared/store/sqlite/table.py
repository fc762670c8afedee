"""The SQL of one collection: its table, columns and indexes, its statements and its queries."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.store.documents import decode, encoded
from shared.store.plan import Plan
from shared.store.port import Collection, Document

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_BACKFILL = 500


class Table:
    """The SQL of one collection."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._fields = tuple(dict.fromkeys(name for index in collection.indexes for name in index.fields))
        self._name = _quoted(collection.name)
        columns = ["rev", "body", *map(_column, self._fields)]
        among = "_id IN (SELECT value FROM json_each(?))"
        self.select = f"SELECT _id, body FROM {self._name} WHERE {among}"  # noqa: S608 - quoted names of declared things
        self.select_in_order = f"SELECT body FROM {self._name} WHERE {among} ORDER BY _id"  # noqa: S608 - as above
        self.select_rev = f"SELECT _id, rev FROM {self._name} WHERE {among}"  # noqa: S608 - as above
        self.scan = f"SELECT body FROM {self._name} WHERE _id > ? ORDER BY _id LIMIT ?"  # noqa: S608 - as above
        self.delete = f"DELETE FROM {self._name} WHERE {among}"  # noqa: S608 - as above
        marks = ", ".join("?" * (len(columns) + 1))
        self.insert = f"INSERT INTO {self._name} (_id, {', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - as above
        settings = ", ".join(f"{column} = ?" for column in columns)
        self.update = f"UPDATE {self._name} SET {settings} WHERE _id = ?"  # noqa: S608 - as above

    def row(self, document: Document) -> tuple[Any, ...]:
        """Return ``_id``, ``rev``, body and the indexed values of a plain document."""
        return (document["_id"], document.get("rev"), encoded(self._collection, document), *self._indexed(document))

    def find(self, query: Plan) -> tuple[str, list[Any]]:
        """Return the SQL of a query and its values."""
        where, values = self._where(query)
        way = " DESC" if query.descending else ""
        order = ", ".join(f"{column}{way}" for column in self._order(query))
        sql = f"SELECT body FROM {self._name} {where} ORDER BY {order} LIMIT ?"  # noqa: S608 - quoted names of declared things
        return sql, [*values, query.limit]

    def count(self, query: Plan) -> tuple[str, list[Any]]:
        """Return the SQL that counts what a query finds without its limit, and its values."""
        where, values = self._where(query)
        return f"SELECT count(*) FROM {self._name} {where}", values  # noqa: S608 - as above

    def _order(self, query: Plan) -> list[str]:
        return [name if name == "_id" else _column(name) for name in query.order]

    def _where(self, query: Plan) -> tuple[str, list[Any]]:
        terms = [f"{_column(name)} = ?" for name, _ in query.fixed]
        values = [_comparable(value) for _, value in query.fixed]
        columns = self._order(query)
        terms += [f"{column} IS NOT NULL" for column in columns[:-1]]
        for sign, bound in ((">=", query.at_least), ("<", query.below)):
            if bound is not None:
                terms.append(f"{columns[0]} {sign} ?")
                values.append(_comparable(bound))
        if query.after is not None:
            sign = "<" if query.descending else ">"
            terms.append(f"({', '.join(columns)}) {sign} ({', '.join('?' * len(columns))})")
            values += map(_comparable, query.after)
        return (f"WHERE {' AND '.join(terms)}" if terms else ""), values

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Create what is missing, inside the caller's transaction. An index that is no longer declared is dropped."""
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {self._name} (_id TEXT PRIMARY KEY NOT NULL, rev INTEGER, body BLOB NOT NULL)"
        )
        present = {row[1] for row in connection.execute(f"PRAGMA table_info({self._name})")}
        for name in self._fields:
            if f"f_{name}" not in present:
                connection.execute(f"ALTER TABLE {self._name} ADD COLUMN {_column(name)}")
        declared = {f"{self._collection.name}.{index.name}": self._create(index.name) for index in self._collection.indexes}
        found = dict(
            connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
                (self._collection.name,),
            ).fetchall()
        )
        for name, sql in found.items():
            if declared.get(name) != sql:
                connection.execute(f"DROP INDEX {_quoted(name)}")
        missing = [sql for name, sql in declared.items() if found.get(name) != sql]
        if missing:
            self._backfill(connection)
        for sql in missing:
            connection.execute(sql)

    def _create(self, index: str) -> str:
        columns = [_column(name) for name in self._collection.index(index).fields]
        condition = " AND ".join(f"{column} IS NOT NULL" for column in columns)
        name = _quoted(f"{self._collection.name}.{index}")
        return f"CREATE INDEX {name} ON {self._name} ({', '.join(columns)}, _id) WHERE {condition}"

    def _backfill(self, connection: sqlite3.Connection) -> None:
        settings = ", ".join(f"{_column(name)} = ?" for name in self._fields)
        last = 0
        while True:
            rows = connection.execute(
                f"SELECT rowid, body FROM {self._name} WHERE rowid > ? ORDER BY rowid LIMIT ?",  # noqa: S608 - as above
                (last, _BACKFILL),
            ).fetchall()
            if not rows:
                return
            connection.executemany(
                f"UPDATE {self._name} SET {settings} WHERE rowid = ?",  # noqa: S608 - as above
                [(*self._indexed(decode(body)), rowid) for rowid, body in rows],
            )
            last = rows[-1][0]

    def _indexed(self, document: Document) -> Iterable[str | int | None]:
        return [_comparable(document.get(name)) for name in self._fields]


def _comparable(value: Any) -> str | int | None:  # noqa: ANN401 - any value of a document
    """Return how a scalar lies in its column, in the same order as MongoDB compares it."""
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MILLISECOND
    return value if isinstance(value, (str, int)) else None


def _column(field: str) -> str:
    return _quoted(f"f_{field}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
