"""The JSON model of Grafana's dashboards, as far as ours need it: panels that flow from left to right, choices at the top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
SCHEMA = 39
WIDTH, HEIGHT = 24, 8

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: queries as (PromQL, legend). ``width`` of 24; ``kind`` is a panel type of Grafana; ``red_from`` colours it."""

    title: str
    description: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    width: int = 12
    kind: str = "timeseries"
    stacked: bool = False
    red_from: float | None = None

    def model(self, number: int, x: int, y: int) -> Json:
        """Return the panel's JSON model at its place."""
        steps: list[Json] = [{"color": "green", "value": None}]
        if self.red_from is not None:
            steps.append({"color": "red", "value": self.red_from})
        custom = {"fillOpacity": 20, "stacking": {"mode": "normal"}} if self.stacked else {"fillOpacity": 5}
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": SOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": HEIGHT},
            "fieldConfig": {
                "defaults": {
                    "unit": self.unit,
                    "min": 0,
                    "thresholds": {"mode": "absolute", "steps": steps},
                    "custom": custom if self.kind == "timeseries" else {},
                },
                "overrides": [],
            },
            "options": _options(self.kind),
            "targets": [
                {"refId": chr(ord("A") + place), "expr": expr, "legendFormat": legend, "datasource": SOURCE, "instant": False}
                for place, (expr, legend) in enumerate(self.queries)
            ],
        }


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of a dashboard: the values of a label of a metric, all of them unless chosen."""

    name: str
    label: str
    query: str

    def model(self) -> Json:
        """Return the variable's JSON model."""
        return {
            "name": self.name,
            "label": self.label,
            "type": "query",
            "datasource": SOURCE,
            "query": {"query": self.query, "refId": self.name},
            "refresh": 2,
            "sort": 1,
            "includeAll": True,
            "multi": True,
            "current": {"text": "All", "value": "$__all"},
        }


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard. ``name`` is its file and, with a prefix, its uid: links to it stay."""

    name: str
    title: str
    panels: tuple[Panel, ...]
    variables: tuple[Variable, ...] = ()

    def model(self) -> Json:
        """Return the JSON model as Grafana imports it; panels flow from left to right."""
        placed: list[Json] = []
        x = y = 0
        for panel in self.panels:
            if x + panel.width > WIDTH:
                x, y = 0, y + HEIGHT
            placed.append(panel.model(len(placed) + 1, x, y))
            x += panel.width
        source = {"name": "datasource", "label": "Datenquelle", "type": "datasource", "query": "prometheus", "current": {}}
        namespace = Variable("namespace", "Namensraum", "label_values(marktplatz_ready, namespace)")
        return {
            "uid": f"efa-marktplatz-{self.name}",
            "title": self.title,
            "tags": ["efa-marktplatz"],
            "schemaVersion": SCHEMA,
            "editable": False,
            "timezone": "Europe/Berlin",
            "time": {"from": "now-6h", "to": "now"},
            "refresh": "1m",
            "templating": {"list": [source, *(variable.model() for variable in (namespace, *self.variables))]},
            "links": [{"type": "dashboards", "title": "Marktplatz", "tags": ["efa-marktplatz"], "asDropdown": True}],
            "annotations": {"list": []},
            "panels": placed,
        }


def _options(kind: str) -> Json:
    if kind == "timeseries":
        legend = {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]}
        return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
    return {
        "reduceOptions": {"calcs": ["lastNotNull"], "values": False},
        "orientation": "horizontal",
        "textMode": "value_and_name",
    }
