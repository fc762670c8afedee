"""Hostile texts, as somebody may write them into any field of a form."""

from __future__ import annotations

PROBES = (
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext></p><img src=x onerror=alert(1)></mtext></math>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<a href=javascript:alert(1)>javascript:alert(1)</a>",
    "<form action=javascript:alert(1)><button>Go</button></form>",
    "<style>@import 'https://other.test/a.css';</style>",
    "<div hx-get=https://other.test hx-trigger=load></div>",
    "<div hx-on:load=alert(1)></div>",
    '" autofocus onfocus="alert(1)',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}${7 * 7}",
)
"""What browsers, htmx and templates would run where a text was not escaped."""
