"""Draws every case in some languages and sizes on $DISPLAY and measures what is drawn.

`python -m tests.kiosk.gallery DIRECTORY SHOW...` leaves a PNG of each picture in DIRECTORY (none if that is "-"), and
prints a JSON object: `faults`, one text each, `targets`, what can be tapped and where (see `Target`), and `outlines`,
what is read aloud. A SHOW is `WIDTHxHEIGHT:LANGUAGE,LANGUAGE...`, and after it `:TEXTSIZE`, `:COLOURS` and `:DPI` if
they are not the usual ones. `--only=CASE,CASE...` leaves out all other cases; with `--still` no clock goes on and no
chance is taken, so that the same screens give the same pictures. A process of its own: Kivy has one window a process.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from kiosk import theme, toolkit
from kiosk.bidi import Written
from kiosk.speech import outline
from kiosk.speech.voice import Said
from kiosk.words import NAMES, Words
from tests.kiosk import cases, glass, recorded
from tests.kiosk.recorder import Recorder

SHOWN_CLOSED = "out_of_service_operator"
"""The one of its kind that is drawn in all sizes."""
SPEAKING = ("bar_opening", "what_for_pages", "confirm_end", "confirm_camera")
"""Cases that are drawn as the voice speaks."""


class Target(msgspec.Struct, frozen=True):
    """Something to tap. Pixels of the display, from its top left."""

    case: str
    language: str
    text_size: theme.TextSize
    width: int
    height: int
    text: str
    left: float
    top: float
    right: float
    bottom: float


class Read(msgspec.Struct, frozen=True):
    """One item of an outline. Pixels as in Target."""

    role: str
    words: str
    left: float
    top: float
    right: float
    bottom: float


class Outline(msgspec.Struct, frozen=True):
    """What is read of a case, in order."""

    case: str
    language: str
    width: int
    height: int
    items: list[Read]


class Report(msgspec.Struct):
    faults: list[str] = []
    targets: list[Target] = []
    outlines: list[Outline] = []


def main() -> int:
    options = {name: value for name, _, value in (one.partition("=") for one in sys.argv[2:] if one.startswith("--"))}
    directory = Path(sys.argv[1])
    shows = [_show(argument) for argument in sys.argv[2:] if not argument.startswith("--")]
    wanted = {name: cases.CASES[name] for name in options["--only"].split(",")} if "--only" in options else cases.CASES
    stand_still(dice="--still" in options)
    smallest = min(show.width for show in shows)
    toolkit.prepare(shows[0].width, shows[0].height)
    from kivy.base import EventLoop
    from kivy.clock import Clock
    from kivy.core.window import Window

    from kiosk import view
    from kiosk.presenter import Presenter
    from kiosk.shell import Stage

    report = Report()
    presenter = Presenter(cases.SETTINGS, Path("/nonexistent"), lambda: None)
    # With a voice there is the least room;
    presenter.voice.offered = True
    presenter.papers = Recorder()
    stage = Stage(presenter)
    Window.add_widget(stage)
    Clock._max_fps = 0
    if sys.argv[1] == "-":
        Window.bind(on_draw=lambda *_: True)  # laying out is enough to be measured
    EventLoop.start()
    for show in shows:
        presenter.fit(show.width)
        for language in show.languages:
            presenter.station_language = language
            for name, case in wanted.items():
                if name.startswith("out_of_service_") and name != SHOWN_CLOSED and show.width != smallest:
                    continue  # a page of text each: the smallest size is the one that counts
                upright = show.height > show.width
                pictured = name in recorded.PICTURED and (show.width, show.height) == recorded.PICTURE
                everywhere = name not in recorded.STATES or name in recorded.FIRST or pictured
                if not (everywhere or show.width == smallest or upright):
                    continue  # so it is for the states of one screen of papers
                presenter.snapshot, presenter.desk, presenter.rooms = case.snapshot, case.desk, case.rooms
                presenter.local = msgspec.structs.replace(
                    case.local, language=language, text_size=show.text_size, colours=show.colours
                )
                say = Words(language)
                presenter.said = say.refusal(case.said) if case.said else ""
                presenter.voice.read([Said("", language)] if name in SPEAKING else [], long=True)
                barred = view.mode_for(presenter.screen) is view.Mode.BAR
                presenter.settings = msgspec.structs.replace(cases.SETTINGS, dpi=show.dpi)
                Window.size = (show.width, presenter.bar.height if barred else show.height)
                # Layouts and textures take some turns of the loop to follow each other.
                EventLoop.idle()
                stage.render()
                for _ in range(4):
                    EventLoop.idle()
                place = f"{name} {language} {show.width}x{show.height} {show.text_size} {show.dpi:.0f} dpi"
                report.faults += [f"{place}: {fault}" for fault in faults(stage, say, *Window.size)]
                if show.dpi == theme.USUAL_DPI:
                    report.targets += [
                        Target(name, language, show.text_size, show.width, show.height, *target)
                        for target in targets(stage, Window.height)
                    ]
                if (show.text_size, show.dpi) == (theme.TextSize.NORMAL, theme.USUAL_DPI):
                    items = list(read(stage, Window.height))
                    report.outlines.append(Outline(name, language, show.width, show.height, items))
                if sys.argv[1] != "-":
                    usual = (show.text_size, show.colours) == (theme.TextSize.NORMAL, theme.Colours.CALM)
                    look = "" if usual else f"-{show.text_size}-{show.colours}"
                    save(directory / f"{show.width}x{show.height}-{language}{look}-{name}.png")
    sys.stdout.buffer.write(msgspec.json.encode(report))
    return 0


def stand_still(*, dice: bool) -> None:
    """The clock stands: seconds that are counted on a screen are the same in the first picture and in the last one.

    `dice`: so does chance, and what is shown depends on nothing but the case.
    """
    import random
    import time

    now = time.monotonic()
    time.monotonic = lambda: now
    if dice:
        random.SystemRandom = lambda: random.Random(1)  # type: ignore[misc,assignment]


class Show(NamedTuple):
    width: int
    height: int
    languages: list[str]
    text_size: theme.TextSize
    colours: theme.Colours
    dpi: float


def _show(argument: str) -> Show:
    size, languages, *more = argument.split(":")
    width, _, height = size.partition("x")
    text_size = theme.TextSize(more[0]) if more else theme.TextSize.NORMAL
    colours = theme.Colours(more[1]) if len(more) > 1 else theme.Colours.CALM
    dpi = float(more[2]) if len(more) > 2 else theme.USUAL_DPI
    return Show(int(width), int(height), languages.split(","), text_size, colours, dpi)


def save(path: Path) -> None:
    from kivy.core.window import Window
    from kivy.graphics.opengl import GL_RGBA, GL_UNSIGNED_BYTE, glReadPixels
    from PIL import Image

    width, height = Window.size
    pixels = glReadPixels(0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE)
    image = Image.frombytes("RGBA", (width, height), pixels).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    image.convert("RGB").save(path, compress_level=1)


def targets(stage: Any, height: int) -> Iterator[tuple[str, float, float, float, float]]:
    from kiosk.widgets import basics

    for widget in visible(stage):
        if isinstance(widget, basics.Styled) and not widget.disabled:
            left, bottom = widget.to_window(*widget.pos)
            text = getattr(widget, "text", "") or getattr(widget, "title", "")
            yield text, left, height - bottom - widget.height, left + widget.width, height - bottom


def read(stage: Any, height: int) -> Iterator[Read]:
    for item in stage.outline():
        widget = item.widget
        left, bottom = widget.to_window(*widget.pos)
        top = height - bottom - widget.height
        yield Read(item.role, item.words, left, top, left + widget.width, height - bottom)


def faults(stage: Any, words: Words, width: int, height: int) -> Iterator[str]:
    """What a person would see as wrong: cut or small text, things beyond the edge, targets too small to hit."""
    from kivy.uix.label import Label

    from kiosk.widgets import basics

    mains, ours = 0, {*words.texts.values(), *NAMES.values()}
    own_words = {word for text in ours for word in Written(text, "auto").shaped.split()}
    for widget in visible(stage):
        kind, text = type(widget).__name__, getattr(widget, "text", "")
        if isinstance(widget, Label) and text:
            if widget.font_size < theme.SMALLEST_TEXT:
                yield f"{kind} {text!r}: {widget.font_size} px"
            if isinstance(widget, basics.OneLine):
                if widget.is_shortened and (text in ours or not isinstance(widget, basics.Foreign)):
                    yield f"{kind} {text!r}: cut"
            elif widget.texture_size[0] > widget.width + 1 or widget.texture_size[1] > widget.height + 1:
                yield f"{kind} {text!r}: {widget.texture_size} in {widget.size}"
            if broken := own_words & set(broken_words(widget)):
                yield f"{kind} {text!r}: {broken} broken in two"
        if isinstance(widget, Label) and text and not (disabled(widget) or heard(widget)):
            yield f"{kind} {text!r}: shown, and never read aloud"
        if isinstance(widget, basics.Styled):
            mains += widget.style == "main"
            yield from glass.too_small(widget, offered(stage))
        left, bottom = widget.to_window(*widget.pos)
        if left < -1 or bottom < -1 or left + widget.width > width + 1 or bottom + widget.height > height + 1:
            yield f"{kind} {text!r}: at {left, bottom}, {widget.size}, beyond the edge"
    if mains > 1:
        yield f"{mains} main actions"
    yield from overlaps(stage)
    yield from glass.too_near(offered(stage))


def offered(stage: Any) -> list[Any]:
    """What can be tapped."""
    from kiosk.widgets import basics

    return [one for one in visible(stage) if isinstance(one, basics.Styled) and not one.disabled]


def broken_words(widget: Any) -> list[str]:
    """Words of a label that go on in the next line: Kivy breaks those that are wider than it. In the form in which they
    are drawn."""
    label = widget._label
    lines = [word.text for line in label._cached_lines for word in line.words]
    whole = "" if widget.is_shortened else label._written.shaped
    return [word for word in whole.split() if word not in " ".join(lines).split()]


def overlaps(stage: Any) -> Iterator[str]:
    """Words or buttons that lie on each other, but for a button and what is in it, and the word said over a screen."""
    from kivy.uix.label import Label

    from kiosk.widgets import basics

    def collect(widget: Any, owner: Any) -> Iterator[tuple[Any, Any, tuple[float, float, float, float]]]:
        if widget.opacity == 0 or isinstance(widget, basics.Word):
            return
        tapped = isinstance(widget, basics.Styled)
        if (tapped or (isinstance(widget, Label) and widget.text)) and min(widget.size) > 0:
            left, bottom = widget.to_window(*widget.pos)
            width, height = widget.size
            if isinstance(widget, Label) and not tapped:
                # Where its letters are, not the room that it was given.
                height = min(height, widget.texture_size[1])
                bottom += (widget.height - height) / 2
            yield widget, owner, (left + 1, bottom + 1, left + width - 1, bottom + height - 1)
        for child in widget.children:
            yield from collect(child, widget if tapped else owner)

    found = list(collect(stage, None))
    for at, (one, owner, (left, bottom, right, top)) in enumerate(found):
        for other, others_owner, (its_left, its_bottom, its_right, its_top) in found[at + 1 :]:
            if owner is other or others_owner is one:
                continue
            if left < its_right and its_left < right and bottom < its_top and its_bottom < top:
                yield f"{_name_of(one)} lies on {_name_of(other)}"


def _name_of(widget: Any) -> str:
    return f"{type(widget).__name__} {getattr(widget, 'text', '') or getattr(widget, 'title', '')!r}"


def disabled(widget: Any) -> bool:
    return any(one.disabled for one in up(widget))


def heard(widget: Any) -> bool:
    return any(isinstance(one, outline.Heard) for one in up(widget))


def up(widget: Any) -> Iterator[Any]:
    """A widget and what it is in."""
    while widget is not None and widget.parent is not widget:
        yield widget
        widget = widget.parent


def visible(widget: Any) -> Iterator[Any]:
    if widget.opacity == 0:
        return
    yield widget
    for child in widget.children:
        yield from visible(child)


if __name__ == "__main__":
    sys.exit(main())
