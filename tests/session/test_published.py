"""A published value: the present one at once, then only newer ones, and nothing left of those who followed."""

from __future__ import annotations

import asyncio
import contextlib
import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session.published import Published
from tests.session.talk import other_tasks


async def test_a_follower_gets_the_present_value_and_then_each_newer_one() -> None:
    published = Published(0)
    async with contextlib.aclosing(published.follow()) as values:
        assert await anext(values) == 0
        waiting = asyncio.ensure_future(anext(values))
        await asyncio.sleep(0)
        assert not waiting.done()
        published.set(1)
        assert await waiting == 1
    assert published.value == 1


async def test_an_equal_value_is_no_news() -> None:
    published = Published((1, 2))
    async with contextlib.aclosing(published.follow()) as values:
        await anext(values)
        waiting = asyncio.ensure_future(anext(values))
        published.set((1, 2))
        for _ in range(3):
            await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_a_slow_follower_skips_what_was_overtaken_and_never_misses_the_last() -> None:
    published = Published(0)
    async with contextlib.aclosing(published.follow()) as values:
        assert await anext(values) == 0
        for value in range(1, 1_000):
            published.set(value)
        assert await anext(values) == 999
        published.set(5)
        published.set(999)
        assert await anext(values) == 999, "it changed twice in between: that is news too"


@given(st.lists(st.lists(st.integers(0, 3), max_size=4), max_size=8))
def test_whatever_the_pace_the_last_value_arrives(bursts: list[list[int]]) -> None:
    async def follow() -> None:
        published = Published(0)
        seen: dict[int, int] = {}

        async def watch(number: int) -> None:
            async with contextlib.aclosing(published.follow()) as values:
                async for value in values:
                    seen[number] = value
                    for _ in range(number):
                        await asyncio.sleep(0)

        watchers = [asyncio.create_task(watch(number)) for number in range(3)]
        for burst in (*bursts, []):
            for value in burst:
                published.set(value)
            await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
        assert seen == dict.fromkeys(range(3), published.value)

    asyncio.run(follow())


@pytest.mark.parametrize("already", [True, False])
async def test_until_returns_at_the_wanted_value_and_leaves_no_generator(already: bool) -> None:
    published = Published(1 if already else 0)
    waiting = asyncio.ensure_future(published.until(1))
    await asyncio.sleep(0)
    assert waiting.done() == already
    published.set(2)
    published.set(1)
    await asyncio.wait_for(waiting, 1)
    gc.collect()
    assert not other_tasks()
