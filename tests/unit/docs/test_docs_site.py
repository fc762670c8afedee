"""The site of the documentation: whole, strict about links, and readable without a network."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from deploy.site.__main__ import build
from deploy.site.openapi_page import documents
from deploy.site.source import PROJECT, BrokenLinkError, markdown, reference
from deploy.site.text import code, escaped, fields, kind_of, table
from shared.schemas.generate import FOLDER

# The site takes a minute of a processor, of which a busy machine gives it a part.
pytestmark = pytest.mark.timeout(1200)

METHODS = {"get", "put", "post", "patch", "delete"}


class Resources(HTMLParser):
    """Collects what a page loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        places = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "object": "data"}
        self.found += [value for name, value in attrs if name == places.get(tag) and value]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("site") / "docs"
    build(output, PROJECT, reference())
    return output


def shown(file: Path) -> str:
    """Return the text of a page without its marks."""
    return unescape(re.sub(r"<[^>]+>", "", file.read_text("utf-8")))


@pytest.mark.slow
def test_every_page_of_the_project_is_part_of_the_site(site: Path) -> None:
    names = [path.relative_to(PROJECT).with_suffix(".html") for path in markdown(PROJECT)]
    assert [name for name in names if not (site / name).is_file()] == []
    assert (site / "index.html").is_file()
    assert len(names) > 100


@pytest.mark.slow
@pytest.mark.parametrize("name", ["asyncapi", "asyncapi-portals", "asyncapi-partners", "asyncapi-operators"])
def test_every_channel_operation_message_and_value_of_the_topics_is_shown(site: Path, name: str) -> None:
    document = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    text = shown(site / "reference" / f"{name}.html")
    expected = [channel["address"] for channel in document["channels"].values()]
    expected += [*document["operations"], *document["components"]["messages"], *document["components"].get("schemas", {})]
    for schema in document["components"].get("schemas", {}).values():
        expected += schema.get("properties", {})
    assert [one for one in expected if one not in text] == []


@pytest.mark.slow
def test_every_operation_of_the_apis_is_shown(site: Path) -> None:
    for name, document in documents().items():
        text = shown(site / "reference" / f"openapi-{name}.html")
        operations = [
            f"{method.upper()} {path}" for path, about in document["paths"].items() for method in about.keys() & METHODS
        ]
        assert operations
        assert [one for one in operations if one not in text] == []
        assert [one for one in document["components"]["schemas"] if one not in text] == []


@pytest.mark.slow
def test_no_page_and_no_style_loads_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    for page in pages:
        resources = Resources()
        resources.feed(page.read_text("utf-8"))
        assert resources.found
        for place in resources.found:
            assert not re.match(r"(?:[a-z]+:)?//", place), f"{page.name} loads {place}"
            assert not place.startswith("/"), f"{page.name} loads {place}, which is not found from a file"
    for style in site.rglob("*.css"):
        text = style.read_text("utf-8")
        assert re.findall(r"@import|url\(\s*[\"']?(?:https?:)?//", text) == [], style.name


@pytest.mark.slow
def test_the_search_works_from_files(site: Path) -> None:
    index = (site / "searchindex.js").read_text("utf-8")
    assert index.startswith("Search.setIndex(")
    assert '"reference/asyncapi-portals"' in index
    page = (site / "search.html").read_text("utf-8")
    assert "searchtools.js" in page
    assert "searchindex.js" in page


def project(folder: Path, pages: dict[str, str]) -> Path:
    for name, text in pages.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("link", ["gone.md", "gone.py", "b.md#gone", "#gone"])
def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path, link: str) -> None:
    tree = project(tmp_path / "tree", {"docs/a.md": f"# A\n\n[somewhere]({link})\n", "docs/b.md": "# B\n"})
    with pytest.raises(BrokenLinkError, match=r"docs/a\.md.*gone"):
        build(tmp_path / "out", tree, {})


@pytest.mark.slow
def test_links_to_pages_anchors_folders_and_files_work(tmp_path: Path) -> None:
    pages = {
        "docs/a.md": "# A\n\n[b](b.md#part-two) [kit](../kit) [code](../kit/code.py) [made](#a)\n",
        "docs/b.md": "# B\n\n## Part two\n",
        "kit/README.md": "# Kit\n\n```md\n[not a link](nowhere.md)\n```\n",
        "kit/code.py": "x = 1\n",
    }
    build(tmp_path / "out", project(tmp_path / "tree", pages), {"made": "# Made\n"})
    text = (tmp_path / "out" / "docs" / "a.html").read_text("utf-8")
    assert 'href="b.html#part-two"' in text
    assert 'href="../kit/README.html"' in text
    assert list((tmp_path / "out" / "_downloads").rglob("code.py"))
    assert (tmp_path / "out" / "reference" / "made.html").is_file()


def test_texts_are_shown_as_they_are() -> None:
    assert escaped("a|b <c> *d* {e}\nf") == r"a\|b \<c\> \*d\* \{e\} f"
    assert code("a`b|c") == r"`` a`b\|c ``"
    assert table(("A",), []) == ""
    assert kind_of({"anyOf": [{"$ref": "#/$defs/Time"}, {"type": "null"}]}, "x") == "[Time](#x-schema-time) or null"
    assert kind_of({"type": "integer", "minimum": 1, "maximum": 4}, "x") == "integer (from 1, to 4)"
    assert "| `a` | string | yes | A letter. |" in fields(
        {"required": ["a"], "properties": {"a": {"type": "string", "description": "A letter."}}}, "x"
    )
