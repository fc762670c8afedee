"""What the services answer alike for a while is asked for now and then."""

from __future__ import annotations

import pytest

from services.portal.apis import remembered
from services.portal.apis.remembered import RememberedEach


class Asked:
    def __init__(self) -> None:
        self.keys: list[str] = []
        self.now = 0.0
        self.fails = False

    async def ask(self, key: str) -> str:
        self.keys.append(key)
        if self.fails:
            raise TimeoutError
        return f"{key} at {self.now:.0f}"


async def test_each_key_is_asked_for_again_when_its_time_is_over() -> None:
    asked = Asked()
    answers = RememberedEach(asked.ask, lambda: asked.now, 5.0)
    assert [await answers("a"), await answers("b"), await answers("a")] == ["a at 0", "b at 0", "a at 0"]
    asked.now = 5.0
    assert await answers("a") == "a at 5"
    assert asked.keys == ["a", "b", "a"]


async def test_a_failure_is_not_remembered() -> None:
    asked = Asked()
    answers = RememberedEach(asked.ask, lambda: asked.now, 5.0)
    asked.fails = True
    with pytest.raises(TimeoutError):
        await answers("a")
    asked.fails = False
    assert await answers("a") == "a at 0"


async def test_of_many_keys_those_asked_for_longest_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "ANSWERS", 2)
    asked = Asked()
    answers = RememberedEach(asked.ask, lambda: asked.now, 5.0)
    for key in ("a", "b", "c", "c", "b", "a"):
        await answers(key)
    assert asked.keys == ["a", "b", "c", "a"]
