"""The Kivy side of the UI: one window, one screen at a time, rebuilt when its kind, language or size changes."""

from __future__ import annotations

import asyncio
import gc
import time
from pathlib import Path

from kivy.app import App
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.uix.floatlayout import FloatLayout

from kiosk import screens, theme, toolkit, view
from kiosk.inert import INERT_SECONDS
from kiosk.presenter import Presenter
from kiosk.screens import Sheet
from kiosk.widgets import basics, icons, look
from kiosk.widgets.keyboard import Board
from session.pages import Settings

_WITHOUT_GUARD = 0.3
"""Seconds after which the bar is drawn in a window of any height: a plain one, which nobody manages."""


class Stage(FloatLayout):
    """Everything in the window: the screen, and the word that is said over it."""

    def __init__(self, presenter: Presenter) -> None:
        super().__init__()
        self._presenter = presenter
        self._sheet: Sheet | None = None
        self._built: tuple[object, ...] = ()
        self._word = basics.Word()
        self._board: Board | None = None
        self._wanted: tuple[view.Screen, bool] | None = None
        """The screen that is to be shown, and whether with the keyboard."""
        self._shown_at = 0.0

    def render(self) -> None:
        """Makes the window show the presenter's state."""
        screen = self._presenter.screen
        width, height = Window.size
        if (screen, self._presenter.keyboard.up) != self._wanted:
            self._wanted, self._shown_at = (screen, self._presenter.keyboard.up), time.monotonic()
        wanted = (*self._wanted, self._presenter.local.language, width, height)
        if wanted != self._built and self._has_room(screen, height):
            self._build(screen, width, height)
            self._built = wanted
        if self._sheet is not None:
            self._sheet.refresh()
        if self._board is not None and self._presenter.keyboard.up:
            self._board.suit(self._presenter.keyboard.kind)
        self._say(screen)

    def warm(self) -> None:
        """Draws a small picture, out of sight: what is compiled for the first one is ready for the bar's."""
        self.add_widget(icons.Icon(name="lock", size_hint=(None, None), size=(24, 24)), index=len(self.children))

    @property
    def outdated(self) -> bool:
        """Whether another screen is about to take the place of what is in the window."""
        now = (self._presenter.screen, self._presenter.keyboard.up)
        if not self._built or now == self._built[:2]:
            return False
        waiting = now == self._wanted
        return not (waiting and time.monotonic() - self._shown_at > _WITHOUT_GUARD)

    def _has_room(self, screen: view.Screen, height: int) -> bool:
        """Whether the guard has given the window the height for this screen; until then the one before stays."""
        small = height <= 2 * self._presenter.settings.bar_height
        if view.mode_for(screen) is view.Mode.FULL:
            if not small:
                self._presenter.keyboard.size = (Window.width, height)
            return not small
        if self._presenter.keyboard.up:
            return not small
        return small or time.monotonic() - self._shown_at > _WITHOUT_GUARD

    def _build(self, screen: view.Screen, width: int, height: int) -> None:
        self.clear_widgets()
        self._keep_board()
        bar_height = self._presenter.settings.bar_height
        if view.mode_for(screen) is view.Mode.BAR:
            look.set_unit(theme.bar_scale(width, bar_height))
            self._sheet = screens.build(screen, self._presenter)
            self._sheet.size_hint = (1, None)
            self._sheet.height = min(height, bar_height)
            self._sheet.pos_hint = {"top": 1}
            if self._presenter.keyboard.up:
                self._add_board(width, height)
        else:
            look.set_unit(theme.scale(width, height))
            self._sheet = screens.build(screen, self._presenter)
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

    def on_touch_down(self, touch: object) -> bool:
        self._presenter.touched()
        if time.monotonic() - self._shown_at < INERT_SECONDS:
            return True
        return bool(super().on_touch_down(touch))


class Kiosk(App):
    """The application. `live` runs it together with the lines to the other processes."""

    title = "Marchepied"

    def __init__(self, settings: Settings, run: Path) -> None:
        super().__init__()
        self._presenter = Presenter(settings, run, self._on_change)
        self._stage: Stage | None = None
        self._lively_until = 0.0
        # In the next frame: what a tap asks of other processes goes out before anything is drawn for it.
        self._soon = Clock.create_trigger(self._render)

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
        Window.clearcolor = theme.PAPER
        Window.bind(
            size=lambda *_: self._on_change(),
            on_draw=lambda *_: self._outdated(),
            on_flip=lambda *_: self._on_flip(),
            on_mouse_down=lambda *_: self._hurry(),
            on_mouse_up=lambda *_: self._hurry(),
            on_touch_down=lambda *_: self._enliven(),
            on_touch_up=lambda *_: self._enliven(),
            # Nothing but the end of the environment closes this window.
            on_request_close=lambda *_, **__: True,
        )
        self._presenter.claim_window(Window.get_window_info().window)
        Clock.schedule_interval(self._tick, 0.5)
        Clock.schedule_interval(self._prepare, 0.1)
        self._stage = Stage(self._presenter)
        self._stage.render()
        self._enliven()
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
        self._enliven()
        self._soon()

    def _prepare(self, _seconds: float) -> bool:
        """Once the station is ready: what no visitor should wait for. False when it is done, which ends these calls."""
        if self._stage is None or self._presenter.screen is view.Screen.PREPARING or screens.load_one():
            return True
        self._stage.warm()
        gc.freeze()
        gc.enable()
        return False

    def _render(self, _seconds: float) -> None:
        if self._stage is not None:
            self._stage.render()

    def _tick(self, seconds: float) -> None:
        self._presenter.tick()
        self._render(seconds)
        if time.monotonic() > self._lively_until:
            Clock._max_fps = toolkit.SESSION_FPS if self._presenter.occupied else toolkit.REST_FPS

    def _hurry(self) -> None:
        """Kivy takes a tap from the display in one frame and hands it to the screen in the next: that one comes now."""
        Clock._max_fps = 0

    def _enliven(self) -> None:
        # Kivy reads `maxfps` once; this is the field that it reads it into.
        Clock._max_fps = toolkit.LIVELY_FPS
        self._lively_until = time.monotonic() + toolkit.LIVELY_SECONDS
