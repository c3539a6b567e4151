"""Taps every button of every recorded state of papers, by Kivy touches on $DISPLAY, and prints what each did, as JSON.

`python -m tests.kiosk.tapping`. A process of its own: Kivy has one window a process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from kiosk import toolkit
from kiosk.inert import INERT_SECONDS
from kiosk.view import OF_PAPERS, Screen
from tests.kiosk import cases, recorded
from tests.kiosk.recorder import Recorder

SIZES = ((1280, 800), (1080, 1920))
"""All states; and, upright, the first of each screen."""


class Tap(msgspec.Struct, frozen=True):
    """One button, and what a tap on it did."""

    case: str
    button: str
    """Its words."""
    calls: list[tuple[str, list[Any]]]
    side: str | None
    chosen: str
    picked: list[str]
    leads_to: Screen
    moved: bool
    """Whether what is on the screen is another, or another part of a list."""
    at_once: bool
    """Whether a tap before that, in the first moment of the screen, did anything."""


class Clock:
    """In place of the module `time`: a new screen is new until this goes on."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Report(msgspec.Struct):
    taps: list[Tap] = []
    loaded: list[Screen] = []
    """What a station of today loads of the screens, before anybody asks for one."""
    passages: list[tuple[str, str, bool]] = []
    """From a state to another of the same screen, and whether that is a new screen to the ear and the keyboard."""


PASSAGES = (
    ("scanner_glass", "scanner_scanning"),
    ("scanner_scanning", "scanner_done"),
    ("scanner_done", "scanner_next"),
    ("scanner_scanning", "scanner_jammed"),
    ("scanner_glass", "scanner_card"),
    ("print_asking", "print_left"),
    ("print_printing", "print_no_paper"),
    ("print_printing", "print_done"),
    ("key_copying", "key_done"),
    ("fit_working", "fit_done"),
    ("picker_one", "picker_chosen"),
)


def main() -> int:
    toolkit.prepare(*SIZES[0])
    from kivy.base import EventLoop
    from kivy.core.window import Window
    from kivy.tests.common import UnitTestTouch

    from kiosk import screens, shell
    from kiosk.agent import Agent
    from kiosk.presenter import Presenter
    from kiosk.screens import paper_sheet

    clock = Clock()
    vars(shell)["time"] = vars(paper_sheet)["time"] = clock

    recorder, loaded = Recorder(), list(screens._missing)

    class Tapped(Presenter):
        """Makes no call of its own: they are kept in the list too."""

        def open_site(self, site: str) -> None:
            recorder.open_site(site)

        def end(self) -> None:
            recorder.end()

    presenter = Tapped(cases.SETTINGS, Path("/nonexistent"), lambda: None)
    presenter.papers = recorder

    def ask(
        name: str, *, done: Callable[[], None] = print, failed: Callable[[], None] = print, **parameters: object
    ) -> None:
        recorder.calls.append((name, tuple(parameters.values())))

    presenter.agent = Agent(ask, lambda _text: None, lambda: presenter.words)
    stage = shell.Stage(presenter)
    Window.add_widget(stage)
    Window.bind(on_draw=lambda *_: True)  # laying out is enough to be touched
    EventLoop.start()

    def show(name: str) -> None:
        case = cases.CASES[name]
        presenter.snapshot, presenter.desk, presenter.rooms = case.snapshot, case.desk, case.rooms
        presenter.local = case.local
        stage._built, stage._screen = (), None  # as new
        stage.render()
        for _ in range(3):
            EventLoop.idle()

    def touch(widget: Any) -> None:
        tap = UnitTestTouch(*widget.to_window(*widget.center))
        tap.touch_down()
        tap.touch_up()

    taps: list[Tap] = []
    news: list[bool] = []
    aloud = stage._aloud.rendered

    def rendered(*given: Any, fresh: bool, **named: Any) -> None:
        news.append(fresh)
        aloud(*given, fresh=fresh, **named)

    stage._aloud.rendered = rendered  # type: ignore[method-assign]
    passages = []
    for first, second in PASSAGES:
        show(first)
        news.clear()
        case = cases.CASES[second]
        presenter.rooms, presenter.local = case.rooms, case.local
        stage.render()
        passages.append((first, second, any(news)))
    for width, height in SIZES:
        Window.size = (width, height)
        for name in recorded.STATES if width > height else sorted(recorded.FIRST):
            show(name)
            buttons = [item.words for item in stage.outline() if item.acts and not item.aside]
            for at, words in enumerate(buttons):
                show(name)
                item = [item for item in stage.outline() if item.acts and not item.aside][at]
                before, seen = presenter.local, [item.words for item in stage.outline()]
                recorder.calls.clear()
                touch(item.widget)
                at_once = bool(recorder.calls) or presenter.local != before
                if at_once:
                    show(name)
                    item = [item for item in stage.outline() if item.acts and not item.aside][at]
                    recorder.calls.clear()
                clock.now += 2 * INERT_SECONDS
                touch(item.widget)
                calls, local = [(call, list(given)) for call, given in recorder.calls], presenter.local
                screen = presenter.screen
                stage.render()
                moved = [item.words for item in stage.outline()] != seen if screen in OF_PAPERS else True
                side = local.side.value if local.side is not None else None
                changed = local != before or moved
                picked = list(local.picked)
                taps.append(Tap(name, words, calls, side, local.chosen, picked, screen, changed, at_once))
    sys.stdout.buffer.write(msgspec.json.encode(Report(taps, loaded, passages)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
