"""The frames come when there is something to do, and not else."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from kiosk import pulse
from kiosk.pulse import Pulse

NEVER = float("inf")


class FakeClock:
    def __init__(self) -> None:
        self._dt = 0.0
        self._last_tick = self.time()
        self.async_idle: Any = None
        self.due = NEVER

    def time(self) -> float:
        return time.perf_counter()

    def get_min_timeout(self) -> float:
        return self.due


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


@pytest.fixture
async def beating(clock: FakeClock, pipe: tuple[int, int]) -> AsyncIterator[Pulse]:
    """A pulse whose frames come one after the other, at rest."""
    one = Pulse(clock, pipe[0])
    one.start()

    async def frames() -> None:
        while True:
            await clock.async_idle()

    task = asyncio.create_task(frames())
    await _rest(one)
    yield one
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _rest(one: Pulse) -> None:
    """Until no frame comes for a while."""
    seen = -1
    while seen != one.frames:
        seen = one.frames
        await asyncio.sleep(3 * pulse.FRAME_SECONDS)


async def _next_frame(one: Pulse) -> float:
    """Seconds until it."""
    seen, began = one.frames, time.perf_counter()
    async with asyncio.timeout(pulse.REST_SECONDS + 1):
        while one.frames == seen:
            await asyncio.sleep(0)
    return time.perf_counter() - began


async def test_what_can_be_read_from_the_display_is_read_at_once(beating: Pulse, pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"a touch")
    assert await _next_frame(beating) < pulse.REST_SECONDS / 20


async def test_what_nobody_reads_does_not_spin(beating: Pulse, pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"never read")
    before, began = beating.frames, time.perf_counter()
    await asyncio.sleep(20 * pulse.FRAME_SECONDS)
    assert beating.frames - before <= 2 + (time.perf_counter() - began) / pulse.FRAME_SECONDS


async def test_what_xlib_has_taken_already_is_looked_at_and_what_nobody_wants_is_left(
    clock: FakeClock, pipe: tuple[int, int]
) -> None:
    queue: list[int] = []
    one = Pulse(clock, pipe[0], lambda: len(queue))
    one.start()
    queue.append(1)
    async with asyncio.timeout(1):
        await clock.async_idle()
    # The frame did not take it: it is nothing to be awake for.
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(10 * pulse.FRAME_SECONDS):
            await clock.async_idle()
    queue.append(2)
    async with asyncio.timeout(1):
        await clock.async_idle()


async def test_news_of_our_own_wake_it(beating: Pulse) -> None:
    beating.wake()
    assert await _next_frame(beating) < pulse.REST_SECONDS / 20


async def test_it_sleeps_until_what_is_due(clock: FakeClock, pipe: tuple[int, int]) -> None:
    one = Pulse(clock, pipe[0])
    one.start()
    await clock.async_idle()
    clock.due = clock.time() + 0.1
    await clock.async_idle()
    assert clock.due - 0.01 <= clock._last_tick < clock.due + pulse.REST_SECONDS / 2


async def test_a_touch_that_was_read_is_handed_on_without_a_pause(
    clock: FakeClock, pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "FRAME_SECONDS", 60.0)
    one = Pulse(clock, pipe[0])
    one.start()
    async with asyncio.timeout(5):
        for _ in range(5):
            one.hurry()
            await clock.async_idle()
    assert one.frames == 5


async def test_at_rest_there_is_a_frame_now_and_then(beating: Pulse) -> None:
    before = beating.frames
    await asyncio.sleep(1.2 * pulse.REST_SECONDS)
    assert 1 <= beating.frames - before <= 2
