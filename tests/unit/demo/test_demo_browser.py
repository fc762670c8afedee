"""The act in the browser where there is none."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest

from marktplatz.console import make_console
from marktplatz.demo.acts import browser as act
from marktplatz.demo.screen import Screen


@pytest.mark.parametrize(("program", "portal"), [(None, "http://127.0.0.1:9"), ("/usr/bin/chromium", None)])
async def test_without_a_browser_the_demo_says_so_in_one_line_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, program: str | None, portal: str | None
) -> None:
    stream = io.StringIO()
    world: Any = SimpleNamespace(run=SimpleNamespace(portal=portal), screen=Screen(make_console(stream=stream)))
    monkeypatch.setattr(act, "program", lambda: program)
    await act.browser(world)
    (line,) = stream.getvalue().splitlines()
    assert line.startswith("Im Browser wird nichts gezeigt: dafür fehlt")
    assert (world.screen.acts, world.screen.failed) == ([], 0)
