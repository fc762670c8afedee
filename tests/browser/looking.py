"""How a page is looked at: by axe, by its width, and by a picture in build/screens."""

from __future__ import annotations

import base64
from pathlib import Path

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import Page

SCREENS = Path(__file__).parents[2] / "build" / "screens"
WIDE, NARROW = 1280, 320
PICTURED = {(NARROW, "dark"), (WIDE, "light")}
HEIGHT = 900
AXE = AXE_FILE_PATH.read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async rules => {
  const found = await axe.run(document, {runOnly: rules, resultTypes: ["violations", "incomplete"]});
  const unseen = node => document.querySelector(node.target[0])?.closest("[role=region][tabindex]");
  const isSign = node => node.any.some(it => ["nonBmp", "shortTextContent"].includes(it.data?.messageKey));
  const open = found.incomplete.filter(it => it.id !== "color-contrast" || !it.nodes.every(node => unseen(node) || isSign(node)));
  return [...found.violations, ...open].map(it => it.id + ": " + it.nodes.map(node => node.target.join(" ")).join(", "));
}"""
"""What axe cannot decide counts as a fault, but for two cases that were looked at: the contrast of what a table has scrolled out
of sight, which is in sight on a wide page, and of a single sign such as the cross of a filter, which has the colour of its text."""


async def violations(page: Page) -> list[str]:
    """Return what axe finds, or leaves to people to decide, each with its places."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE)
    found: list[str] = await page.evaluate(RUN, RULES)
    return found


async def picture(page: Page, name: str, width: int, theme: str) -> None:
    """Take a picture of the whole page. The way of Playwright would compress it longer than all the rest takes."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    session = await page.context.new_cdp_session(page)
    size = (await session.send("Page.getLayoutMetrics"))["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
    taken = await session.send(
        "Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True, "captureBeyondViewport": True, "clip": clip}
    )
    (SCREENS / f"{name}-{width}-{theme}.png").write_bytes(base64.b64decode(taken["data"]))
    await session.detach()


async def look(page: Page, name: str) -> list[str]:
    """Look at the page in both widths and both themes, and return what is wrong with it."""
    views = ((NARROW, "dark"), (NARROW, "light"), (WIDE, "light"), (WIDE, "dark"))
    return [it for width, theme in views for it in await _look(page, name, width, theme)]


async def _look(page: Page, name: str, width: int, theme: str) -> list[str]:
    # Else the colours of links move from one theme to the other while they are judged.
    await page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
    await page.set_viewport_size({"width": width, "height": HEIGHT})
    wrong = await violations(page)
    if (width, theme) in PICTURED:
        await picture(page, name, width, theme)
    if await page.evaluate("document.documentElement.scrollWidth") > width:
        wrong.append("scrolls sideways")
    return [f"{name}, {width} px, {theme}: {it}" for it in wrong]
