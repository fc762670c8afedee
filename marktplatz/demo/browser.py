"""Chromium as the people of the story use it, where it is installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from marktplatz.demo.desk import Desk
from marktplatz.demo.people import StepFailedError
from marktplatz.people import PEOPLE

if TYPE_CHECKING:
    from playwright.async_api import Browser

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The first opens no windows: it starts and shows pages for a third of the processor time."""
NAMES = {it.subject: it.name for it in PEOPLE}


def program() -> str | None:
    """Return the path of Chromium, None where it is not installed, or not what drives it (extra ``demo``)."""
    if importlib.util.find_spec("playwright") is None:
        return None
    return next((found for it in PROGRAMS if (found := shutil.which(it))), None)


class Window:
    """A browser in front of the portal at ``portal``."""

    def __init__(self, browser: Browser, portal: str) -> None:
        self._browser = browser
        self._portal = portal

    async def desk(self, subject: str) -> Desk:
        """Log a person in, in a browser of their own. Raises StepFailedError."""
        context = await self._browser.new_context(base_url=self._portal)
        desk = Desk(await context.new_page(), NAMES[subject])
        await desk.log_in()
        return desk


@asynccontextmanager
async def opened(path: str, portal: str) -> AsyncIterator[Window]:
    """Start Chromium, and end it. Raises StepFailedError if it does not start."""
    from playwright.async_api import Error, async_playwright  # noqa: PLC0415 - of the extra ``demo``

    async with async_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        try:
            browser = await playwright.chromium.launch(executable_path=path, args=sandbox)
        except Error as error:
            raise StepFailedError(f"{path} does not start: {error.message}") from error
        yield Window(browser, portal)
        await browser.close()
