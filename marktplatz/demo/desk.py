"""Somebody at a browser in front of the portal: opens pages, follows links, fills in forms and sends them."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from marktplatz.demo.people import StepFailedError

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

SECONDS = 30.0
"""How long somebody waits for what others have done to arrive on a page."""
PAUSE = 0.1
ATTACHED = "unterlage.pdf"


@dataclass
class Desk:
    """Somebody with a browser of their own, ``name`` at the provider.

    What does not go as expected raises StepFailedError: who, on which page, what was expected, and what the page says.
    """

    page: Page
    name: str

    @property
    def path(self) -> str:
        """The path of the page."""
        return urlsplit(self.page.url).path

    @property
    def address(self) -> str:
        """The path of the page with what was asked."""
        query = urlsplit(self.page.url).query
        return f"{self.path}?{query}" if query else self.path

    @property
    def _main(self) -> Locator:
        return self.page.locator("main")

    async def log_in(self) -> None:
        """Log in at the provider of the embedded run, by a click on one's own name."""
        async with self._expecting("to be logged in"):
            await self.page.goto("/login")
            await self.page.get_by_role("button", name=self.name).click()
            await self.page.wait_for_url(lambda url: urlsplit(url).path == "/")

    async def look(self, view: str) -> None:
        """Look at the page, which a step has given a name. Tests judge it; here is nothing to do."""

    async def open(self, path: str, view: str = "") -> None:
        """Open a page; ``view`` names it to whoever looks at it, here as below."""
        async with self._expecting(f"the page {path}"):
            await self.page.goto(path)
        await self._look(view)

    async def follow(self, link: str, view: str = "", *, exact: bool = False) -> None:
        """Follow a link of the main part."""
        target = self._link(link, exact=exact)
        async with self._expecting(f"a link {link!r}"):
            address = await target.get_attribute("href") or ""
            async with self.page.expect_navigation(url=lambda url: url.endswith(address)):
                await self._press(target)
        await self._look(view)

    async def send(self, button: str, view: str = "", /, **values: str | Sequence[str]) -> None:
        """Fill in the form of the page, each field by its name with ``__`` for a dot, and send it by a button."""
        async with self._expecting(f"a form with {', '.join(values) or 'nothing to fill in'} and a button {button!r}"):
            for name, value in values.items():
                await self._fill(name.replace("__", "."), value)
            async with self.page.expect_navigation():
                await self._press(self._button(button))
        await self._look(view)

    async def search(self, button: str, /, **values: str) -> None:
        """Send a form whose answer is the same page at an address that holds what was asked; a script may show it in place."""
        async with self._expecting(f"a search by {', '.join(values)} and a button {button!r}"):
            for name, value in values.items():
                await self._fill(name, value)
            await self._press(self._button(button))
            await self.page.wait_for_url(lambda url: values.items() <= dict(parse_qsl(urlsplit(url).query)).items())

    async def says(self, text: str) -> None:
        """Wait until the main part says a text."""
        async with self._expecting(repr(text)):
            await self._saying(text).wait_for()

    async def arrives(self, path: str, text: str) -> None:
        """Open a page again and again until it says a text: what others have done shows there within moments."""
        if self.address != path:
            await self.open(path)
        end = time.monotonic() + SECONDS
        async with self._expecting(repr(text)):
            while time.monotonic() < end and not await self._saying(text).count():
                await asyncio.sleep(PAUSE)
                await self.page.goto(path)
            await self._saying(text).wait_for(timeout=1000)

    async def text(self) -> str:
        """Return what the main part says, words divided by single spaces."""
        async with self._expecting("a page with a main part"):
            return " ".join((await self._main.inner_text()).split())

    async def has(self, link: str) -> bool:
        """Return whether the main part has a link."""
        return bool(await self._link(link).count())

    async def link_to(self, path: str) -> str:
        """Return the words of the first link whose address begins so."""
        async with self._expecting(f"a link to {path}"):
            return (await self._main.locator(f"a[href^='{path}']").first.inner_text()).strip()

    async def hint(self, field: str) -> str:
        """Return what a form says about a field."""
        async with self._expecting(f"a hint for {field}"):
            return await self.page.locator(f"[id='{field}-hint']").inner_text()

    async def names(self, beginning: str) -> list[str]:
        """Return the names of the fields that begin so."""
        async with self._expecting(f"fields {beginning}…"):
            fields = self._main.locator(f"[name^='{beginning}']")
            await fields.first.wait_for()
            return [await it.get_attribute("name") or "" for it in await fields.all()]

    async def first(self, field: str) -> str:
        """Return the first value that can be chosen for a field."""
        async with self._expecting(f"a choice for {field}"):
            return await self._main.locator(f"[name='{field}']").first.get_attribute("value") or ""

    async def save(self, link: str) -> bytes:
        """Save the file that a link leads to, and return its content."""
        async with self._expecting(f"a file behind the link {link!r}"):
            async with self.page.expect_download() as download:
                await self._press(self._link(link))
            saved: Path = await (await download.value).path()
        return await asyncio.to_thread(saved.read_bytes)

    def _button(self, words: str) -> Locator:
        return self._main.get_by_role("button", name=words, exact=True).first

    def _link(self, words: str, *, exact: bool = False) -> Locator:
        return self._main.get_by_role("link", name=words, exact=exact).first

    def _saying(self, text: str) -> Locator:
        return self._main.filter(has_text=re.compile(r"\s+".join(re.escape(it) for it in text.split())))

    async def _look(self, view: str) -> None:
        if view:
            await self.look(view)

    async def _fill(self, name: str, value: str | Sequence[str]) -> None:
        fields = self._main.locator(f"[name='{name}']")
        match await fields.first.evaluate("it => it.type"):
            case "radio" | "checkbox":
                for it in [value] if isinstance(value, str) else value:
                    await self._tick(self._main.locator(f"[name='{name}'][value='{it}']"))
            case "file":
                await fields.first.set_input_files(
                    {"name": ATTACHED, "mimeType": "application/pdf", "buffer": str(value).encode()}
                )
            case "select-one":
                await self._choose(fields.first, str(value))
            case _:
                await self._write(fields.first, str(value))

    async def _press(self, target: Locator) -> None:
        await target.click()

    async def _tick(self, target: Locator) -> None:
        await target.check()

    async def _choose(self, field: Locator, value: str) -> None:
        await field.select_option(value)

    async def _write(self, field: Locator, text: str) -> None:
        await field.fill(text)

    @asynccontextmanager
    async def _expecting(self, what: str) -> AsyncIterator[None]:
        from playwright.async_api import Error  # noqa: PLC0415 - of the extra ``demo``

        try:
            yield
        except Error as error:
            try:
                shown = " ".join((await self.page.locator("body, main").last.inner_text(timeout=1000)).split())
            except Error:
                shown = f"nothing ({error.message.splitlines()[0]})"
            raise StepFailedError(f"{self.name} at {self.path}: expected {what}; the page says: {shown}") from error
