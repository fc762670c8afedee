"""Every value of one object against the form of its field: what the API server and the kubelet refuse, and schemas do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from deploy.checks.generic.core_schemas import is_core
from deploy.checks.generic.objects import CLUSTER_SCOPED, Document, Finding, kind_of, mapping, name_of, namespace_of, where
from deploy.checks.generic.values import custom
from deploy.checks.generic.values.faults import Fault, needs
from deploy.checks.generic.values.fields import FIELDS, KEYS, LONGEST_NAMES, NAMES, ROLE_KINDS, VALUES
from deploy.checks.generic.values.formats import NAME, Format
from deploy.checks.generic.values.together import NEEDED, RULES
from deploy.checks.generic.values.walk import Node, parts

_LONGEST_SHOWN = 80
_INT32 = 2**31


def check_values(document: Document) -> Iterator[Finding]:
    """Check one object; codes begin with ``value-``, and ``word`` and ``quantity``."""
    yield from _identity(document)
    if is_core(document):
        nodes = parts(document)
    else:
        nodes = custom.built_in(document)
        for path, value, form in custom.wrong(document):
            yield _finding(document, path, value, form)
    for node in nodes:
        if isinstance(node.value, dict):
            yield from _fields(document, node)
            yield from _widths(document, node)
            for code, below, message in _together(node):
                yield Finding(code, where(document), f"{node.below(below) if below else node.path}: {message}")
        else:
            yield from _unique(document, node)


def _identity(document: Document) -> Iterator[Finding]:
    """Check how an object is called, and that it is in a namespace if its kind is."""
    kind, name = kind_of(document), mapping(document, "metadata").get("name")
    if not name:
        yield Finding("value-missing", where(document), "metadata.name: must be set")
    elif kind not in ROLE_KINDS and not NAMES.get(kind, NAME).holds(name):
        yield _finding(document, "metadata.name", name, NAMES.get(kind, NAME))
    elif len(name_of(document)) > LONGEST_NAMES.get(kind, len(name_of(document))):
        yield Finding("value-name", where(document), f"metadata.name: has more than {LONGEST_NAMES[kind]} letters")
    if bool(namespace_of(document)) == (kind in CLUSTER_SCOPED):
        message = "must be empty: the kind stands outside of namespaces" if kind in CLUSTER_SCOPED else "must be set"
        yield Finding("value-missing", where(document), f"metadata.namespace: {message}")


def _together(node: Node) -> Iterator[Fault]:
    yield from needs(node.value, *NEEDED.get(node.part, ()))
    if node.part in RULES:
        yield from RULES[node.part](node.value)


def _fields(document: Document, node: Node) -> Iterator[Finding]:
    for field, form in FIELDS.get(node.part, {}).items():
        value = node.value.get(field)
        for given in value if isinstance(value, list) else [value]:
            if value is not None and not form.holds(given):
                yield _finding(document, node.below(field), given, form)
    for field, form in KEYS.get(node.part, {}).items():
        for given in mapping(node.value, field):
            if not form.holds(given):
                yield _finding(document, node.below(field), given, form)
    for field, form in VALUES.get(node.part, {}).items():
        for name, given in mapping(node.value, field).items():
            if given is not None and not form.holds(given):
                yield _finding(document, node.below(f"{field}.{name}"), given, form)


def _widths(document: Document, node: Node) -> Iterator[Finding]:
    """Check that numbers fit into what the server keeps them in."""
    for field, schema in node.schema.get("properties", {}).items():
        value = node.value.get(field)
        if schema.get("format") == "int32" and isinstance(value, int | float) and not _is_int32(value):
            yield Finding("value-number", where(document), f"{node.below(field)} is {value}: must be a whole number of 32 bits")


def _is_int32(value: float) -> bool:
    return isinstance(value, int) and -_INT32 <= value < _INT32


def _unique(document: Document, node: Node) -> Iterator[Finding]:
    """Check what the schema says of a list: a set of different values, or entries that some fields distinguish."""
    keys = node.schema.get("x-kubernetes-list-map-keys") or ()
    if keys:
        given = [tuple(str(item.get(key, "")) for key in keys) for item in node.value if isinstance(item, dict)]
    elif node.schema.get("x-kubernetes-list-type") == "set":
        given = [(str(item),) for item in node.value]
    else:
        return
    for entry, count in Counter(given).items():
        if count > 1:
            yield Finding("value-twice", where(document), f"{node.path}: holds {' '.join(entry)} {count} times")


def _finding(document: Document, path: str, value: object, form: Format) -> Finding:
    shown = str(value)
    shown = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}... ({len(shown)} letters)"
    return Finding(form.code, where(document), f"{path} is {shown!r}: must be {form.expected}")
