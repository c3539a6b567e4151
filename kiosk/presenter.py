"""What the screens show and what a tap does, without Kivy: the state of the UI process and its lines.

The presenter gathers the snapshots, keeps the little that is local, makes the calls, and says when anything
changed. The screens read it; they never talk to another process themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from kiosk import banner, client, paper_path, plain, remembered, theme, view
from kiosk.agent import Agent
from kiosk.caller import Caller
from kiosk.glossary import Term
from kiosk.keyboard.control import Control
from kiosk.paper_calls import PaperCalls
from kiosk.papers import Calls, Rooms
from kiosk.pictures import Pictures
from kiosk.speech.voice import Voice
from kiosk.words import LANGUAGES, Words
from session.heart import beat
from session.model import Component, Snapshot, State
from session.pages import DeskSnapshot, Settings
from session.papers import Papers

logger = logging.getLogger(__name__)

SAID_SECONDS = 5.0
"""How long a refusal stays on the screen."""
OPENED_SECONDS = 1.0
"""How long a page that was opened may take to be heard of: that comes from the desk beside the answer."""
CHOICE_SECONDS = 60.0
"""After so long without a touch the welcome screen is as nobody has chosen anything: language, size, colours."""


def _nothing() -> None: ...


class Presenter:
    """The state behind the screens. `on_change` is called, in the event loop, whenever something to show changed.

    `memory` is the file in which a UI that is started again finds its visitor's choices; None for none.
    """

    def __init__(
        self, settings: Settings, run: Path, on_change: Callable[[], None], memory: Path | None = None
    ) -> None:
        self.station_language = settings.language if settings.language in LANGUAGES else LANGUAGES[0]
        self.settings = settings
        self.snapshot: Snapshot | None = None
        self.desk: DeskSnapshot | None = None
        self._usual = view.Local(language=self.station_language)
        """As nobody has chosen anything."""
        self._memory = memory
        self.local = remembered.load(memory, self._usual) if memory is not None else self._usual
        self.rooms = Rooms()
        self.said = ""
        """A short word about the last tap: a refusal, or that a site is being opened."""
        self.voice = Voice(run / "voice" / "ssip", on_change)
        self.on_listen: Callable[[], None] = _nothing
        self.on_louder: Callable[[int], None] = lambda _by: None
        """What reads the screen: it knows what is on it."""
        self._control, self._desk, self._guard = run / "control", run / "desk", run / "guard"
        self._layout = client.LayoutLink(self._guard)
        self.keyboard = Control(
            self._guard,
            (settings.width, settings.height),
            changed=self._changed,
            failed=lambda code: self.say(self.words.refusal(code)),
        )
        self._on_change = on_change
        self._caller = Caller(refused=lambda code: self.say(self.words.refusal(code)))
        self._call = self._caller.call
        self._pictures = Pictures(self._desk, (settings.width, settings.height), on_change)
        call, words = partial(self._call, self._desk, client.DESK), Words(self.station_language)
        self.papers: Calls | None = PaperCalls(call, lambda: self.rooms.papers, words, self._pictures)
        self._forget: asyncio.TimerHandle | None = None
        self._choosers: int | None = None
        """As the guard counts them; None before it was heard."""
        self.agent = Agent(partial(self._call, self._control, client.SESSION), self.say, lambda: self.words)
        self._touched = time.monotonic()
        self._width = settings.width
        self._measured = 0.0
        self.keyboard.dpi = self.dpi
        self._drawn = asyncio.Event()
        self._known = asyncio.Event()

    @property
    def screen(self) -> view.Screen:
        return view.screen_for(self.snapshot, self.desk, self.local, self.rooms)

    @property
    def words(self) -> Words:
        """Of the language of who is to read them: an agent need not know what a visitor speaks."""
        return Words(self.station_language if self.screen in view.FOR_AGENTS else self.local.language)

    @property
    def bar(self) -> theme.BarPlan:
        return theme.bar_plan(self._width, self.settings.bar_height, self.local.text_size, self.dpi)

    @property
    def demonstration(self) -> bool:
        return self.settings.demonstration or (self.snapshot is not None and self.snapshot.demonstration)

    async def run(self) -> None:
        """Keeps all lines until cancelled. A fault in what they call ends it: the process is then started anew."""
        async with asyncio.TaskGroup() as tasks:
            self._caller.tasks = self._pictures.tasks = tasks
            session = client.Feed(self._control, client.SESSION, Snapshot, self._on_snapshot, self._on_control)
            desk = client.Feed(self._desk, client.DESK, DeskSnapshot, self._on_desk, lambda _online: None)
            guard = client.Feed(self._guard, client.GUARD, client.GuardNews, self._on_guard, self._on_guard_line)
            tasks.create_task(session.run())
            tasks.create_task(desk.run())
            tasks.create_task(client.paper_feed(self._desk, self.take_papers).run())
            tasks.create_task(guard.run())
            tasks.create_task(self._layout.run()).add_done_callback(lambda _task: self._layout.close())
            tasks.create_task(self.voice.run())
            tasks.create_task(beat(self._control, Component.UI))
            tasks.create_task(self._say_ready())
            tasks.create_task(self.keyboard.run())
            self._changed()

    # What comes in

    @property
    def occupied(self) -> bool:
        """Whether a visitor is there."""
        return self.snapshot is not None and self.snapshot.state in (State.ACTIVE, State.WARNING)

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self.local = view.settle(self.local, self.snapshot, snapshot)
        news, self.snapshot = banner.news(self.snapshot, snapshot), snapshot
        if news is not None:
            self.say(self.words(news))
        self._known.set()
        self._changed()

    def _on_control(self, online: bool) -> None:
        self._set(connected=online)

    def _on_desk(self, desk: DeskSnapshot) -> None:
        if desk.active is not None:
            self.local = msgspec.structs.replace(self.local, opening=None)
        if self.local.side is view.Side.PAGES and not desk.pages:
            # The last one was closed: the next site is to be seen, not the list again.
            self.local = msgspec.structs.replace(self.local, side=None)
        if self.desk is not None and self.desk.active not in (None, desk.active):
            self.voice.stop()  # what it reads was on the page that was in front
        self.desk = desk
        self.keyboard.on_desk(desk)
        self._changed()

    def take_papers(self, papers: Papers) -> None:
        if papers.folders > self.rooms.papers.folders:
            self.say(self.words.refusal("no_folder"))
        self.local = paper_path.settle(self.local, self.rooms.papers, papers)
        self.rooms = self.rooms._replace(papers=papers)
        self._changed()

    @property
    def dpi(self) -> float:
        """Dots per inch of the panel, by the configuration, or as it was measured."""
        return self.settings.dpi or self._measured or theme.USUAL_DPI

    def _on_guard(self, news: client.GuardNews) -> None:
        self.keyboard.on_guard(news)
        if news.dpi != self._measured:
            self._measured = news.dpi
            self.keyboard.dpi = self.dpi
            self._changed()
        before, self._choosers = self._choosers, news.choosers
        if before is not None and news.choosers > before:
            # A site asked for a file and got none: without a word, its button would look broken.
            self.say(self.words.refusal("no_upload"))

    def _on_guard_line(self, online: bool) -> None:
        if online:
            self._layout.again()
        else:
            # A new guard counts from nothing.
            self._choosers = 0
            self.keyboard.guard_gone()

    def drawn(self) -> None:
        """The screen has shown a first picture."""
        self._drawn.set()

    def claim_window(self, window: int) -> None:
        """The X window that is ours, for the guard."""
        self._layout.claim(window)

    def fit(self, width: int) -> None:
        """The window is so wide now, in pixels: the screen was turned, or is another one."""
        if width != self._width:
            self._width = width
            self._changed()

    def touched(self) -> None:
        """Somebody touched a screen of ours."""
        self._touched = time.monotonic()

    def tick(self) -> None:
        """Every few seconds: what only time changes."""
        quiet = time.monotonic() - self._touched
        if quiet > CHOICE_SECONDS and self.screen in (view.Screen.WELCOME, view.Screen.DISPLAY) and not self.occupied:
            usual = msgspec.structs.replace(self._usual, connected=self.local.connected)
            if self.local != usual:
                self._keep(usual)

    # What a tap does

    def start(self) -> None:
        self._call(self._control, client.SESSION, "Start")

    def end(self) -> None:
        self._call(self._control, client.SESSION, "End")

    def more_time(self) -> None:
        self._call(self._control, client.SESSION, "MoreTime")

    def open_site(self, site: str) -> None:
        """`site` is an id of the settings' sites. Its bar comes at once, the page as soon as it is there.

        Of one for interviews it is said first what will happen.
        """
        if any(known.id == site and known.camera for known in self.settings.sites):
            self._set(side=view.Side.INTERVIEW, interview=site)
        else:
            self._open(site)

    def go_to_interview(self) -> None:
        """The visitor has read what will happen, and goes on."""
        if self.local.interview is not None:
            self._set(side=None)
            self._open(self.local.interview)

    def stop_capture(self) -> None:
        """Camera and microphone are off for the rest of the visit."""

        def stopped() -> None:
            self.say(self.words("interview.stopped"))
            self._set(side=None, interview=None)

        self._call(self._desk, client.DESK, "StopCapture", done=stopped)

    def allow(self, what: str) -> None:
        """`host` or `camera`, of the page in front. The agent's."""

        def allowed() -> None:
            self.say(self.words("agent_panel.allowed"))
            self.turn_panel(view.Panel.ACTS)

        self._call(self._desk, client.DESK, "Allow", done=allowed, what=what)

    def _open(self, site: str) -> None:
        self.say(self.words("what_for.opening", site=self.title(site)), client.CALL_TIMEOUT)
        self._set(opening=site)
        self._call(self._desk, client.DESK, "Open", done=self._opened, failed=self._not_opening, site=site)

    def title(self, site: str) -> str:
        """The plain title of a site of the settings; empty for another."""
        return plain.clean(next((known.title for known in self.settings.sites if known.id == site), ""), 60)

    def _opened(self) -> None:
        self._hush()
        if self.local.opening is not None:
            asyncio.get_running_loop().call_later(OPENED_SECONDS, self._not_opening)

    def _not_opening(self) -> None:
        self._set(opening=None)

    def home(self) -> None:
        self._set(opening=None)
        self._call(self._desk, client.DESK, "Home")

    def show_page(self, page: str) -> None:
        self._call(self._desk, client.DESK, "Show", done=lambda: self.turn_to(None), page=page)

    def close_page(self, page: str) -> None:
        self._call(self._desk, client.DESK, "Close", page=page)

    def reload_page(self) -> None:
        """Of a page that crashed or hangs: opens it again."""
        self._of_page("Retry")

    def bear_page(self) -> None:
        """Of a page that hangs: waits on."""
        self._of_page("Bear")

    def _of_page(self, name: str) -> None:
        page = view.active_page(self.desk)
        if page is not None:
            self._call(self._desk, client.DESK, name, page=page.id)

    def press(self, action: str) -> None:
        """`back`, `larger` or `smaller`, on the site in front."""
        self._call(self._guard, client.GUARD, "Press", action=action)

    def turn_to(self, side: view.Side | None, chosen: str = "") -> None:
        """Opens what is beside the site (the pages, the documents, the question about ending), or closes it.

        `chosen` is the id of what it is about, where it is about one thing.
        """
        self._keep(view.turned(self.local, side, chosen))

    def pick(self, *documents: str) -> None:
        """These are tapped in the picker, and no others."""
        self._set(picked=documents)

    def explain(self, term: Term | None) -> None:
        """Shows what a word means, or goes back to what was shown before."""
        self._set(term=term)

    def read_notice(self) -> None:
        self._set(notice_read=True)

    def read_private(self) -> None:
        """The visitor knows that the agent has stepped back, and goes on alone."""
        self._set(private_read=True)

    def turn_panel(self, panel: view.Panel) -> None:
        self._set(panel=panel)

    def speak(self, language: str) -> None:
        self.keyboard.speak(language)
        self._set(language=language)

    def look_like(self, *, text_size: theme.TextSize | None = None, colours: theme.Colours | None = None) -> None:
        """Draws the screens with words of this size, or in these colours."""
        self._set(text_size=text_size or self.local.text_size, colours=colours or self.local.colours)

    def listen(self) -> None:
        """Reads the screen aloud, or stops."""
        self.on_listen()

    async def copy_marked(self) -> None:
        """Makes the page in front copy what is marked on it; a guard that cannot is as if nothing were."""
        with contextlib.suppress(client.CallError):
            await client.Call(self._guard, client.GUARD, "Press", action="copy").done()

    def louder(self, by: int) -> None:
        """By so many steps; softer by a negative number."""
        self.on_louder(by)

    # Saying

    def say(self, text: str, seconds: float | None = None) -> None:
        """Shows `text` for so long (`SAID_SECONDS` if nothing else is asked), in place of what was said before."""
        if self._forget is not None:
            self._forget.cancel()
        self.said = text
        self._forget = asyncio.get_running_loop().call_later(SAID_SECONDS if seconds is None else seconds, self._hush)
        self._changed()

    def _hush(self) -> None:
        if self._forget is not None:
            self._forget.cancel()
        self.said, self._forget = "", None
        self._changed()

    # Within

    def _set(self, **changes: object) -> None:
        self._keep(msgspec.structs.replace(self.local, **changes))

    def _keep(self, local: view.Local) -> None:
        before, self.local = self.local, local
        if self._memory is not None and remembered.choices_of(before) != remembered.choices_of(local):
            remembered.save(self._memory, remembered.choices_of(local))
        self._changed()

    def _changed(self) -> None:
        mode = view.mode_for(self.screen)
        if mode is not view.Mode.BAR and self.keyboard.up:
            self.keyboard.leave()  # which comes back here
            return
        self._layout.want(mode, self.bar.height if mode is view.Mode.BAR else None, self.keyboard.foot)
        self._on_change()

    async def _say_ready(self) -> None:
        """Tells the daemon once that this process shows the session's state."""
        await self._drawn.wait()
        await self._known.wait()
        delay = client.Delay()
        while True:
            try:
                await client.Call(self._control, client.SESSION, "Ready", component="ui").done()
            except client.CallError as error:
                logger.debug("ready: %s", error.code)
                await delay.wait()
            else:
                return
