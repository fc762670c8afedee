"""Unit tests (promtool) of the alert that misses the contract processor of each channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.channels import channel_file
from shared.messages.values import Channel

ALERT = "MarktplatzContractProcessorDown"
RUNNING, STOPPED, VANISHING = "0x40", "1x40", "0x5 _x30"
"""Values of ``marktplatz_bus_consumer_stopped`` over time."""

Test = dict[str, Any]


def unit_tests() -> Test:
    """Return the file of tests: for each channel its processor gone, stopped, or seen in another namespace only."""
    names = [channel.value for channel in Channel]
    tests = [test for name in names for test in (_gone(name), _stopped(name), _elsewhere(name))]
    return {
        "rule_files": ["../contract-processors.yaml"],
        "evaluation_interval": "1m",
        "tests": [*tests, _one_replica(names[0])],
    }


def _gone(channel: str) -> Test:
    checks = [_check("6m"), _check("25m", _alert(channel, "marktplatz"))]
    return _test(f"the processor of {channel} is gone, the others are not", _namespace({channel: VANISHING}), checks)


def _stopped(channel: str) -> Test:
    name = f"the processor of {channel} has stopped itself: it works as little as one that is gone"
    return _test(name, _namespace({channel: STOPPED}), [_check("10m", _alert(channel, "marktplatz"))])


def _elsewhere(channel: str) -> Test:
    series = [*_namespace({channel: None}, "prod"), *_namespace({}, "staging")]
    name = f"the processor of {channel} in another installation does not stand in"
    return _test(name, series, [_check("10m", _alert(channel, "prod"))])


def _one_replica(channel: str) -> Test:
    series = [*_namespace({}, pod="a"), _series("marktplatz", channel, STOPPED, "b")]
    return _test("one replica of a processor is enough", series, [_check("30m")])


def _namespace(differing: Mapping[str, str | None], namespace: str = "marktplatz", pod: str = "") -> list[Test]:
    """Return the series of an installation whose processors run, but for those that differ; None is no series at all."""
    ready = f'marktplatz_ready{{namespace="{namespace}", job="ordering-api", check="started"}}'
    values = {channel.value: RUNNING for channel in Channel} | dict(differing)
    return [
        {"series": ready, "values": "1x40"},
        *(_series(namespace, name, value, pod) for name, value in values.items() if value is not None),
    ]


def _series(namespace: str, channel: str, values: str, pod: str) -> Test:
    of_pod = f', pod="{pod}"' if pod else ""
    series = f'marktplatz_bus_consumer_stopped{{namespace="{namespace}", group="contracts.{channel}"{of_pod}}}'
    return {"series": series, "values": values}


def _test(name: str, series: list[Test], checks: list[Test]) -> Test:
    return {"name": name, "interval": "1m", "input_series": series, "alert_rule_test": checks}


def _check(time: str, *alerts: Test) -> Test:
    return {"eval_time": time, "alertname": ALERT, "exp_alerts": list(alerts)}


def _alert(channel: str, namespace: str) -> Test:
    name = channel_file(channel).short_name
    description = (
        f"Kein Prozess verarbeitet die Gruppe contracts.{channel}: Bestellungen über {name} bleiben ohne Vertrag. "
        "Andere Anbieter sind nicht betroffen."
    )
    return {
        "exp_labels": {"namespace": namespace, "severity": "critical", "channel": channel},
        "exp_annotations": {
            "summary": f"Vertragsprozessor {name} läuft nicht",
            "description": description,
            "runbook_url": f"https://marktplatz.example/runbooks/{ALERT}.md",
        },
    }
