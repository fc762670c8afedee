"""Processes that tests kill, forked from one that has imported the product: a tenth of the time of a new interpreter."""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import os
from collections.abc import Callable, Coroutine

from shared import failpoints

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["__main__", "marktplatz.assembly"])


async def run_process(main: Callable[..., Coroutine[object, object, None]], *arguments: object, failpoint: str = "") -> int:
    """Run ``main`` in a process of its own and return its exit code, negative for the signal that ended it.

    ``main`` stands at the top of a module, ``arguments`` can be pickled; ``failpoint`` as in ``MARKTPLATZ_FAILPOINT``.
    """
    process = _SERVER.Process(target=_run, args=(failpoint, main, arguments), daemon=True)
    process.start()
    # Never joined in another thread: each start looks at all children, and of two readers of an exit code one gets 255.
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(process.sentinel, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(process.sentinel)
    process.join()
    code = process.exitcode
    assert code is not None
    return code


def _run(failpoint: str, main: Callable[..., Coroutine[object, object, None]], arguments: tuple[object, ...]) -> None:
    os.environ["MARKTPLATZ_FAILPOINT"] = failpoint
    importlib.reload(failpoints)
    asyncio.run(main(*arguments))
