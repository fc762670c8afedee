"""``python -m marktplatz``: the command line."""

from marktplatz.cli import app

app()
