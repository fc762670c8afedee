"""``python -m deploy.generate.dashboards [--check]``: write the Grafana dashboards, or report which are not up to date."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.generate.grafana import Dashboard, Panel, Variable
from deploy.generate.written import present
from marktplatz.assembly import BUILDERS, SITES

FOLDER = Path(__file__).parents[2] / "deploy" / "components" / "dashboards"
SCOPE = 'namespace=~"$namespace"'
PROBES = 'route!~"/livez|/readyz|/metrics"'
HTTP = f'{SCOPE}, job=~"$job", {PROBES}'
REQUESTS = f"sum by (job) (rate(http_requests_total{{{HTTP}}}[5m]))"
ERRORS = f'sum by (job) (rate(http_requests_total{{{HTTP}, status=~"5.."}}[5m]))'
DURATIONS = f"rate(http_request_duration_seconds_bucket{{{HTTP}}}[10m])"

SERVING = "|".join((f"({'|'.join(sorted(BUILDERS))})-api", *SITES))

CHANNEL = f'{SCOPE}, channel=~"$channel"'

BUSINESS = Dashboard(
    "vorgaenge",
    "Marktplatz: Vorgänge",
    (
        Panel(
            "Vorgänge nach Zustand",
            "Alle Vorgänge im Store, nach Zustand.",
            ((f"sum by (state) (max by (state, channel) (ordering_orders{{{CHANNEL}}}))", "{{state}}"),),
            stacked=True,
        ),
        Panel(
            "Längste Zeit im Zustand je Anbieter",
            "Wie lange der Vorgang, der am längsten in seinem Zustand ist, darin ist. Nur offene Zustände.",
            ((f"max by (channel, state) (ordering_state_age_seconds{{{CHANNEL}}}) > 0", "{{channel}} {{state}}"),),
            unit="s",
        ),
        Panel(
            "Warten auf das System",
            "Älteste Wartezeit auf die Inhouse-Prüfung (check) und den Vertragsprozessor (conclude_contract). Üblich: Sekunden.",
            (
                (
                    f'max by (channel, what) (ordering_waiting_age_seconds{{{CHANNEL}, what=~"check|conclude_contract"}})',
                    "{{channel}} {{what}}",
                ),
            ),
            unit="s",
            red_from=900,
        ),
        Panel(
            "Offene Aufgaben",
            "Worauf Vorgänge warten, nach nächstem Schritt.",
            ((f"sum by (what) (max by (what, channel) (ordering_waiting{{{CHANNEL}}}))", "{{what}}"),),
            stacked=True,
        ),
        Panel(
            "Verträge je Anbieter",
            "Geschlossene und abgelehnte Verträge im Archiv.",
            ((f"max by (channel, state) (contracts_contracts{{{CHANNEL}}})", "{{channel}} {{state}}"),),
            kind="stat",
        ),
        Panel(
            "Neue Verträge am Tag",
            "Zuwachs geschlossener Verträge über 24 Stunden.",
            ((f'max by (channel) (delta(contracts_contracts{{{CHANNEL}, state="GESCHLOSSEN"}}[1d]))', "{{channel}}"),),
        ),
    ),
    (Variable("channel", "Anbieter", "label_values(ordering_orders, channel)"),),
)

MESSAGING = Dashboard(
    "nachrichten",
    "Marktplatz: Nachrichten",
    (
        Panel(
            "Rückstand in Sekunden",
            "Alter des ältesten Eintrags im Stapel, je Verbrauchergruppe; 0 ohne Rückstand.",
            ((f"max by (group) (marktplatz_bus_lag_seconds{{{SCOPE}}})", "{{group}}"),),
            unit="s",
            red_from=300,
        ),
        Panel(
            "Rückstand in Einträgen",
            "Nicht bestätigte Einträge, je Verbrauchergruppe.",
            ((f"sum by (group) (marktplatz_bus_lag_records{{{SCOPE}}})", "{{group}}"),),
        ),
        Panel(
            "Alter der Outbox",
            "Wie lange das älteste unveröffentlichte Ereignis wartet, je Sammlung.",
            ((f"max by (collection) (marktplatz_outbox_age_seconds{{{SCOPE}}})", "{{collection}}"),),
            unit="s",
            red_from=120,
        ),
        Panel(
            "Ereignisse in Outboxen",
            "Mindestens so viele Ereignisse sind noch nicht veröffentlicht.",
            ((f"max by (collection) (marktplatz_outbox_events{{{SCOPE}}})", "{{collection}}"),),
        ),
        Panel(
            "Dead Letters je Stunde",
            "Einträge, die nie verarbeitet werden konnten, nach Gruppe und Grund.",
            ((f"sum by (group, code) (increase(marktplatz_bus_dead_letters_total{{{SCOPE}}}[1h])) > 0", "{{group}} {{code}}"),),
            red_from=1,
        ),
        Panel(
            "Quarantäne und angehaltene Verbraucher",
            "Unlesbare Stapel je Stunde; 1, wo sich ein Verbraucher angehalten hat.",
            (
                (f"sum by (group, topic) (increase(marktplatz_bus_quarantined_total{{{SCOPE}}}[1h])) > 0", "{{group}} {{topic}}"),
                (f"max by (group) (marktplatz_bus_consumer_stopped{{{SCOPE}}}) > 0", "{{group}} angehalten"),
            ),
            red_from=1,
        ),
        Panel(
            "Verarbeitete Ereignisse je Sekunde",
            "Durchsatz je Gruppe.",
            ((f'sum by (group) (rate(marktplatz_bus_events_total{{{SCOPE}, outcome="handled"}}[5m]))', "{{group}}"),),
            unit="ops",
        ),
        Panel(
            "Gesendete Einträge je Sekunde",
            "Bestätigt und fehlgeschlagen, je Job.",
            ((f"sum by (job, outcome) (rate(marktplatz_bus_published_total{{{SCOPE}}}[5m])) > 0", "{{job}} {{outcome}}"),),
            unit="ops",
        ),
        Panel(
            "Bestätigen der Offsets (p95)",
            "Dauer eines Commits je Gruppe.",
            (
                (
                    f"histogram_quantile(0.95, sum by (group, le) (rate(marktplatz_bus_commit_seconds_bucket{{{SCOPE}}}[5m])))",
                    "{{group}}",
                ),
            ),
            unit="s",
        ),
        Panel(
            "Bereitschaft",
            "Prozesse, die eine Prüfung verfehlen.",
            ((f"count by (job, check) (marktplatz_ready{{{SCOPE}}} == 0)", "{{job}} {{check}}"),),
            red_from=1,
        ),
    ),
)

RED = Dashboard(
    "http",
    "Marktplatz: HTTP",
    (
        Panel(
            "Anfragen je Sekunde",
            "Rate je API, ohne Proben.",
            ((REQUESTS, "{{job}}"),),
            unit="reqps",
        ),
        Panel(
            "Fehlerquote",
            "Anteil der Antworten mit 5xx. Ziel: 0,5 Prozent im Monat.",
            ((f"{ERRORS} / {REQUESTS}", "{{job}}"),),
            unit="percentunit",
            red_from=0.005,
        ),
        *(
            Panel(
                f"Dauer (p{quantile[2:]})",
                "Zeit von der Anfrage bis zur Antwort.",
                ((f"histogram_quantile({quantile}, sum by (job, le) ({DURATIONS}))", "{{job}}"),),
                unit="s",
                red_from=1,
            )
            for quantile in ("0.50", "0.95")
        ),
        Panel(
            "Antworten nach Status",
            "Rate je Status.",
            ((f"sum by (status) (rate(http_requests_total{{{HTTP}}}[5m]))", "{{status}}"),),
            unit="reqps",
            stacked=True,
        ),
        Panel(
            "Langsamste Routen (p95)",
            "Die zehn langsamsten Routen.",
            (
                (
                    f"topk(10, histogram_quantile(0.95, sum by (job, method, route, le) ({DURATIONS})))",
                    "{{job}} {{method}} {{route}}",
                ),
            ),
            unit="s",
        ),
        Panel(
            "Anfragen in Arbeit",
            "Gleichzeitig bearbeitete Anfragen.",
            ((f'sum by (job) (http_requests_running{{{SCOPE}, job=~"$job"}})', "{{job}}"),),
        ),
        Panel(
            "Schlüssel des Identitätsdienstes",
            "Lesen der JWKS je Stunde, nach Ausgang.",
            (
                (
                    f'sum by (job, outcome) (increase(http_token_keys_reads_total{{{SCOPE}, job=~"$job"}}[1h]))',
                    "{{job}} {{outcome}}",
                ),
            ),
        ),
    ),
    (Variable("job", "API", f"label_values(http_requests_total{{job=~'{SERVING}'}}, job)"),),
)

NOTIFICATIONS = Dashboard(
    "benachrichtigungen",
    "Marktplatz: Benachrichtigungen",
    (
        Panel(
            "Benachrichtigungen je Sekunde",
            "Nach Weg und Ausgang.",
            (
                (
                    f"sum by (channel, outcome) (rate(notify_notifications_total{{{SCOPE}}}[5m])) > 0",
                    "{{channel}} {{outcome}}",
                ),
            ),
            unit="ops",
        ),
        Panel(
            "Älteste fällige E-Mail",
            "Wie lange die E-Mail, die am längsten wartet, schon hinausgehen könnte.",
            ((f'max(notify_email_overdue_seconds{{{SCOPE}, job="notify-worker"}})', "überfällig"),),
            unit="s",
            red_from=900,
        ),
        Panel(
            "Nicht zustellbar und verworfen am Tag",
            "E-Mails, die endgültig gescheitert sind oder niemand mehr will.",
            (
                (
                    f'sum by (outcome) (increase(notify_notifications_total{{{SCOPE}, outcome=~"failed|dropped"}}[1d]))',
                    "{{outcome}}",
                ),
            ),
        ),
        Panel(
            "Mailserver eingestellt",
            "1, wenn NOTIFY_SMTP_HOST gesetzt ist.",
            ((f'max(notify_smtp_configured{{{SCOPE}, job="notify-worker"}})', "eingestellt"),),
            kind="stat",
        ),
    ),
)

PORTAL = f'{SCOPE}, job="portal", {PROBES}'
PAGES = f"rate(http_request_duration_seconds_bucket{{{PORTAL}}}[10m])"
CALLS = f"sum by (api) (rate(portal_api_calls_total{{{SCOPE}}}[5m]))"
FAILED_CALLS = f'sum by (api) (rate(portal_api_calls_total{{{SCOPE}, outcome="failed"}}[5m]))'

SITE = Dashboard(
    "portal",
    "Marktplatz: Portal",
    (
        Panel(
            "Seiten je Sekunde",
            "Antworten nach Status, ohne Proben.",
            ((f"sum by (status) (rate(http_requests_total{{{PORTAL}}}[5m]))", "{{status}}"),),
            unit="reqps",
            stacked=True,
        ),
        Panel(
            "Dauer einer Seite (p95)",
            "Die zehn langsamsten Seiten, von der Anfrage bis zur Antwort.",
            (
                (
                    f"topk(10, histogram_quantile(0.95, sum by (route, le) ({PAGES})))",
                    "{{route}}",
                ),
            ),
            unit="s",
            red_from=1,
        ),
        Panel(
            "Aufrufe der APIs je Sekunde",
            "Was die Seiten von den Diensten holen.",
            ((CALLS, "{{api}}"),),
            unit="reqps",
        ),
        Panel(
            "Gescheiterte Aufrufe der APIs",
            "Anteil ohne Antwort oder mit 5xx: Seiten kommen ohne diesen Teil.",
            (
                (
                    f"{FAILED_CALLS} / {CALLS}",
                    "{{api}}",
                ),
            ),
            unit="percentunit",
            red_from=0.05,
        ),
        Panel(
            "Anmeldungen je Stunde",
            "Nach Ausgang: gelungen, abgelehnt, Anmeldedienst nicht erreichbar.",
            ((f"sum by (outcome) (increase(portal_logins_total{{{SCOPE}}}[1h]))", "{{outcome}}"),),
        ),
    ),
)

DASHBOARDS = (BUSINESS, MESSAGING, RED, NOTIFICATIONS, SITE)


def text_of(dashboard: Dashboard) -> str:
    """Return a dashboard as its file."""
    return json.dumps(dashboard.model(), indent=2, ensure_ascii=False) + "\n"


def stale(folder: Path) -> list[Dashboard]:
    """Return the dashboards whose file is missing or differs."""
    return [board for board in DASHBOARDS if present(folder / f"{board.name}.json") != text_of(board)]


def main(arguments: Sequence[str] | None = None, folder: Path = FOLDER) -> int:
    """Run the command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.generate.dashboards", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a file is not up to date")
    chosen = parser.parse_args(arguments)
    differing = stale(folder)
    for board in differing:
        if not chosen.check:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{board.name}.json").write_text(text_of(board), encoding="utf-8")
        sys.stdout.write(f"{'not up to date' if chosen.check else 'written'}: {board.name}.json\n")
    return 1 if chosen.check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
