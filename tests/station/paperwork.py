"""Steps of a visit with papers, by real taps on a screen of 1280 by 800: the scanner, my documents, the picker."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PIL import Image

from scanner.model import ScannerState, ScanStage
from session.pages import DeskSnapshot
from session.papers import FIT_LIMITS, Fit, FitStage, KeyStage, KeyState, Label, Paper, Papers, Reading, ReadStage
from tests import pages
from tests.station.harness import RunningStation
from tests.station.screen import Screen
from tests.station.visitor import Visitor
from tests.station.waiting import StationError, wait_until

Point = tuple[int, int]
AGAIN = 2.5
"""Seconds until the next tap: what a tap asks of the scan worker may take long, and then a second one goes too far."""

TILES: tuple[Point, ...] = ((183, 400), (487, 400), (791, 400), (1095, 400))
"""Of the picker and of my documents."""
MARK = (128, 630, 18, 14)
"""How far left of a tile's middle, top, width, height of the mark of one that is chosen."""
TITLE = (50, 105, 900, 60)
"""Left, top, width, height of what a screen is called."""
MAIN: Point = (1000, 722)
BACK: Point = (150, 722)
DOCUMENTS: Point = (1280 - 737, 48)
"""The bar's button, while there is no button for the pages."""
BESIDE_PAGES = 96
TAX: Point = (700, 430)
READ: Point = (418, 722)
KEY: Point = (500, 722)
KEY_BESIDE_MORE: Point = (695, 722)
"""The same where there are more documents than tiles."""
UNDERSTOOD: Point = (640, 722)

_LEFT, _TOP, _BOTTOM, _GAP = (706, 1060), 247, 657, 14
_MIDDLE = 884


def choice(number: int, count: int, columns: int = 2) -> Point:
    """Where one of so many choices beside a picture is: line by line."""
    rows = -(-count // columns)
    high = (_BOTTOM - _TOP - _GAP * (rows - 1)) / rows
    across = _LEFT[number % columns] if columns == 2 else _MIDDLE
    return across, round(_TOP + (high + _GAP) * (number // columns) + high / 2)


def choices(paper: Paper, papers: Papers) -> list[str]:
    """What the screen of a document offers, as `kiosk.screens.document` has it."""
    joinable = [one for one in papers.documents or () if one.complete and one.pages]
    found = ["look"] if paper.picture else []
    found.append("name")
    if papers.workable and paper.size > FIT_LIMITS[0]:
        found.append("fit")
    if papers.workable and (paper.pages > 1 or len(joinable) > 1):
        found.append("arrange")
    if papers.key is not None and papers.key.stage in (KeyStage.READY, KeyStage.DONE):
        found.append("key")
    return [*found, "drop"]


def photographed(dpi: int = 300) -> bytes:
    """A form as a telephone takes it: a JPEG that weighs more than it tells."""
    picture = io.BytesIO()
    Image.fromarray(pages.form(3, dpi, noise=6.0).scan.pixels).save(picture, "JPEG", quality=95, dpi=(dpi, dpi))
    return picture.getvalue()


SCANNER = """
[scanner]
kind = "sane"
sane = "{directory}"
resolution = {dpi}
options = ["filename={directory}/page.ppm"]
"""


def glass(directory: Path, dpi: int = 150) -> str:
    """A scanner with a letter on it that lies askew: what the station's configuration says of it.

    SANE's own backend `pnm`; `directory` has to be readable for everybody.
    """
    directory.chmod(0o755)
    (directory / "dll.conf").write_text("pnm\n")
    pages.write_pnm(directory / "page.ppm", pages.letter(7, dpi, angle=4.0).scan)
    return SCANNER.format(directory=directory, dpi=dpi)


class Told(Protocol):
    """Who says what the desk tells the screens."""

    def desk(self) -> DeskSnapshot:
        """Raises StationError while nobody answers."""

    def papers(self) -> Papers:
        """The same."""


class PaperSteps:
    """`keep` is called with the name of each step once its screen is there."""

    def __init__(self, desk: Told, screen: Screen, keep: Callable[[str], None] = lambda _name: None) -> None:
        self.desk, self.screen, self.keep = desk, screen, keep

    def until(self, holds: Callable[[Papers], object], what: str, seconds: float = 15) -> Papers:
        """Waits for a snapshot of which it holds. Raises TimeoutError."""
        seen: list[Papers] = []

        def look() -> bool:
            with contextlib.suppress(StationError):
                seen[:] = [self.desk.papers()]
            return bool(seen) and bool(holds(seen[0]))

        wait_until(look, seconds, what)
        return seen[0]

    def tap_until(self, place: Point, holds: Callable[[], bool], what: str) -> None:
        """As `Visitor.tap_until`, at a point."""
        for _ in range(10):
            self.screen.tap(*place)
            with contextlib.suppress(TimeoutError):
                return wait_until(holds, AGAIN, what)
        raise TimeoutError(what)

    def leave_for(self, place: Point, what: str) -> None:
        """Taps until a screen with another title is there: pictures of pages come whenever they are made."""
        before = self._title()
        self.tap_until(place, lambda: self._title() != before, what)
        self.screen.settle(3)

    def _title(self) -> bytes:
        return self.screen.picture(*TITLE).tobytes()

    def pick(self, tile: int, what: str) -> None:
        """Taps a tile until it is marked as chosen: something is drawn in its lower left corner, else one colour."""
        across, _ = TILES[tile]

        def marked() -> bool:
            colours = self.screen.picture(across - MARK[0], MARK[1], *MARK[2:]).getcolors(MARK[2] * MARK[3])
            return colours is None or len(colours) > 1

        self.tap_until(TILES[tile], marked, what)
        self.screen.settle(3)

    def light(self) -> bool:
        """Whether a full screen of ours is shown: it is light where the bar is dark."""
        return sum(self.screen.picture(4, 4, 1, 1).getpixel((0, 0))[:3]) > 600  # type: ignore[index]

    @property
    def scanner(self) -> ScannerState:
        """Raises StationError where there is none."""
        state = self.desk.papers().scanner
        if state is None:
            raise StationError("no scanner")
        return state

    def labels(self) -> list[Label]:
        return [one.label for one in self.desk.papers().documents or () if one.label is not None]

    # -- steps -------------------------------------------------------------------------------------------------

    def open_documents(self) -> None:
        """From the bar."""
        across, down = DOCUMENTS
        place = (across - BESIDE_PAGES, down) if len(self.desk.desk().pages) > 1 else DOCUMENTS
        self.tap_until(place, self.light, "my documents")
        self.screen.settle(3)

    def scan(self) -> None:
        """From my documents: one page, as far as it is shown."""
        self.until(lambda now: now.scanner is not None and now.workable, "the scanner")
        self.leave_for(MAIN, "the scanner's screen")
        self.keep("numeriser")
        self.tap_until(MAIN, lambda: bool(self.scanner.pages), "a page")
        self.until(lambda _: self.scanner.stage is ScanStage.DONE, "the end of the scan")
        self.until(lambda _: all(page.picture for page in self.scanner.pages), "its picture")
        self.screen.settle(3)
        self.keep("la-page")

    def make_document(self) -> None:
        """Of the pages; it gets a name."""
        self.leave_for(MAIN, "the pages")
        self.keep("les-pages")
        before = len(self.desk.papers().documents or ())
        self.tap_until(MAIN, lambda: len(self.desk.papers().documents or ()) > before, "a document")
        self.until(lambda now: now.documents and now.documents[-1].picture, "its picture")
        self.screen.settle(3)
        self.keep("quel-papier")
        self.tap_until(TAX, lambda: Label.TAX in self.labels(), "a name")
        self.screen.settle(3)
        self.keep("le-document")

    def go_back(self) -> None:
        """From a document, or from the key: to my documents."""
        self.leave_for(BACK, "my documents")
        self.keep("mes-documents")

    def close_documents(self) -> None:
        """From one document."""
        self.go_back()
        self.leave_documents()

    def leave_documents(self) -> None:
        """From my documents: to the site."""
        self.tap_until(BACK, lambda: not self.light(), "the bar")

    def open_document(self, tile: int = 0) -> Paper:
        """From my documents: the newest one, or an older one by its tile."""
        self.leave_for(TILES[tile], "the document")
        return (self.desk.papers().documents or ())[-1 - tile]

    def choose(self, paper: Paper, what: str, holds: Callable[[], bool] | None = None) -> None:
        """On a document's screen: what can be done with it, by the names in `choices`."""
        offered = choices(paper, self.desk.papers())
        place = choice(offered.index(what), len(offered))
        if holds is None:
            self.leave_for(place, what)
        else:
            self.tap_until(place, holds, what)
        self.screen.settle(3)

    def read(self, paper: Paper) -> Reading:
        """From a document's screen: the words of its first page, which are on the screen then."""
        self.choose(paper, "look")
        self.keep("regarder")
        self.tap_until(READ, lambda: self.desk.papers().reading is not None, "a reading")
        self.until(lambda now: now.reading and now.reading.stage is not ReadStage.WORKING, "the words", 60)
        self.screen.settle(3)
        self.keep("texte")
        reading = self.desk.papers().reading
        assert reading is not None
        return reading

    def fit(self, paper: Paper, most: int) -> Fit:
        """From a document's screen: makes it fit under the largest limit offered that is not above `most` bytes; my
        documents are shown then, with what came of it.
        """
        self.choose(paper, "fit", lambda: self.desk.papers().fit is not None)
        asked = self.desk.papers().fit
        assert asked is not None
        self.keep("limites")
        number = max(number for number, limit in enumerate(asked.limits) if limit <= most)
        place = choice(number, len(asked.limits), columns=1)
        self.tap_until(place, lambda: self._fit_stage() is not FitStage.ASKING, "a limit")
        self.until(lambda now: now.fit and now.fit.stage is not FitStage.WORKING, "a lighter document", 90)
        self.screen.settle(3)
        self.keep("allege")
        fit = self.desk.papers().fit
        assert fit is not None
        self.tap_until(MAIN, lambda: self.desk.papers().fit is None, "the lighter one kept")
        self.until(lambda now: now.documents and now.documents[-1].picture, "its picture")
        self.screen.settle(3)
        return fit

    def _fit_stage(self) -> FitStage | None:
        fit = self.desk.papers().fit
        return fit.stage if fit is not None else None

    def join(self, paper: Paper, other: int) -> None:
        """From a document's screen: puts another one behind it, by its tile; my documents are shown then."""
        count = len(self.desk.papers().documents or ())
        self.choose(paper, "arrange")
        self.keep("reunir-ou-couper")
        self.leave_for(choice(0, 2 if paper.pages > 1 else 1, columns=1), "the documents to join")
        self.pick(other, "the other one")
        self.keep("reunir")
        self.tap_until(MAIN, lambda: len(self.desk.papers().documents or ()) < count, "one of both")
        self.until(lambda now: now.documents and all(one.picture for one in now.documents), "its picture", 30)
        self.screen.settle(3)
        self.keep("reunis")

    def give_newest(self) -> None:
        """Where a site's field for files has the focus: has it ask for one, gives it the newest, and sends the form."""
        for _ in range(5):
            self.screen.key("space")
            with contextlib.suppress(TimeoutError):
                self.until(lambda now: now.picker is not None, "the picker", 3)
                break
        self.screen.wait(lambda _picture: self.light(), what="the picker")
        self.screen.settle(3)
        self.keep("choisir")
        self.pick(0, "the document chosen")
        self.keep("choisi")
        self.tap_until(MAIN, lambda: self.desk.papers().picker is None, "the document sent")
        self.screen.wait(lambda _picture: not self.light(), what="the page")
        self.screen.settle(3)
        self.screen.key("Tab")
        self.screen.key("Return")

    # -- a key -------------------------------------------------------------------------------------------------

    @property
    def key(self) -> KeyState:
        """Raises StationError where there is none."""
        state = self.desk.papers().key
        if state is None:
            raise StationError("nobody looks for keys")
        return state

    def open_key(self) -> None:
        """From my documents, of a key that is in."""
        self.until(lambda now: now.key is not None and now.key.stage is KeyStage.READY, "the key", 30)
        several = len(self.desk.papers().documents or ()) > len(TILES)
        self.leave_for(KEY_BESIDE_MORE if several else KEY, "what is on the key")
        self.keep("la-cle")

    def take(self, name: str) -> None:
        """On the key's screen: its file of that name becomes a document."""
        count = len(self.desk.papers().documents or ())
        names = [one.name for one in self.key.files]
        if name not in names[: len(TILES)]:
            raise StationError("the file is not shown")
        place = TILES[names.index(name)]
        self.tap_until(place, lambda: len(self.desk.papers().documents or ()) > count, "a document from the key")
        self.until(lambda now: now.documents and now.documents[-1].picture, "its picture", 30)
        self.until(lambda now: now.key and now.key.stage is KeyStage.READY, "the key again", 30)
        self.screen.settle(3)
        self.keep("pris")

    def copy(self, paper: Paper) -> None:
        """From a document's screen: onto the key, as far as it can be pulled; my documents are shown then."""
        self.choose(paper, "key", lambda: self.key.stage is not KeyStage.READY)
        self.until(lambda now: now.key and now.key.stage is not KeyStage.COPYING, "the copy", 60)
        self.screen.settle(3)
        self.keep("copie")
        if self.key.stage is not KeyStage.DONE:
            raise StationError(f"not copied: {self.key.stage}, {self.key.problem}")
        self.tap_until(UNDERSTOOD, lambda: self.key.stage is not KeyStage.DONE, "read")
        self.until(lambda now: now.key and now.key.stage is KeyStage.READY, "the key again", 30)
        self.screen.settle(3)


class Paperwork(PaperSteps):
    """On a whole station, its sites included."""

    def __init__(
        self, station: RunningStation, visitor: Visitor, keep: Callable[[str], None] = lambda _name: None
    ) -> None:
        super().__init__(station, visitor.screen, keep)
        self.visitor = visitor

    def send_newest(self) -> None:
        """On the portal's page for papers: has it ask for a file, and gives it the newest document."""
        self.visitor.wait_page("Envoyer une pièce")
        self.give_newest()
        self.visitor.wait_title("Pièce reçue")
