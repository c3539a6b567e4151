"""The Kivy side of the UI: one window, one screen at a time, rebuilt when its kind, language or size changes."""

from __future__ import annotations

import asyncio
import gc
import time
from pathlib import Path
from typing import Any

from kivy.app import App
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.uix.floatlayout import FloatLayout

from kiosk import screens, theme, view
from kiosk.access import Access
from kiosk.aloud import Aloud
from kiosk.inert import INERT_SECONDS
from kiosk.presenter import Presenter
from kiosk.pulse import Pulse, connection_of, queue_of
from kiosk.screens import Sheet
from kiosk.speech.outline import Item, outline
from kiosk.widgets import basics, icons, look
from kiosk.widgets.keyboard import Board
from session.pages import Settings

_WITHOUT_GUARD = 0.3
"""Seconds after which the bar is drawn in a window of any height: a plain one, which nobody manages."""


_COUNTING = frozenset({view.Screen.WARNING, view.Screen.PIN})
"""Screens with seconds on them."""
_OFTEN, _SELDOM = 0.5, 5.0
"""Seconds after which a screen is looked over, that counts or has just come, and any other: minutes are the least that
changes on those.
"""


_TIDY = 1.0
"""Seconds after a change, when its screen is being read: what screens that are gone have left is searched for."""
_SELDOM_SEARCHED = (700, 10, 1000)
"""How often Python searches by itself (`gc.set_threshold`): all that there is nearly never. It took 40 ms in the middle
of a visit (measured), 34,000 objects of six screens; after each screen it is a few ms, and nobody waits for it.
"""


class Stage(FloatLayout):
    """Everything in the window: the screen, and the word that is said over it."""

    def __init__(self, presenter: Presenter) -> None:
        super().__init__()
        self._presenter = presenter
        self._sheet: Sheet | None = None
        self._built: tuple[view.Screen, bool, str, theme.TextSize, theme.Colours, int, int, float] | tuple[()] = ()
        self._word = basics.Word()
        self._screen: view.Screen | None = None
        """The screen that is to be shown."""
        self._up = False
        """Whether with the keyboard."""
        self._board: Board | None = None
        self._moment: object = None
        self.shown_at = 0.0
        """When this screen came, by time.monotonic()."""
        self._access = Access(self)
        self._aloud = Aloud(self, presenter.voice, presenter.copy_marked)
        presenter.on_listen = lambda: self._aloud.listen(presenter.words)
        presenter.on_louder = lambda by: self._aloud.turn(by, presenter.words)

    def render(self) -> None:
        """Makes the window show the presenter's state."""
        screen = self._presenter.screen
        width, height = Window.size
        up = self._presenter.keyboard.up
        if (screen, up) != (self._screen, self._up):
            self._screen, self._up, self.shown_at = screen, up, time.monotonic()
        local = self._presenter.local
        look_of = (local.language, local.text_size, local.colours, width, height, self._presenter.dpi)
        wanted = (screen, up, *look_of)
        before = self._built[:1]
        if wanted != self._built and self._has_room(screen, height):
            self._build(screen, width, height)
            self._built = wanted
        if self._sheet is not None:
            self._sheet.refresh()
        if self._board is not None and self._presenter.keyboard.up:
            self._board.suit(self._presenter.keyboard.kind)
        self._say(screen)
        moment = self._sheet.moment if self._sheet is not None else None
        fresh = self._built[:1] != before or moment != self._moment
        if moment != self._moment:
            self._moment, self.shown_at = moment, time.monotonic()
        self._access.rendered(fresh=fresh)
        said = self._presenter.said
        self._aloud.rendered(self._presenter.words, screen, fresh=fresh, said=said, access=self._access)

    @property
    def restless(self) -> bool:
        """Whether something on it changes from one second to the next."""
        return self._screen in _COUNTING or self.outdated or time.monotonic() - self.shown_at < 2 * _OFTEN

    @property
    def ground(self) -> Any:
        """Where something is drawn under the words of the screen."""
        return self._sheet.canvas.before if self._sheet is not None else None

    @property
    def mode(self) -> view.Mode:
        """Of the screen that is drawn."""
        return view.mode_for(self._built[0]) if self._built else view.Mode.FULL

    def outline(self) -> list[Item]:
        """What can be read in the window, in order: first what lies over the rest."""
        shown = [one for one in (self._word, self._sheet, self._board) if one is not None and one.parent is not None]
        return [item for one in shown for item in outline(one)]

    def warm(self) -> None:
        """Draws a small picture, out of sight: what is compiled for the first one is ready for the bar's."""
        self.add_widget(icons.Icon(name="lock", size_hint=(None, None), size=(24, 24)), index=len(self.children))

    @property
    def outdated(self) -> bool:
        """Whether another screen is about to take the place of what is in the window."""
        now = (self._presenter.screen, self._presenter.keyboard.up)
        if not self._built or now == self._built[:2]:
            return False
        waiting = now == (self._screen, self._up)
        return not (waiting and time.monotonic() - self.shown_at > _WITHOUT_GUARD)

    def _has_room(self, screen: view.Screen, height: int) -> bool:
        """Whether the guard has given the window the height for this screen; until then the one before stays."""
        bar = self._presenter.bar.height
        if view.mode_for(screen) is view.Mode.FULL:
            if height > 1.2 * bar:
                self._presenter.keyboard.size = (Window.width, height)
            return height > 1.2 * bar
        if self._presenter.keyboard.up:
            return height > 1.2 * bar
        return height <= bar or time.monotonic() - self.shown_at > _WITHOUT_GUARD

    def _build(self, screen: view.Screen, width: int, height: int) -> None:
        self.clear_widgets()
        self._keep_board()
        local, plan, turned = self._presenter.local, self._presenter.bar, self._presenter.words.mirrored
        if view.mode_for(screen) is view.Mode.BAR:
            look.take(plan.unit, plan.text, local.colours, self._presenter.dpi, turned=turned)
            self._sheet = screens.build(screen, self._presenter)
            self._sheet.size_hint = (1, None)
            self._sheet.height = min(height, plan.height)
            self._sheet.pos_hint = {"top": 1}
            if self._presenter.keyboard.up:
                self._add_board(width, height)
        else:
            text = theme.TEXT_FACTORS[local.text_size]
            look.take(theme.scale(width, height), text, local.colours, self._presenter.dpi, turned=turned)
            self._sheet = screens.build(screen, self._presenter)
        Window.clearcolor = look.now.paper
        self.add_widget(self._sheet)

    def _add_board(self, width: int, height: int) -> None:
        keyboard = self._presenter.keyboard
        self._board = Board(self._presenter.words, theme.scale(width, height), keyboard.type)
        self._board.open(keyboard.board)
        self._board.size_hint, self._board.height = (1, None), keyboard.foot
        self._board.pos_hint = {"y": 0}
        self.add_widget(self._board)

    def _keep_board(self) -> None:
        """What was chosen on the keyboard is there when it comes again."""
        if self._board is not None:
            self._board.let_go()
            self._presenter.keyboard.board = self._board.state
            self._board = None

    def _say(self, screen: view.Screen) -> None:
        over = view.mode_for(screen) is view.Mode.FULL and bool(self._presenter.said) and self._sheet is not None
        self._word.text = self._presenter.said if over else ""
        if over and self._word.parent is None:
            self._word.fit()
            self.add_widget(self._word)
        elif not over and self._word.parent is not None:
            self.remove_widget(self._word)

    def used(self) -> None:
        """Somebody is there, who does something: what was being said is said no more."""
        self._presenter.touched()
        self._aloud.hush()

    def came_to(self, item: Item) -> None:
        """The keyboard is at another thing."""
        self._aloud.came_to(item, self._presenter.words)

    def on_touch_down(self, touch: object) -> bool:
        self.used()
        self._access.touched()
        if time.monotonic() - self.shown_at < INERT_SECONDS:
            return True
        return bool(super().on_touch_down(touch))


class Kiosk(App):
    """The application. `live` runs it together with the lines to the other processes."""

    title = "Marchepied"

    def __init__(self, settings: Settings, run: Path, memory: Path) -> None:
        super().__init__()
        self._presenter = Presenter(settings, run, self._on_change, memory)
        self._stage: Stage | None = None
        self._pulse: Pulse | None = None
        # In the next frame: what a tap asks of other processes goes out before anything is drawn for it.
        self._soon = Clock.create_trigger(self._render)
        self._often = Clock.create_trigger(self._tick, _OFTEN)
        self._seldom = Clock.create_trigger(self._tick, _SELDOM)
        self._later = Clock.create_trigger(self._tidy, _TIDY)

    async def live(self) -> None:
        """Ends when the window does, or with the first exception of any part."""
        lines = asyncio.ensure_future(self._presenter.run())
        window = asyncio.ensure_future(self.async_run(async_lib="asyncio"))
        try:
            done, _ = await asyncio.wait({lines, window}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            lines.cancel()
            window.cancel()
            await asyncio.gather(lines, window, return_exceptions=True)

    def build(self) -> Stage:
        Window.bind(
            size=lambda *_: self._on_change(),
            on_draw=lambda *_: self._outdated(),
            on_flip=lambda *_: self._on_flip(),
            on_mouse_down=lambda *_: self._hurry(),
            on_mouse_up=lambda *_: self._hurry(),
            # Nothing but the end of the environment closes this window.
            on_request_close=lambda *_, **__: True,
        )
        system = Window.get_window_info()
        self._pulse = Pulse(Clock, connection_of(system.display), queue_of(system.display))
        self._pulse.start()
        self._presenter.claim_window(system.window)
        Window.bind(width=lambda _window, width: self._presenter.fit(width))
        Clock.schedule_interval(self._prepare, 0.1)
        self._stage = Stage(self._presenter)
        self._render(0)
        return self._stage

    def open_settings(self, *_largs: object) -> bool:
        """Kivy's own panel, which F1 would open: there is none here."""
        return True

    def _outdated(self) -> bool:
        """True keeps Kivy from drawing: a screen that gives way in the next frame, or as soon as there is room."""
        return self._stage is not None and self._stage.outdated

    def _on_flip(self) -> bool:
        if self._outdated():
            return True
        self._presenter.drawn()
        return False

    def _on_change(self) -> None:
        self._soon()
        if self._pulse is not None:
            self._pulse.wake()

    def _prepare(self, _seconds: float) -> bool:
        """Once the station is ready: what no visitor should wait for. False when it is done, which ends these calls."""
        if self._stage is None or self._presenter.screen is view.Screen.PREPARING or screens.load_one():
            return True
        self._stage.warm()
        gc.freeze()
        gc.set_threshold(*_SELDOM_SEARCHED)
        gc.enable()
        return False

    def _render(self, _seconds: float) -> None:
        if self._stage is not None:
            self._stage.render()
            again, other = (self._often, self._seldom) if self._stage.restless else (self._seldom, self._often)
            other.cancel()
            again()
            self._later()

    def _tick(self, seconds: float) -> None:
        self._presenter.tick()
        self._render(seconds)

    def _tidy(self, _seconds: float) -> None:
        if gc.isenabled() and gc.get_count()[1:] != (0, 0):
            gc.collect()

    def _hurry(self) -> None:
        """Kivy takes a touch from the display in one frame and hands it on in the next: that one comes now."""
        if self._pulse is not None:
            self._pulse.hurry()
