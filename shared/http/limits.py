"""Every bound of a request and a connection, in one place; ``docs/betrieb/grenzen.md`` shows them.

What a request may cost follows from them: one of 1 MiB stays below 100 ms of the loop and 20 MiB of memory.
"""

from __future__ import annotations

from datetime import timedelta

BODY_BYTES = 1024 * 1024
UPLOAD_BYTES = 10 * 1024 * 1024
"""A file that a route takes as its body (``shared.http.uploads``), such as an evidence document."""
FORM_BYTES = 256 * 1024
"""Body of a form of the portal, whose fields are text."""
UPLOAD_FORM_BYTES = UPLOAD_BYTES + FORM_BYTES
"""Body of a form of the portal that brings a file."""
FILES_AT_ONCE = 6
"""Files that one process takes at the same time, each whole in memory; whoever comes then waits before theirs is read."""
BODY_DEPTH = 64
BODY_NODES = 4000
"""Values and keys of a body: what is validated, and named when wrong, one by one."""
ERRORS_NAMED = 20
ERROR_TEXT = 300
"""Characters of a message or a place in an answer to wrong input: they may hold what the client sent."""
PATH_BYTES = 2048
QUERY_BYTES = 8192
QUERY_PARAMETERS = 100
HEAD_BYTES = 32 * 1024
"""Request line and headers together; as much again may stand between two pieces of a body and in the trailer."""
HEADERS = 100
HEAD_TIME = timedelta(seconds=10)
"""From the first byte awaited to the last of the head."""
BODY_TIME = timedelta(seconds=60)
"""From the end of the head to the end of the body."""
PAGE_BYTES = 1024 * 1024
"""Items of one page of a list; a page ends before the item that goes beyond, unless it is its first."""
CONNECTIONS = 1000
"""Connections of one process that are served; whoever comes then is answered 503."""
CONNECTIONS_REFUSED = 100
"""Connections beyond these that are answered at all; whoever comes then is cut off."""
