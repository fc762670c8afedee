"""An AsyncAPI document as a page: servers, channels, operations, messages and their values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from deploy.site.text import code, escaped, fields, kind_of, paragraphs, sample, table, target


def page(name: str, document: dict[str, Any]) -> str:
    """Return the page of the document in Markdown; ``name`` begins the names of its places."""
    return "\n".join([*_head(document), *_channels(name, document), *_messages(name, document), *_schemas(name, document)])


def _head(document: dict[str, Any]) -> Iterator[str]:
    yield f"# {escaped(document['info']['title'])}\n\n{paragraphs(document['info']['description'])}\n"
    servers = document.get("servers", {})
    if servers:
        schemes = document["components"]["securitySchemes"]
        rows = [
            (code(name), code(server["host"]), code(schemes[name]["type"]), escaped(server["description"]))
            for name, server in servers.items()
        ]
        yield "## Servers\n\n" + table(("Server", "Host", "Security", "Meaning"), rows)


def _channels(name: str, document: dict[str, Any]) -> Iterator[str]:
    yield "## Channels\n"
    for channel, content in document["channels"].items():
        yield f"({target(name, 'channel', channel)})=\n### {escaped(content['address'])}\n"
        if "description" in content:
            yield f"{paragraphs(content['description'])}\n"
        yield table(("Setting", "Value"), _settings(content))
        operations = [
            (code(operation), code(about["action"]), escaped(about.get("summary", about.get("title", ""))))
            for operation, about in document["operations"].items()
            if about["channel"]["$ref"] == f"#/channels/{channel}"
        ]
        yield table(("Operation", "Action", "Meaning"), operations)
        links = [f"- [{escaped(message)}](#{target(name, 'message', message)})" for message in content["messages"]]
        yield "Messages:\n\n" + "\n".join(links) + "\n"


def _settings(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    binding = content["bindings"]["kafka"]
    if "x-key" in content:
        yield "key", escaped(content["x-key"])
    yield "partitions", str(binding["partitions"])
    for setting, value in binding["topicConfiguration"].items():
        shown = ", ".join(value) if isinstance(value, list) else str(value)
        words = f" ({timedelta(milliseconds=value).days} days)" if setting.endswith(".ms") else ""
        yield code(setting), escaped(shown) + words
    for setting in ("x-compression", "x-min-compaction-lag-ms", "x-message-timestamp-type", "x-producer"):
        if setting in content:
            yield escaped(setting.removeprefix("x-").replace("-", " ")), escaped(content[setting])
    if content.get("x-consumers"):
        yield "consumer groups", ", ".join(code(group) for group in content["x-consumers"])
    for parameter, about in content.get("parameters", {}).items():
        yield f"parameter {code(parameter)}", escaped(about["description"])


def _messages(name: str, document: dict[str, Any]) -> Iterator[str]:
    yield "## Messages\n"
    traits = document["components"].get("messageTraits", {})
    for trait, about in traits.items():
        yield f"({target(name, 'trait', trait)})=\n### Headers: {escaped(trait)}\n"
        yield f"{escaped(about['headers']['description'])}\n\n{fields(about['headers'], name)}"
    for message, about in document["components"]["messages"].items():
        yield f"({target(name, 'message', message)})=\n### {escaped(message)}\n\n{paragraphs(about['summary'])}\n"
        if "description" in about:
            yield f"{paragraphs(about['description'])}\n"
        for trait in about.get("traits", ()):
            used = trait["$ref"].rpartition("/")[2]
            yield f"Headers: [{escaped(used)}](#{target(name, 'trait', used)}).\n"
        if "headers" in about:
            yield fields(about["headers"], name)
        payload = about.get("payload", {})
        decoded = payload.get("x-decoded")
        if decoded:
            yield f"Decoded payload: {kind_of(decoded, name)}.\n"
        yield fields(payload, name)
        for example in about.get("examples", ()):
            yield "Example:\n\n" + sample(example["payload"], "text" if isinstance(example["payload"], str) else "json")
        if "x-decoded-example" in about:
            yield "Its payload, decoded:\n\n" + sample(about["x-decoded-example"])


def _schemas(name: str, document: dict[str, Any]) -> Iterator[str]:
    schemas = document["components"].get("schemas", {})
    if schemas:
        yield "## Values\n"
    for title, schema in schemas.items():
        yield f"({target(name, 'schema', title)})=\n### {escaped(title)}\n\n{paragraphs(schema.get('description', ''))}\n"
        if "properties" in schema:
            yield fields(schema, name)
        elif "x-extensible-enum" in schema:
            yield "Open list: " + ", ".join(code(value) for value in schema["x-extensible-enum"]) + ".\n"
        else:
            yield f"{kind_of(schema, name)}\n"
