"""``python -m marktplatz``: the command line."""

from marktplatz.cli import main

main()
