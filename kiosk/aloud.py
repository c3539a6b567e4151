"""Reads the screen aloud: all of it when asked, what the keyboard comes to, and a warning by itself.

Whatever somebody does stops it. What is being read is marked as with a marker pen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from kivy.graphics import Color, InstructionGroup, SmoothLine, SmoothRoundedRectangle

from kiosk import view
from kiosk.access import Access, Staged, place_of
from kiosk.speech import selection
from kiosk.speech.outline import Item, Role, spoken
from kiosk.speech.voice import Said, Voice
from kiosk.widgets import look
from kiosk.widgets.look import u
from kiosk.words import Words


class Aloud:
    """Belongs to the stage, as `kiosk.access.Access` does."""

    def __init__(self, stage: Staged, voice: Voice, copy: Callable[[], Awaitable[None]]) -> None:
        """`copy`: makes the page in front copy what is marked on it."""
        self._stage, self._voice, self._copy = stage, voice, copy
        self._left: list[Said] = []
        """What was not said because somebody did something."""
        self._quieted = False
        """Whether that was a whole screen or text: "Écouter" then only means "be quiet"."""
        self._said = ""
        self._last = ""
        """What was said of the thing that the keyboard is at."""
        self._mark = InstructionGroup()
        self._marked: tuple[object, ...] = ()
        self._canvas: object | None = None
        self._asking: asyncio.Task[None] | None = None

    def hush(self) -> None:
        """Somebody touched the screen, or a key."""
        self._quieted = self._voice.reading
        self._left = self._voice.stop()
        if self._asking is not None:
            self._asking.cancel()

    def rendered(self, words: Words, screen: view.Screen, *, fresh: bool, said: str, access: Access) -> None:
        """The window shows something else. `said` is the word that is over the screen, or none."""
        at = access.at
        news = [Said(said, words.language)] if said and said != self._said and access.in_use else []
        self._said = said
        if fresh:
            self._voice.stop()
            self._greet(words, screen, news, at)
        elif news:
            self._voice.read(news)
        elif at is not None and not at.aside and spoken(at, words) != self._last:
            self._read([at], words)  # it says something else than when the keyboard came to it: another language, say
        self._last = spoken(at, words) if at is not None else ""
        self._draw()

    def _greet(self, words: Words, screen: view.Screen, news: list[Said], at: Item | None) -> None:
        """What is said of a new screen by itself: a warning to everybody, else where one is, to whoever uses keys."""
        items = self._stage.outline()
        if screen is view.Screen.WARNING:
            self._read([item for item in items if not item.aside], words, before=news, long=True)
        elif at is not None:
            self._read([*(item for item in items if item.role is Role.TITLE), at], words, before=news)
        elif news:
            self._voice.read(news)

    def came_to(self, item: Item, words: Words) -> None:
        """The keyboard is at another thing."""
        self._last = spoken(item, words)
        self._read([item], words)

    def listen(self, words: Words) -> None:
        """ "Écouter": reads the screen, or stops. Over a site: what is marked on its page, if anything is."""
        if self._quieted:
            self._quieted = False
            return
        if self._stage.mode is view.Mode.FULL:
            self._read([item for item in self._stage.outline() if not item.aside], words, long=True)
        else:
            self._asking = asyncio.ensure_future(self._listen_to_page(words))

    def turn(self, by: int, words: Words) -> None:
        """Louder or softer: what was being said goes on like that, or a word is said for the ear to judge."""
        self._voice.turn(by)
        sample = words("speech.louder" if by > 0 else "speech.softer")
        self._voice.read(self._left or [Said(sample, words.language)], long=self._quieted)

    async def _listen_to_page(self, words: Words) -> None:
        marked = await selection.marked(self._copy)
        if marked:
            self._voice.read([Said(marked, words.language)], long=True)
            return
        bar = [item for item in self._stage.outline() if not item.aside]
        self._read(bar, words, after=[Said(words("speech.how_to_mark"), words.language)], long=True)

    def _read(
        self,
        items: Sequence[Item],
        words: Words,
        *,
        before: Sequence[Said] = (),
        after: Sequence[Said] = (),
        long: bool = False,
    ) -> None:
        said = [Said(spoken(item, words), item.tongue or words.language, item) for item in items]
        self._voice.read([*before, *said, *after], long=long)

    # The mark

    def _draw(self) -> None:
        now = self._voice.now.what if self._voice.now is not None else None
        place = place_of(now.widget) if isinstance(now, Item) and now.widget.parent is not None else None
        ground = self._stage.ground
        wanted = (place, ground)
        if wanted == self._marked:
            return
        self._marked = wanted
        if self._canvas is not None:
            self._canvas.remove(self._mark)  # type: ignore[attr-defined]
            self._canvas = None
        if place is None or ground is None:
            return
        self._mark.clear()
        barred = self._stage.mode is view.Mode.BAR
        left, bottom, width, height = place
        out = 0 if barred else u(6)
        pos, size = (left - out, bottom - out), (width + 2 * out, height + 2 * out)
        if not barred:
            self._mark.add(Color(rgba=look.now.marker))
            self._mark.add(SmoothRoundedRectangle(pos=pos, size=size, radius=[u(12)]))
        self._mark.add(Color(rgba=look.now.on_night if barred else look.now.accent))
        self._mark.add(SmoothLine(rounded_rectangle=(*pos, *size, u(12)), width=2))
        # Under the words, and over the ground that the screen has painted.
        self._canvas = ground
        ground.add(self._mark)
