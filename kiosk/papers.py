"""What the screens of papers and of procedures ask of other processes: one name for each thing. No Kivy here.

`kiosk.paper_calls` makes them. A room that a station has not is in none of its snapshots: `kiosk.view` then shows none
of its screens.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from kiosk import plain
from kiosk.words import Words
from printing.model import PrintJob
from scanner.model import Correction
from session.papers import KeyStage, Label, Paper, Papers
from session.procedures.model import Procedures, Status

MOST_PIXELS = 4096
"""Of a picture's width, or height."""


class Picture(NamedTuple):
    """A page as it looks. Raw pixels: the process of the screens decodes no image that came from outside."""

    width: int
    height: int
    pixels: bytes
    """RGB, three bytes a pixel, from the top left."""

    @property
    def valid(self) -> bool:
        sized = 0 < self.width <= MOST_PIXELS and 0 < self.height <= MOST_PIXELS
        return sized and len(self.pixels) == 3 * self.width * self.height


def called(say: Words, document: Paper) -> str:
    """What a document is called: its label, or what it was called when it came."""
    if document.label is not None:
        return say(f"label.{document.label}")
    return plain.clean(document.name, 60) or say(f"origin.{document.origin}")


def offered(papers: Papers) -> bool:
    """Whether "my documents" leads somewhere while there are none: to the scanner, or to a key that is in."""
    key = papers.key is not None and papers.key.stage is not KeyStage.NONE
    return papers.documents is not None and (papers.scanner is not None or key)


class Rooms(NamedTuple):
    """Which of the rooms are there, and what is in them."""

    papers: Papers = Papers()
    procedures: Procedures | None = None


class Calls(Protocol):
    """Each returns at once; what comes of it is seen in the next snapshot, or said as a refusal."""

    def picture(self, of: str, version: int, page: int = 1) -> Picture | None:
        """Page number `page` (from 1) of a document, of a scanned page, of a file on the key or of a print job, by id.

        None while it is not at hand: it is fetched, and the screens are told when it has come.
        """

    # The scanner
    def look_for_scanner(self) -> None:
        """Its screen is opened: is there one, and where would a page come from?"""

    def scan(self) -> None:
        """One page, or all that is in the feeder."""

    def stop_scan(self) -> None: ...
    def scan_card(self, on: bool) -> None:
        """Whether both faces of a small card come on one page."""

    def retake(self, page: str) -> None:
        """Scans what is on the glass in place of that page."""

    def turn(self, page: str) -> None:
        """A quarter, clockwise."""

    def move(self, page: str, by: int) -> None:
        """Towards the end of the document; towards its beginning by a negative number."""

    def drop_page(self, page: str) -> None: ...
    def correct(self, page: str, correction: Correction, on: bool) -> None:
        """Puts a correction in force again, or undoes it."""

    def keep_scan(self) -> None:
        """Makes a document of the pages."""

    def stop_keep(self) -> None:
        """The pages stay what they are."""

    # My documents
    def name(self, document: str, label: Label) -> None: ...
    def drop(self, document: str) -> None: ...
    def fit(self, document: str) -> None:
        """Begins to make it fit: the limits that can be chosen come with the snapshot."""

    def fit_under(self, document: str, limit: int) -> None:
        """`limit` in bytes."""

    def keep_fit(self, document: str) -> None:
        """Puts what came of it in the document's place."""

    def leave_fit(self, document: str) -> None: ...
    def merge(self, documents: tuple[str, ...]) -> None:
        """Makes one document of these, in this order, in the place of the first."""

    def split(self, document: str, page: int) -> None:
        """What begins with that page (from 2) becomes a document of its own."""

    def read(self, document: str, page: int) -> None:
        """Finds the words of a page (from 1); those of another page are no longer looked for."""

    def leave_reading(self) -> None: ...
    def copy_to_key(self, documents: tuple[str, ...]) -> None:
        """Empty for all."""

    def take_from_key(self, file: str) -> None: ...
    def leave_key(self) -> None:
        """What was said of the last copy was read."""

    # The picker
    def send(self, picker: str, documents: tuple[str, ...]) -> None:
        """Gives the site these documents; none of them for "cancelled"."""

    # Printing
    def print_document(self, document: str) -> None:
        """Begins: nothing comes out before `print_now`."""

    def print_as(self, job: PrintJob) -> None:
        """What was chosen: copies, colour, sides, which page. The counts of `job` mean nothing."""

    def print_now(self, job: str) -> None: ...
    def leave_print(self, job: str) -> None:
        """Cancels it, or closes what is said of one that ended."""

    # Procedures
    def begin(self, procedure: str) -> None:
        """Opens its dossier."""

    def set_paper(self, paper: str, status: Status) -> None: ...
    def print_missing(self) -> None:
        """A sheet with what is missing and where it is got."""
