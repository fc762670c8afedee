"""``python -m deploy.generate.operations [--check]``: write which problems each operation of the APIs can answer.

They are found in the source: what the route and its dependencies can come to, and what is raised there. An operation may so get
a code too many, where one function serves several steps, and none too few.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from deploy.checks.product.settings import PROJECT
from deploy.generate import written
from deploy.generate.codes import Known, codes, codes_at, known, own_code, trees
from deploy.generate.handbook_codes import API, code_texts
from deploy.generate.reach import Reach
from deploy.site.openapi_page import applications
from shared.http.openapi import answers

FILE: Final = Path(answers.__file__).with_name(answers.CODES)
ALWAYS: Final = ("host_invalid", "query_too_many", "path_too_long", "query_too_long", "headers_too_large", "internal_error")
"""Codes that any request can have, by ``shared.http.body`` and ``shared.http.observe``."""
WITH_BODY: Final = ("json_invalid", "body_too_large", "unsupported_media_type")
"""Codes of requests with a body, by ``shared.http.body``."""
VALUES: Final = "invalid"
"""Code of what is not valid by its type, and of a query parameter that nobody knows."""
ELSEWHERE: Final = ("contract", "partner")
"""Parts of the handbook whose codes are recorded where a processor or the intake refuses, and given out where an API does."""
_ENGINE: Final = "eligibility"
_OF_ENGINE: Final = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
"""Codes of the in-house check, which the handbook explains on its page *Vorprüfung*."""
_SAFE: Final = frozenset({"GET", "HEAD"})
_OF_STORES: Final = ("store_unavailable",)
"""What whatever reads a store can come to: the stores' own files are not looked through."""


def generated() -> str:
    """Return the text of the file."""
    finder = _Finder()
    found = {
        name: {
            f"{method} {route.path_format}": finder.problems(name, route, method)
            for route in application.routes
            if isinstance(route, APIRoute) and route.include_in_schema
            for method in sorted(route.methods or ())
        }
        for name, application in applications().items()
    }
    services = (f'"{name}": {{\n{_rows(operations)}\n}}' for name, operations in sorted(found.items()))
    return "{\n" + ",\n".join(services) + "\n}\n"


def _rows(operations: Mapping[str, object]) -> str:
    """Return a line for each operation, so that changes are seen and merged line by line."""
    return ",\n".join(f" {json.dumps(name)}: {json.dumps(problems)}" for name, problems in sorted(operations.items()))


class _Finder:
    def __init__(self) -> None:
        self.reach = Reach({path.relative_to(PROJECT): tree for path, tree in trees().items()})
        self.known = known()
        self.statuses = codes()
        texts = code_texts("de")
        self.of_apis = texts[API].keys()
        self.elsewhere = {code for part in ELSEWHERE for code in texts[part]}
        self._at: dict[int, set[tuple[str, int | None]]] = {}

    def problems(self, service: str, route: APIRoute, method: str) -> dict[str, list[str]]:
        """Return the codes of an operation by status."""
        found: set[tuple[str, int | None]] = {(code, None) for code in (*ALWAYS, *_OF_STORES, VALUES)}
        if method not in _SAFE:
            found |= {(code, None) for code in WITH_BODY}
        for call in _calls(route.dependant):
            for node in self._nodes(call):
                found |= self._codes_of(node)
        by_status: dict[str, set[str]] = defaultdict(set)
        for code, status in found:
            is_answer = code in self.of_apis or (status is not None and code in self.elsewhere)
            if is_answer or (service == _ENGINE and _OF_ENGINE.fullmatch(code)):
                for one in (status,) if status else self.statuses[code]:
                    by_status[str(one)].add(code)
        return {status: sorted(names) for status, names in sorted(by_status.items())}

    def _nodes(self, call: Callable[..., Any]) -> Iterator[ast.AST]:
        function = inspect.unwrap(call.__init__ if inspect.isclass(call) else call)
        code = getattr(function, "__code__", None)
        node = self.reach.node_at(function.__module__, code.co_firstlineno) if code is not None else None
        if node is not None:
            owner = function.__qualname__.rpartition(".")[0]
            yield from self.reach.reached(function.__module__, node, owner if owner.isidentifier() else None)

    def _codes_of(self, node: ast.AST) -> set[tuple[str, int | None]]:
        if id(node) not in self._at:
            inside = [] if isinstance(node, ast.ClassDef) else ast.walk(node)
            self._at[id(node)] = {
                pair for part in inside for find in (codes_at, own_code, _refusal) for pair in find(part, self.known)
            }
        return self._at[id(node)]


def _refusal(node: ast.AST, known: Known) -> Iterator[tuple[str, int | None]]:
    """Yield the code with which the engine of the in-house check refuses; the API of eligibility gives it out with 422."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "RefusedError" and node.args:
        first = node.args[0]
        text = first.value if isinstance(first, ast.Constant) else known.texts.get(getattr(first, "id", ""), "")
        if isinstance(text, str) and _OF_ENGINE.fullmatch(text):
            yield text, HTTPStatus.UNPROCESSABLE_ENTITY.value


def _calls(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    if dependant.call is not None:
        yield dependant.call
    for other in dependant.dependencies:
        yield from _calls(other)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit code."""
    return written.run("deploy.generate.operations", __doc__, FILE, generated, arguments)


if __name__ == "__main__":
    sys.exit(main())
