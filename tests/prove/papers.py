"""The planter's papers: what is scanned, read, joined, taken from a key and copied to one, each with a mark.

The paper on the glass and the key are the visitor's, not the station's: they lie in a directory that the seeker passes
over, and are taken away with the visitor.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from session.papers import ReadStage
from tests import pages
from tests.pages.glass import Laying, lay
from tests.pages.sheets import A4, Pen
from tests.portal.pdf import attestation
from tests.prove import marks
from tests.prove.visitor import Lost
from tests.station.desk import Desk
from tests.station.paperwork import PaperSteps
from tests.station.screen import Screen
from tests.station.stick import make_stick, plug

ROUTES: dict[str, str] = {
    "words of a scan": "drawn in figures on a paper that was scanned, kept, named, joined and read by the machine",
    "key's document": "text of a PDF that was taken from a USB key",
    "key's name": "file name of that PDF on the key",
    "joined document": "text of another one, which was put behind the scan",
    "copied to a key": "text of a downloaded PDF that was copied onto the key",
}

DPI = 150
GLASS, KEYS = "glass", "keys"
"""Directories of what is outside of the station."""
_FACES = (("sans", 14), ("nimbus", 14), ("mono", 13))
"""In which the machine is to read the figures: one misread letter in one of them loses nothing."""


class Papers:
    """Steps of the visit: each leaves the portal in front, as it found it, but for the last."""

    def __init__(
        self, desk: Desk, screen: Screen, outside: Path, mark: Callable[[str], str], keep: Callable[[str], None]
    ) -> None:
        self._steps = PaperSteps(desk, screen, keep)
        self._desk, self._outside, self._mark = desk, outside, mark

    def handle(self) -> None:
        """Scans, keeps, names; takes from the key, joins, copies to the key."""
        steps = self._steps
        self._lay_paper()
        steps.open_documents()
        steps.scan()
        steps.make_document()
        steps.go_back()
        named, joined = self._mark("key's name") + ".pdf", "piece.pdf"
        image = make_stick(
            self._outside / KEYS,
            {
                named: attestation(self._mark("key's document")),
                joined: attestation(self._mark("joined document")),
            },
        )
        plug(image)
        steps.open_key()
        steps.take(named)
        steps.take(joined)
        steps.go_back()
        # The newest are first: what was joined, what was taken, the scan, the download.
        steps.join(steps.open_document(2), 0)
        steps.copy(steps.open_document(2))
        if self._mark("copied to a key").encode() not in image.read_bytes():
            raise Lost("the copy is not on the key")
        steps.leave_documents()

    def give(self) -> None:
        """To the site's field for files, which has the focus: the newest document."""
        self._steps.give_newest()

    def read(self) -> None:
        """The newest document by the machine; its words stay on the screen."""
        steps = self._steps
        steps.open_documents()
        reading = steps.read(steps.open_document())
        figures = marks.TEXT_FORMS["figures"](self._mark("words of a scan"))
        if reading.stage is not ReadStage.DONE or not any(figures in line.split() for line in reading.lines):
            raise Lost("the machine did not read what was on the paper")

    def _lay_paper(self) -> None:
        """On the glass. It lies a little askew, so that its pixels are all made anew."""
        pen = Pen(A4, DPI, "a paper with marks")
        figures = marks.TEXT_FORMS["figures"](self._mark("words of a scan"))
        pen.text(20, 20, "Service des eaux du Plateau", 14, "bold")
        for number, (face, points) in enumerate(_FACES):
            pen.text(20, 45 + 20 * number, figures, points, face)
        pen.paragraph(20, 120, 160, 11, "serif", 5)
        scan = lay(pen.sheet("letter"), Laying(angle=2.0), 1).scan
        pages.write_pnm(self._outside / GLASS / "page.ppm", scan)
