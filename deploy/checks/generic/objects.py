"""Rendered Kubernetes objects and what is found wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Document = dict[str, Any]
"""One rendered object, as it came from YAML."""

CLUSTER_SCOPED = frozenset(
    {"Namespace", "ClusterRole", "ClusterRoleBinding", "StorageClass", "PriorityClass", "ClusterTriggerAuthentication"}
)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault: ``code`` names the rule, ``where`` the object, ``text`` what to change."""

    code: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"[{self.code}] {self.where}: {self.text}"


def mapping(value: object, *path: str) -> Document:
    """Return the object at a path below ``value``; an empty one where there is none (schemas report wrong types)."""
    found = _at(value, path)
    return found if isinstance(found, dict) else {}


def items(value: object, *path: str) -> list[Document]:
    """Return the list of objects at a path below ``value``; an empty one where there is none."""
    found = _at(value, path)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def texts(value: object, *path: str) -> list[str]:
    """Return the list of texts at a path below ``value``; an empty one where there is none."""
    found = _at(value, path)
    return [str(item) for item in found] if isinstance(found, list) else []


def text(value: object, *path: str) -> str:
    """Return the scalar at a path below ``value`` as text; an empty one where there is none."""
    found = _at(value, path)
    return "" if found is None or isinstance(found, dict | list) else str(found)


def number(value: object, *path: str) -> int | None:
    """Return the whole number at a path below ``value``, or None."""
    found = _at(value, path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _at(value: object, path: Iterable[str]) -> object:
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def without_nulls(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value as the API server reads it: a field that is null is not there, an entry of a list that is null is empty."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [{} if item is None else without_nulls(item) for item in value]
    return value


def name_of(document: Document) -> str:
    """Return ``metadata.name``."""
    return text(document, "metadata", "name")


def namespace_of(document: Document) -> str:
    """Return ``metadata.namespace``, empty for what stands outside of namespaces."""
    return text(document, "metadata", "namespace")


def kind_of(document: Document) -> str:
    """Return the kind."""
    return text(document, "kind")


def where(document: Document) -> str:
    """Return how messages name an object: ``Kind namespace/name``."""
    namespace = namespace_of(document)
    return f"{kind_of(document)} {namespace + '/' if namespace else ''}{name_of(document)}"


class Objects:
    """The objects of one rendered overlay."""

    def __init__(self, overlay: str, documents: Iterable[Document]) -> None:
        self.overlay = overlay
        self.documents = tuple(documents)

    def __iter__(self) -> Iterator[Document]:
        return iter(self.documents)

    def __len__(self) -> int:
        return len(self.documents)

    def of(self, *kinds: str) -> list[Document]:
        """Return the objects of some kinds, in rendered order."""
        return [document for kind in kinds for document in self._by_kind.get(kind, ())]

    def find(self, kind: str, namespace: str, name: str) -> Document | None:
        """Return one object, or None."""
        return self._by_name.get((kind, namespace, name))

    @cached_property
    def _by_kind(self) -> dict[str, list[Document]]:
        kinds: dict[str, list[Document]] = {}
        for document in self.documents:
            kinds.setdefault(kind_of(document), []).append(document)
        return kinds

    @cached_property
    def _by_name(self) -> dict[tuple[str, str, str], Document]:
        found: dict[tuple[str, str, str], Document] = {}
        for document in self.documents:
            found.setdefault((kind_of(document), namespace_of(document), name_of(document)), document)
        return found
