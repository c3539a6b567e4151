"""What the screens of papers have in common: a title, a lead, a body, a foot; and that they show each state anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from kivy.core.window import Window
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.gridlayout import GridLayout
from kivy.uix.widget import Widget

from kiosk import plain, theme
from kiosk.inert import INERT_SECONDS
from kiosk.papers import Calls, Picture, called
from kiosk.screens.sheet import FullSheet, Host, basics, load_rules
from kiosk.view import Side
from kiosk.widgets import look, paper
from session.papers import Paper, Papers

_T = TypeVar("_T")

CAPTION = 24
"""Characters of a name under a picture: two lines."""
SHARE = 0.4
"""Of the body's width, for the picture of a scene; half of its height where that is what there is."""


class PaperSheet(FullSheet):
    """Built from the snapshots: `shown` says what of them is on the screen, `fill` draws it, `live` follows what moves.

    A state that comes under a finger takes no tap for a moment, as a new screen does.
    """

    def __init__(self, host: Host) -> None:
        self._shown: object = None
        self._filled_at = 0.0
        self._part = 0
        self._progress: paper.Progress | None = None
        self._pictures: list[tuple[paper.PagePicture, str, int, int]] = []
        super().__init__(host)

    # What each screen says

    def shown(self) -> object:
        """What is on the screen; it is drawn anew when this changes."""
        raise NotImplementedError

    def fill(self) -> None:
        """Draws it, with the helpers below, on an empty screen."""
        raise NotImplementedError

    def live(self) -> None:
        """Follows what changes all the time: progress."""

    def now(self) -> object:
        """The screen's `moment`, where it goes through several."""
        return None

    # What they have

    @property
    def papers(self) -> Papers:
        return self.host.rooms.papers

    @property
    def calls(self) -> Calls:
        """Raises RuntimeError where nobody makes them: such a station shows none of these screens."""
        if self.host.papers is None:
            raise RuntimeError("a screen of papers without its room")
        return self.host.papers

    @property
    def upright(self) -> bool:
        return bool(Window.height > Window.width)

    def refresh(self) -> None:
        super().refresh()
        self.moment = self.now()
        wanted = (self.shown(), self._part, self._called)
        if wanted != self._shown:
            self._shown, self._filled_at = wanted, time.monotonic()
            self._pictures, self._progress = [], None
            self.ids.body.orientation = "horizontal"
            self.ids.body.clear_widgets()
            self.ids.foot.clear_widgets()
            self.ids.lead.text = ""
            self.fill()
        for widget, of, version, page in self._pictures:
            if not widget.shows:
                widget.show(self._picture(of, version, page))
        self.live()

    def on_touch_down(self, touch: object) -> bool:
        if time.monotonic() - self._filled_at < INERT_SECONDS:
            return True
        return bool(super().on_touch_down(touch))

    def _picture(self, of: str, version: int, page: int) -> Picture | None:
        return self.calls.picture(of, version, page) if version else None

    def picture_of(self, widget: paper.PagePicture, of: str, version: int, page: int = 1) -> None:
        """The widget shows that page as soon as its picture is at hand."""
        self._pictures.append((widget, of, version, page))

    def titled(self, text: str) -> None:
        """With a name that may have come from outside."""
        self.ids.title.font_name = theme.font_for(text)
        self.ids.title.text = text

    def go(self, side: Side | None, chosen: str = "") -> Callable[[], None]:
        return lambda: self.host.turn_to(side, chosen)

    def to_scanner(self) -> None:
        """Whether there is a scanner at all is found out before a paper is laid down."""
        self.calls.look_for_scanner()
        self.host.turn_to(Side.SCANNER)

    # The foot

    def back(self, does: Callable[[], None], text: str = "") -> basics.Action:
        button = self.button(text or self.say("common.back"), does)
        button.leads_back = True
        button.size_hint_x, button.width = None, look.h(210)
        return button

    def button(self, text: str, does: Callable[[], None], style: str = "plain") -> basics.Action:
        """One more at the foot; the main action is wider."""
        button = basics.Action(text=text, style=style, height=look.h(92), font_size=look.h(26))
        button.size_hint_x = 1.5 if style == "main" else 1
        button.bind(on_release=lambda _button: does())
        self.ids.foot.add_widget(button)
        return button

    def main(self, text: str, does: Callable[[], None]) -> basics.Action:
        return self.button(text, does, "main")

    def agent(self, style: str = "plain") -> None:
        """Calls the agent; says so once that is done, and then leads to where it is taken back."""
        if self._called:
            self.button(self.say("common.called"), self.go(Side.HELP), "finish")
        else:
            self.button(self.say("help.call"), self.host.agent.call, style)

    @property
    def _called(self) -> bool:
        return self.host.snapshot is not None and self.host.snapshot.agent.called_at is not None

    def space(self) -> None:
        self.ids.foot.add_widget(Widget())

    # The body

    def scene(self, picture: Widget) -> BoxLayout:
        """A picture, and beside or below it a column, which is returned."""
        body = self.ids.body
        body.orientation = "vertical" if self.upright else "horizontal"
        column = BoxLayout(orientation="vertical", spacing=look.s(14))
        if not self.upright:
            share = SHARE * look.u(100) / look.t(100)  # larger words need the room more than the picture
            picture.size_hint_x = share / (1 - share)
        body.add_widget(picture)
        body.add_widget(column)
        return column

    def pictogram(self, name: str) -> Widget:
        return paper.Pictogram(name=name, color=look.now.accent, size_hint_y=0.8, pos_hint={"center_y": 0.5})

    def told(self, into: Widget, *texts: str) -> None:
        """Sentences in the middle of their part of a column."""
        into.add_widget(paper.Told(text="\n\n".join(texts)))

    def working(self) -> None:
        """Work goes on, and nobody knows how long."""
        self.ids.body.add_widget(basics.Working(size_hint=(1, None), height=look.u(60), pos_hint={"center_y": 0.5}))

    def progress(self, icon: str) -> None:
        """Work goes on, and `come_to` says how far it is."""
        self.ids.body.orientation = "vertical"
        self.ids.body.add_widget(self.pictogram(icon))
        self._progress = paper.Progress(size_hint_y=None, height=look.u(44))
        self.ids.body.add_widget(self._progress)

    def come_to(self, percent: int) -> None:
        if self._progress is not None:
            self._progress.percent = percent
            self._progress.words = self.say("format.percent", n=percent)

    def page(self, of: str, version: int, page: int = 1, icon: str = "document") -> paper.PagePicture:
        widget = paper.PagePicture(icon=icon)
        self.picture_of(widget, of, version, page)
        return widget

    def choices(self, into: BoxLayout, columns: int = 1) -> GridLayout:
        """A grid for choices in a column of a scene."""
        grid = GridLayout(cols=columns, spacing=look.u(14))
        into.add_widget(grid)
        return grid

    def choice(
        self,
        into: Widget,
        icon: str,
        text: str,
        does: Callable[[], None],
        *,
        style: str = "plain",
        note: str = "",
        large: bool = False,
    ) -> paper.Choice:
        """`large`: the pictogram, where it is what one looks for."""
        side = look.h(68) if large else look.t(44)
        button = paper.Choice(icon=icon, text=text, note=note, style=style, side=side, words=f"{text} {note}".strip())
        button.bind(on_release=lambda _button: does())
        into.add_widget(button)
        return button

    def grid(self, columns: int, rows: int) -> GridLayout:
        """All of the body, in cells of one size."""
        grid = GridLayout(cols=columns, rows=rows, spacing=look.u(14))
        self.ids.body.add_widget(grid)
        return grid

    def filled(self, grid: GridLayout) -> None:
        """One thing is as large as one of many."""
        while len(grid.children) < grid.cols * grid.rows:
            grid.add_widget(Widget())

    def tile(
        self,
        into: Widget,
        title: str,
        note: str,
        of: tuple[str, int],
        does: Callable[[], None],
        *,
        page: int = 1,
        **values: str,
    ) -> paper.Tile:
        """`of`: the id and the version of its picture."""
        words = f"{title}, {note}" if note else title
        tile = paper.Tile(title=plain.clean(title, CAPTION), note=note, words=words, **values)
        self.picture_of(tile.ids.picture, *of, page)
        tile.bind(on_release=lambda _tile: does())
        into.add_widget(tile)
        return tile

    # Lists

    def part(self, items: Sequence[_T], per_part: int) -> Sequence[_T]:
        """The part of a list that is shown; the foot gets the way to the next, if there is one."""
        part = plain.part(items, per_part, self._part)
        if part.parts > 1:
            word, bracket, count = self.say("common.more", number=part.number, count=part.parts).partition("(")
            self.button(word + bracket + count.replace(" ", "\N{NO-BREAK SPACE}"), self._turn)
        return items[part.first : part.last]

    def _turn(self) -> None:
        self._part += 1
        self.refresh()

    # Documents

    def document(self, id_: str) -> Paper | None:
        return next((one for one in self.papers.documents or () if one.id == id_), None)

    def named(self, document: Paper) -> str:
        return called(self.say, document)

    def limit(self, octets: int) -> str:
        """A limit for people: whole megabytes without a decimal."""
        if octets >= 1_000_000 and octets % 1_000_000 == 0:
            return self.say("format.megabytes", n=octets // 1_000_000)
        return self.say.size(octets)

    def measured(self, document: Paper) -> str:
        """Its pages and its size."""
        if not document.complete:
            return self.say("documents.partial")
        size = self.say.size(document.size)
        return f"{self.say.count('shelf.pages', document.pages)}, {size}" if document.pages else size


def joinable(papers: Papers) -> tuple[Paper, ...]:
    """The documents that can become one: whole ones, of pages."""
    return tuple(one for one in papers.documents or () if one.complete and one.pages)


__all__ = ["PaperSheet", "basics", "joinable", "load_rules", "look", "paper"]
load_rules(__file__)
