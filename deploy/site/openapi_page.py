"""The OpenAPI documents of the five APIs as pages: operations with parameters, bodies and answers, and their values."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from unittest import mock

from fastapi import FastAPI

from deploy.checks.product.settings import PROJECT
from deploy.site.text import code, escaped, fields, kind_of, paragraphs, sample, table, target
from marktplatz.assembly import BUILDERS
from marktplatz.silent import Silent
from shared.http.app import create_app
from shared.http.caller import Caller
from shared.process.service import Resources
from shared.store.opening import open_store

_METHODS = ("get", "put", "post", "patch", "delete")


class _Nobody:
    """Authenticator and health of an API that is only described."""

    async def authenticate(self, _token: str) -> Caller:
        raise PermissionError

    def live(self) -> bool:
        return True

    def ready(self) -> dict[str, bool]:
        return {}


def documents() -> dict[str, dict[str, Any]]:
    """Return the OpenAPI document of each service, by its name."""
    return {name: application.openapi() for name, application in applications().items()}


def applications() -> dict[str, FastAPI]:
    """Return the API of each service, by its name, over a store that holds nothing."""
    found: dict[str, FastAPI] = {}
    with mock.patch.dict(os.environ, {"NOTIFY_SMTP_HOST": "localhost"}, clear=True):
        for name, build in BUILDERS.items():
            store = open_store("sqlite:///:memory:")
            service = build(Resources(store=store, publisher=Silent(), data_dir=PROJECT / "data"))
            found[name.value] = create_app(
                service.name,
                service.router,
                title=service.title,
                authenticator=_Nobody(),
                store=store,
                health=_Nobody(),
                clock=lambda: datetime.now(UTC),
            )
    return found


def page(name: str, document: dict[str, Any]) -> str:
    """Return the page of an API in Markdown; ``name`` begins the names of its places."""
    info = document["info"]
    parts = [f"# API {escaped(name)}: {escaped(info['title'])}\n\n{paragraphs(info.get('description', ''))}\n", "## Operations\n"]
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                parts += _operation(name, path, method, methods[method])
    parts.append("## Values\n")
    for title, schema in document.get("components", {}).get("schemas", {}).items():
        parts.append(f"({target(name, 'schema', title)})=\n### {escaped(title)}\n\n{paragraphs(schema.get('description', ''))}\n")
        parts.append(fields(schema, name) if "properties" in schema else f"{kind_of(schema, name)}\n")
    return "\n".join(parts)


def _operation(name: str, path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"({target(name, method, path)})=\n### {method.upper()} {escaped(path)}\n\n{paragraphs(operation.get('summary', ''))}\n"
    if operation.get("description"):
        yield f"{paragraphs(operation['description'])}\n"
    rows = [
        (
            code(parameter["name"]),
            escaped(parameter["in"]),
            kind_of(parameter.get("schema", {}), name),
            "yes" if parameter.get("required") else "no",
            escaped(parameter.get("description", "-")),
        )
        for parameter in operation.get("parameters", ())
    ]
    yield table(("Parameter", "In", "Type", "Required", "Meaning"), rows)
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"Body ({code(media)}): {kind_of(content.get('schema', {}), name)}\n"
        for example in (content.get("examples") or {}).values():
            yield sample(example.get("value", {}))
    answers = [
        (
            code(status),
            escaped(answer.get("description", "")),
            ", ".join(
                f"{code(media)} {kind_of(content.get('schema', {}), name)}"
                for media, content in answer.get("content", {}).items()
            )
            or "-",
        )
        for status, answer in operation.get("responses", {}).items()
    ]
    yield table(("Status", "Meaning", "Content"), answers)
