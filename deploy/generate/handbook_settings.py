"""The handbook's table of all environment variables: from the settings classes and what the production overlay sets."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from deploy.checks.generic.objects import Objects, items, mapping, text
from deploy.checks.product.settings import PROJECT, all_settings, variables_of
from marktplatz.assembly import BUILDERS, SITES

TEXTS = Path(__file__).with_name("handbook_texts.toml")

PARTS = (
    ("shared.process.settings", "Jeder Prozess"),
    ("marktplatz.recovery.dump.keys", "Sicherung: `backup`, `backups`, `restore`, `drill`, `seal`, `unseal`"),
    ("shared.bus.settings", "Kafka: jeder Prozess, der läuft (`run`), und die Werkzeuge `topics`, `dlq`, `reconcile`"),
    ("shared.http.oidc", "Anmeldung: jeder Prozess, der läuft (`run`)"),
    ("shared.files.settings", "Nachweise und Vertragsdokumente: `run eligibility`, `run contracts`, `reconcile`, `drill`"),
    *((f"services.{name}.settings", f"Dienst {name}") for name in (*(it.value for it in BUILDERS), *SITES)),
)
NOTHING = "-"
_READABLE = 3
"""As many values as a cell of a table can show."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable as the handbook shows it."""

    name: str
    module: str
    kind: str
    default: str


def texts() -> dict[str, dict[str, str]]:
    """Return the German texts by section and name."""
    with TEXTS.open("rb") as file:
        found: dict[str, dict[str, str]] = tomllib.load(file)
    return found


def variables() -> Iterator[Variable]:
    """Yield every variable of every settings class of the product."""
    for settings in all_settings():
        names = iter(_primary(settings))
        for field in settings.model_fields.values():
            yield Variable(next(names), settings.__module__, kind_of(field.annotation), default_of(field))


def _primary(settings: type[BaseSettings]) -> Iterator[str]:
    """Yield one name per field: of several that are accepted the first."""
    given = list(variables_of(settings))
    for field in settings.model_fields.values():
        alias = field.validation_alias
        several = 1 if alias is None or isinstance(alias, str) else len(getattr(alias, "choices", (alias,)))
        yield given[0]
        del given[:several]


def settings_table(production: Objects) -> str:
    """Return a table per settings class. Raises KeyError for a variable without a German text, or a module without a heading."""
    meaning, set_there = texts()["einstellungen"], values_of(production)
    headings = dict(PARTS)
    by_module: dict[str, list[Variable]] = {module: [] for module in headings}
    for variable in variables():
        by_module[variable.module].append(variable)
    parts = []
    for module, heading in headings.items():
        rows = [
            (f"`{it.name}`", it.kind, it.default, set_there.get(it.name, NOTHING), meaning[it.name])
            for it in sorted(by_module[module], key=lambda variable: variable.name)
        ]
        parts.append(f"### {heading}\n\n{table(('Variable', 'Art', 'Vorgabe', 'Overlay prod', 'Bedeutung'), rows)}")
    return "\n\n".join(parts)


def values_of(production: Objects) -> dict[str, str]:
    """Return what an overlay sets, by variable: values of ConfigMaps and of containers, and the names of secrets."""
    found: dict[str, dict[str, None]] = {}
    for config in production.of("ConfigMap"):
        for name, value in mapping(config, "data").items():
            if name.isupper():
                found.setdefault(name, {})[f"`{value}`"] = None
    for document in production.of("Deployment", "Job", "CronJob", "StatefulSet"):
        for container in items(pod_of(document), "containers"):
            for variable in items(container, "env"):
                secret = mapping(variable, "valueFrom", "secretKeyRef")
                shown = f"Secret `{_any(text(secret, 'name'))}`, Schlüssel `{text(secret, 'key')}`"
                found.setdefault(text(variable, "name"), {})[shown if secret else f"`{text(variable, 'value')}`"] = None
    return {
        name: ", ".join(values) if len(values) <= _READABLE else "je Deployment verschieden" for name, values in found.items()
    }


def _any(secret: str) -> str:
    return "<dienst>-store" if secret.endswith("-store") else secret


def pod_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the pod's spec of a workload."""
    return mapping(document, "spec", "template", "spec") or mapping(document, "spec", "jobTemplate", "spec", "template", "spec")


def kind_of(annotation: Any) -> str:  # noqa: ANN401, PLR0911 - any annotation; one answer per kind
    """Return in German what kind of value a setting holds."""
    if get_origin(annotation) is Annotated:
        return kind_of(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return kind_of(next(part for part in get_args(annotation) if part is not NoneType))
    if get_origin(annotation) is Literal:
        return " \\| ".join(f"`{choice}`" for choice in get_args(annotation))
    if get_origin(annotation) is dict:
        return "JSON-Objekt"
    if get_origin(annotation) is frozenset:
        return "JSON-Liste"
    if annotation is bool:
        return "`true` \\| `false`"
    kinds = {int: "Zahl", float: "Zahl", timedelta: "Dauer", Path: "Pfad", SecretStr: "Text, geheim", str: "Text"}
    if annotation in kinds:
        return kinds[annotation]
    return " \\| ".join(f"`{choice.value}`" for choice in annotation)  # an enumeration


def default_of(field: FieldInfo) -> str:
    """Return the default as an operator would write it."""
    if field.is_required():
        return "**Pflicht**"
    value = field.default
    if value is None or value in ({}, frozenset()):
        return NOTHING
    if isinstance(value, timedelta):
        return f"`{duration(value)}`"
    if isinstance(value, Path):
        return f"`{value.relative_to(PROJECT)}` in der Anwendung" if value.is_relative_to(PROJECT) else f"`{value}`"
    return f"`{value}`"


def duration(value: timedelta) -> str:
    """Return a duration as ISO 8601 writes it, in its largest whole unit."""
    for unit, size in (("D", timedelta(days=1)), ("H", timedelta(hours=1)), ("M", timedelta(minutes=1))):
        if value >= size and not value % size:
            return f"P{value // size}{unit}" if unit == "D" else f"PT{value // size}{unit}"
    seconds = f"{value.total_seconds():.6f}".rstrip("0").rstrip(".")
    return f"PT{seconds}S"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows)]
    return "\n".join(lines)
