"""Pages as tests read them: elements with their attributes and texts, found by name and attribute."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "input", "br", "img", "hr"})


@dataclass
class Element:
    """An element. ``text`` is all text inside."""

    name: str
    attributes: dict[str, str]
    inside: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text of the element, each run of spaces one."""
        return " ".join(" ".join(self.texts).split())

    def inside_all(self, *names: str) -> list[Element]:
        """Return the elements of these names at any depth inside."""
        found: list[Element] = []
        for it in self.inside:
            found += [it] if it.name in names else []
            found += it.inside_all(*names)
        return found


class Page(HTMLParser):
    """A page, read. Raises AssertionError for elements that are not closed in their order."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(content)
        self.close()
        assert self._open == [], [it.name for it in self._open]

    def all(self, name: str, /, **attributes: str) -> list[Element]:
        """Return the elements of a name with these attributes; ``class_`` asks for one class of several."""
        return [it for it in self.elements if it.name == name and all(_has(it, key, value) for key, value in attributes.items())]

    def one(self, name: str, /, **attributes: str) -> Element:
        """Return the only such element."""
        (found,) = self.all(name, **attributes)
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if self._open:
            self._open[-1].inside.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].name == tag, f"</{tag}> closes <{self._open[-1].name}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.texts.append(data)


def _has(element: Element, key: str, value: str) -> bool:
    if key == "class_":
        return value in element.attributes.get("class", "").split()
    return element.attributes.get(key.replace("_", "-")) == value


def tokens_in(text: str) -> list[str]:
    """Return the signed tokens in a text: three parts between points. What is random holds their first letters now and then."""
    return re.findall(r"eyJ[\w-]*\.eyJ[\w-]*\.[\w-]*", text)
