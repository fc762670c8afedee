"""Forms as people fill them in: what a page asks is read from its markup, and sent as a browser sends it."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from services.portal.uploads import MULTIPART
from tests.component.portal.login import OURS, World
from tests.support.html import Element, Page


@dataclass
class Person:
    """Somebody who is logged in, and the page that they see. ``sent`` is the last form as it was sent, ``files`` what it brought."""

    visitor: httpx.AsyncClient
    page: Page = field(default_factory=lambda: Page(""))
    path: str = ""
    status: int = 0
    sent: tuple[str, list[tuple[str, str]]] = ("", [])
    files: dict[str, tuple[str, bytes, str]] | None = None

    @property
    def text(self) -> str:
        """All text of the page's main part."""
        return self.page.one("main").text

    @property
    def title(self) -> str:
        """The heading of the page."""
        return self.page.one("h1").text

    async def open(self, path: str, status: int = 200) -> Person:
        """Open a page, and go on where it leads to."""
        await self._see(await self.visitor.get(path), path)
        assert self.status == status, self.text
        return self

    async def follow(self, text: str) -> Person:
        """Follow the link of the main part that says this."""
        links = {it.text: it.attributes["href"] for it in self.page.one("main").inside_all("a")}
        assert text in links, sorted(links)
        return await self.open(links[text])

    async def send(self, status: int = 200, button: str = "", /, **values: str | list[str] | bytes) -> Person:
        """Fill in the form of the page and send it; a list is the boxes that are ticked, other fields stay as they are.

        Bytes are a file; whatever it holds, its sender calls it a PDF.
        """
        form = self.form()
        content: dict[str, list[str]] = {}
        takes_files = form.attributes.get("enctype") == MULTIPART
        self.files = {} if takes_files else None
        for it in form.inside_all("input", "textarea", "select"):
            for value in shown(it):
                content.setdefault(it.attributes["name"], []).append(value)
        names = {it.attributes["name"] for it in form.inside_all("input", "textarea", "select")}
        for name, filled in values.items():
            named = name.replace("__", ".")
            assert named in names, sorted(names)
            if isinstance(filled, bytes):
                assert self.files is not None, "the form takes no file"
                self.files[named] = ("unterlage.pdf", filled, "application/pdf")
                continue
            content[named] = [filled] if isinstance(filled, str) else filled
        if button:
            found = next(it for it in form.inside_all("button") if it.text == button)
            if "name" in found.attributes:
                content[found.attributes["name"]] = [found.attributes["value"]]
        self.sent = (form.attributes["action"], [(name, it) for name, given in content.items() for it in given])
        return await self.again(status)

    async def again(self, status: int = 200) -> Person:
        """Send the last form once more, as a double click does."""
        action, content = self.sent
        data: dict[str, list[str]] = {}
        for name, value in content:
            data.setdefault(name, []).append(value)
        # A form for files is one of parts, also where no file was chosen.
        files = None if self.files is None else self.files or {"nothing": ("", b"", "application/octet-stream")}
        await self._see(await self.visitor.post(action, data=data, files=files, headers=OURS), action)
        assert self.status == status, self.text
        return self

    async def choose(self, button: str) -> Person:
        """Send the form whose only button says this."""
        forms = self.page.one("main").inside_all("form")
        form = next(it for it in forms if [one.text for one in it.inside_all("button")] == [button])
        hidden = [(it.attributes["name"], it.attributes["value"]) for it in form.inside_all("input")]
        self.sent = (form.attributes["action"], hidden)
        return await self.again()

    def form(self) -> Element:
        """Return the form of the main part."""
        return next(it for it in self.page.one("main").inside_all("form"))

    def value(self, name: str) -> str:
        """Return what a field holds."""
        return next(
            value
            for it in self.form().inside_all("input", "textarea", "select")
            if it.attributes["name"] == name
            for value in shown(it)
        )

    async def _see(self, answer: httpx.Response, path: str) -> None:
        while answer.status_code in {302, 303}:
            path = answer.headers["Location"]
            answer = await self.visitor.get(path)
        self.page, self.path, self.status = Page(answer.text), path, answer.status_code


def shown(element: Element) -> list[str]:
    """Return what a browser sends of a field that nobody has touched."""
    attributes = element.attributes
    if element.name == "textarea":
        return ["".join(element.texts).removeprefix("\n").replace("\n", "\r\n")]
    if element.name == "select":
        options = element.inside_all("option")
        chosen = [it.attributes["value"] for it in options if "selected" in it.attributes]
        return chosen or [options[0].attributes["value"]]
    if attributes.get("type") == "file":
        return []
    if attributes.get("type") in {"checkbox", "radio"}:
        return [attributes["value"]] if "checked" in attributes else []
    return [attributes.get("value", "")]


async def somebody(world: World, subject: str) -> Person:
    """Return a person who has logged in."""
    visitor = world.browser()
    await world.log_in(visitor, subject)
    return Person(visitor)
