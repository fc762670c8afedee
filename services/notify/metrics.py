"""What notify measures."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

OUTCOMES = Counter(
    "notify_notifications_total",
    "Notifications by channel and what became of them: noted, delivered, delayed, failed, dropped, claim_lost.",
    ("channel", "outcome"),
)
SMTP_CONFIGURED = Gauge("notify_smtp_configured", "1 if a mail server is set, 0 if e-mails only wait.")
OVERDUE = Gauge("notify_email_overdue_seconds", "How long the e-mail that has waited longest could have been sent already.")
