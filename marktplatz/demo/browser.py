"""Chromium as the people of the story use it, where it is installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

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
    """A browser in front of the portal at ``portal``, a fresh one for each person."""

    def __init__(self, browser: Browser, portal: str) -> None:
        self._browser = browser
        self._portal = portal

    async def sees(self, subject: str, paths: tuple[str, ...]) -> list[str]:
        """Log in as a person by a click, and return what the main part of each page says."""
        context = await self._browser.new_context(base_url=self._portal)
        page = await context.new_page()
        await page.goto(f"/login?next={quote(paths[0], safe='')}")
        await page.get_by_role("button", name=NAMES[subject]).click()
        await page.wait_for_url(f"{self._portal}{paths[0]}")
        shown = []
        for path in paths:
            await page.goto(path)
            shown.append(" ".join((await page.locator("main").inner_text()).split()))
        await context.close()
        return shown


@asynccontextmanager
async def opened(path: str, portal: str) -> AsyncIterator[Window]:
    """Start Chromium, and end it."""
    from playwright.async_api import async_playwright  # noqa: PLC0415 - of the extra ``demo``

    async with async_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=path, args=sandbox)
        yield Window(browser, portal)
        await browser.close()
