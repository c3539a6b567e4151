"""The voice of the screens: says one thing after another, tells which, and is silent at once when asked.

Where there is no speech-dispatcher, no voice in it or no way for sound to go, there is no voice: `offered` stays
False, nothing waits, and it is tried again now and then. It is offered only after it has said something, inaudibly, to
the end: with a missing sound card speech-dispatcher takes every text, and never finishes the first one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import NamedTuple

from kiosk import bidi
from kiosk.speech.ssip import Ssip, SsipError

logger = logging.getLogger(__name__)

LEVELS = (-60, -20, 20, 60, 100)
"""SSIP's volumes, -100 to 100, from soft to loud. How loud the loudest is, is the sound card's setting."""
DEFAULT_LEVEL = 2
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
"""Seconds between two tries at a voice that is not there."""
PROBE_SECONDS = 5.0
_SECONDS, _SECONDS_A_LETTER = 10.0, 0.3
"""A text that takes longer than this will never end. The slowest voices take 0.1 s a letter."""
_SILENT = -100


class Said(NamedTuple):
    """One thing to say."""

    text: str
    language: str
    """As the screens' languages: `fr`."""
    what: object = None
    """Whatever the caller knows it by."""


class Voice:
    """`on_change` is called when what is being said, or whether there is a voice, is another."""

    def __init__(self, path: Path, on_change: Callable[[], None]) -> None:
        self.offered = False
        self.now: Said | None = None
        """What is being said."""
        self.level = DEFAULT_LEVEL
        """An index of LEVELS. As new as this process, which is as new as the visit."""
        self._path, self._on_change = path, on_change
        self._waiting: list[Said] = []
        self._long = False
        self._saying: Said | None = None
        """Handed to the server, whether it has begun or not."""
        self._wish = asyncio.Event()

    @property
    def speaking(self) -> bool:
        return self._saying is not None or bool(self._waiting)

    @property
    def reading(self) -> bool:
        """Whether what it says is a whole screen or text."""
        return self.speaking and self._long

    def read(self, said: Sequence[Said], *, long: bool = False) -> None:
        """Says these, in place of what is being said. `long`: a whole screen or text, that one may want to end."""
        if not self.offered:
            return
        self._waiting, self._long = list(said), long
        self._wish.set()

    def stop(self) -> list[Said]:
        """What it says no more: what it was in the middle of, and what would have followed."""
        left = [*([self._saying] if self._saying is not None else []), *self._waiting]
        if left:
            self.read(())
        return left

    def turn(self, by: int) -> None:
        """Louder (1) or softer (-1), from the next thing that is said on."""
        self.level = min(max(self.level + by, 0), len(LEVELS) - 1)
        self._on_change()

    async def run(self) -> None:
        """Never returns."""
        delay = FIRST_DELAY
        while True:
            try:
                line = await Ssip.connect(self._path)
            except OSError:
                line = None
            if line is not None:
                try:
                    await self._prove(line)
                    delay = FIRST_DELAY
                    await self._serve(line)
                except (SsipError, TimeoutError) as error:
                    logger.info("the voice is away: %s", type(error).__name__)
                finally:
                    self._lose()
                    await line.close()
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY)

    async def _prove(self, line: Ssip) -> None:
        """Raises SsipError, TimeoutError where nothing can be heard."""
        await line.command("SET", "SELF", "CLIENT_NAME", "station:marchepied:screens")
        modules = await line.command("LIST", "OUTPUT_MODULES")
        if not set(modules[:-1]) - {"dummy"}:
            raise SsipError("no voice")
        await line.command("SET", "SELF", "NOTIFICATION", "ALL", "ON")
        await line.command("SET", "SELF", "PRIORITY", "MESSAGE")
        await line.command("SET", "SELF", "VOLUME", str(_SILENT))
        async with asyncio.timeout(PROBE_SECONDS):
            await (await line.speak("a")).wait()
        if line.broken:
            raise SsipError("broken")
        self._waiting.clear()
        self.offered = True
        self._on_change()

    def _lose(self) -> None:
        changed = self.offered
        self.offered, self.now = False, None
        self._waiting.clear()
        if changed:
            self._on_change()

    async def _serve(self, line: Ssip) -> None:
        while not line.broken:
            self._wish.clear()
            if self._waiting:
                await self._say(line, self._waiting.pop(0))
            else:
                await _first(self._wish.wait(), line.ended())

    async def _say(self, line: Ssip, said: Said) -> None:
        self._saying = said
        try:
            await self._say_one(line, said)
        finally:
            self._saying = self.now = None
            self._on_change()

    async def _say_one(self, line: Ssip, said: Said) -> None:
        line.forget()
        await line.command("SET", "SELF", "LANGUAGE", said.language)
        await line.command("SET", "SELF", "VOLUME", str(LEVELS[self.level]))
        over = await line.speak(bidi.bare(said.text))
        self.now = said
        self._on_change()
        async with asyncio.timeout(_SECONDS + _SECONDS_A_LETTER * len(said.text)):
            await _first(over.wait(), self._wish.wait())
            if not over.is_set():
                await line.command("CANCEL", "SELF")
                await over.wait()


async def _first(*waits: Coroutine[None, None, object]) -> None:
    """Returns as soon as one of them does; the others are cancelled."""
    tasks = [asyncio.ensure_future(one) for one in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
