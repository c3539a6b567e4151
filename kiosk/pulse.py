"""When Kivy's next frame comes: at once when the display or our own state has news, and else when something is due.

Kivy paces itself by a number of frames a second: a touch waits for the next one, and a screen on which nothing moves
is gone over all the same. Here the clock sleeps until the display's connection can be read, until `wake`, or until the
next event that is scheduled on it.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable
from typing import Any, Protocol

FRAME_SECONDS = 1 / 60
"""No more frames than that, so that a moving pointer costs little."""
REST_SECONDS = 5.0
"""The longest sleep."""
LIVELY_SECONDS = 0.3
"""For so long after news each frame is followed by the next: events may lie in Xlib's queue, unseen by a selector."""


class KivyClock(Protocol):
    """What is used of `kivy.clock.ClockBase`."""

    _dt: float
    _last_tick: float
    async_idle: Any

    def time(self) -> float:
        """Seconds of its own clock."""

    def get_min_timeout(self) -> float:
        """When the next scheduled event is due, by `time`; 0 for "now"."""


class Pulse:
    """Takes the place of the clock's own sleep from `start` on. `connection` is the display's descriptor.

    `queued` says how many events Xlib took from the connection while it drew: those no selector sees any more.
    """

    def __init__(self, clock: KivyClock, connection: int, queued: Callable[[], int] = lambda: 0) -> None:
        self._clock, self._connection, self._queued = clock, connection, queued
        self._left = 0
        """Events that the last frame left in the queue: nobody wants them."""
        self._news = asyncio.Event()
        self._hurried = False
        self._lively_until = 0.0
        self.frames = 0
        """Since the start."""

    def start(self) -> None:
        self._clock.async_idle = self._idle

    def wake(self) -> None:
        """There is something to show, or to read: the next frame comes now."""
        self._lively_until = self._clock.time() + LIVELY_SECONDS
        self._news.set()

    def hurry(self) -> None:
        """The next frame comes without the usual pause: in it Kivy hands on the touch that it has just read."""
        self._hurried = True

    async def _idle(self) -> float:
        """Sleeps until the next frame. What it returns and keeps is what Kivy's own does."""
        clock = self._clock
        pause = FRAME_SECONDS - (clock.time() - clock._last_tick)
        if self._hurried or clock.time() < self._lively_until:
            await asyncio.sleep(0 if self._hurried else max(0.0, pause))
        else:
            await asyncio.sleep(max(0.0, pause))
            await self._sleep()
        self._hurried = False
        self._news.clear()
        self.frames += 1
        now = clock.time()
        clock._dt, clock._last_tick = now - clock._last_tick, now
        return now

    async def _sleep(self) -> None:
        seconds = min(REST_SECONDS, self._clock.get_min_timeout() - self._clock.time())
        left, self._left = self._left, self._queued()
        if seconds <= 0 or self._news.is_set() or self._left > left:
            return
        loop = asyncio.get_running_loop()
        # Only while asleep: a descriptor that nobody reads would call again and again.
        loop.add_reader(self._connection, self.wake)
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            pass
        finally:
            loop.remove_reader(self._connection)


def queue_of(display: int) -> Callable[[], int]:
    """How many events lie in the queue of an Xlib display, by its address (XEventsQueued(3), QueuedAlready)."""
    number = ctypes.CDLL("libX11.so.6").XEventsQueued
    number.argtypes, number.restype = [ctypes.c_void_p, ctypes.c_int], ctypes.c_int
    return lambda: int(number(display, 0))


def connection_of(display: int) -> int:
    """The descriptor of an Xlib display, by its address (XConnectionNumber(3))."""
    number = ctypes.CDLL("libX11.so.6").XConnectionNumber
    number.argtypes, number.restype = [ctypes.c_void_p], ctypes.c_int
    return int(number(display))
