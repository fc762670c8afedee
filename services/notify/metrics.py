"""What notify measures."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

OUTCOMES = Counter(
    "notify_notifications_total",
    "Notifications by channel and what became of them: noted, delivered, delayed, failed, dropped, claim_lost.",
    ("channel", "outcome"),
)
SMTP_CONFIGURED = Gauge("notify_smtp_configured", "1 if a mail server is set, 0 if e-mails only wait.")
WEBHOOK_OUTCOMES = Counter(
    "notify_webhook_deliveries_total",
    "Attempts at webhooks by what came of them: delivered, delayed, failed, claim_lost; webhooks switched_off.",
    ("outcome",),
)
WEBHOOK_OVERDUE = Gauge(
    "notify_webhook_overdue_seconds", "How long the webhook delivery that has waited longest could have been sent already."
)
OVERDUE = Gauge("notify_email_overdue_seconds", "How long the e-mail that has waited longest could have been sent already.")
