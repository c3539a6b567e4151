"""Steps of a visit with papers, by real taps on a screen of 1280 by 800: the scanner, my documents, the picker."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from scanner.model import ScannerState, ScanStage
from session.papers import Label, Papers
from tests import pages
from tests.station.harness import RunningStation, StationError, wait_until
from tests.station.visitor import AGAIN_SECONDS, Visitor

Point = tuple[int, int]

TILES: tuple[Point, ...] = ((183, 400), (487, 400), (791, 400), (1095, 400))
"""Of the picker and of my documents."""
MAIN: Point = (1000, 722)
BACK: Point = (150, 722)
DOCUMENTS: Point = (1280 - 737, 48)
"""The bar's button, while there is no button for the pages."""
TAX: Point = (700, 430)

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


class Paperwork:
    """`keep` is called with the name of each step once its screen is there."""

    def __init__(
        self, station: RunningStation, visitor: Visitor, keep: Callable[[str], None] = lambda _name: None
    ) -> None:
        self.station, self.visitor, self.keep = station, visitor, keep

    def until(self, holds: Callable[[Papers], object], what: str, seconds: float = 15) -> Papers:
        """Waits for a snapshot of which it holds. Raises TimeoutError."""
        seen: list[Papers] = []

        def look() -> bool:
            with contextlib.suppress(StationError):
                seen[:] = [self.station.papers()]
            return bool(seen) and bool(holds(seen[0]))

        wait_until(look, seconds, what)
        return seen[0]

    def tap_until(self, place: Point, holds: Callable[[], bool], what: str) -> None:
        """As `Visitor.tap_until`, at a point."""
        for _ in range(10):
            self.visitor.screen.tap(*place)
            with contextlib.suppress(TimeoutError):
                return wait_until(holds, AGAIN_SECONDS, what)
        raise TimeoutError(what)

    def leave_for(self, place: Point, what: str) -> None:
        """Taps until another screen is there."""
        screen = self.visitor.screen
        before = screen.settle(2).tobytes()
        self.tap_until(place, lambda: screen.picture().tobytes() != before, what)
        screen.settle(3)

    def light(self) -> bool:
        """Whether a full screen of ours is shown: it is light where the bar is dark."""
        return sum(self.visitor.screen.picture(4, 4, 1, 1).getpixel((0, 0))[:3]) > 600  # type: ignore[index]

    @property
    def scanner(self) -> ScannerState:
        """Raises StationError where there is none."""
        state = self.station.papers().scanner
        if state is None:
            raise StationError("no scanner")
        return state

    def labels(self) -> list[Label]:
        return [one.label for one in self.station.papers().documents or () if one.label is not None]

    # -- steps -------------------------------------------------------------------------------------------------

    def open_documents(self) -> None:
        """From the bar."""
        self.tap_until(DOCUMENTS, self.light, "my documents")
        self.visitor.screen.settle(3)

    def scan(self) -> None:
        """From my documents: one page, as far as it is shown."""
        self.until(lambda now: now.scanner is not None and now.workable, "the scanner")
        self.leave_for(MAIN, "the scanner's screen")
        self.keep("numeriser")
        self.tap_until(MAIN, lambda: bool(self.scanner.pages), "a page")
        self.until(lambda _: self.scanner.stage is ScanStage.DONE, "the end of the scan")
        self.until(lambda _: all(page.picture for page in self.scanner.pages), "its picture")
        self.visitor.screen.settle(3)
        self.keep("la-page")

    def make_document(self) -> None:
        """Of the pages; it gets a name."""
        self.leave_for(MAIN, "the pages")
        self.keep("les-pages")
        before = len(self.station.papers().documents or ())
        self.tap_until(MAIN, lambda: len(self.station.papers().documents or ()) > before, "a document")
        self.until(lambda now: now.documents and now.documents[-1].picture, "its picture")
        self.visitor.screen.settle(3)
        self.keep("quel-papier")
        self.tap_until(TAX, lambda: Label.TAX in self.labels(), "a name")
        self.visitor.screen.settle(3)
        self.keep("le-document")

    def close_documents(self) -> None:
        """From one document."""
        self.leave_for(BACK, "my documents")
        self.keep("mes-documents")
        self.tap_until(BACK, lambda: not self.light(), "the bar")

    def send_newest(self) -> None:
        """On the portal's page for papers: has it ask for a file, and gives it the newest document."""
        self.visitor.wait_page("Envoyer une pièce")
        for _ in range(5):
            self.visitor.screen.key("space")
            with contextlib.suppress(TimeoutError):
                self.until(lambda now: now.picker is not None, "the picker", 3)
                break
        self.visitor.screen.wait(lambda _picture: self.light(), what="the picker")
        self.visitor.screen.settle(3)
        self.keep("choisir")
        self.leave_for(TILES[0], "the document chosen")
        self.keep("choisi")
        self.tap_until(MAIN, lambda: self.station.papers().picker is None, "the document sent")
        self.visitor.screen.wait(lambda _picture: not self.light(), what="the page")
        self.visitor.screen.settle(3)
        self.visitor.screen.key("Tab")
        self.visitor.screen.key("Return")
        self.visitor.wait_title("Pièce reçue")
