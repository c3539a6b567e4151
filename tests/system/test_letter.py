"""A letter from the glass to the site, by real input on a whole station: scanned by SANE, made right, named, read, made
to fit, and sent by the picker.

MARCHEPIED_PICTURES names a directory that keeps a picture of each step, for people to look at.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from scanner.model import Correction
from session.papers import FitStage, Origin, ReadStage
from tests import pages
from tests.portal import Portal
from tests.station.fixtures import at_site
from tests.station.harness import RunningStation
from tests.station.paperwork import BACK, DOCUMENTS, MAIN, TILES, Paperwork, glass
from tests.station.visitor import Visitor
from tests.system.test_pages import follow, light, picture
from tests.system.test_papers import lay, leave_for, papers_until, tap_until

FIRST_UID = 61_060
LOOK, READ, FIT, LEAST = (700, 348), (418, 722), (700, 555), (880, 300)
"""In pixels of a screen of 1280 by 800."""


@pytest.fixture(scope="module")
def station(portal: Portal) -> Iterator[RunningStation]:
    with (
        tempfile.TemporaryDirectory() as directory,
        RunningStation(
            name="letter",
            first_uid=FIRST_UID,
            port=portal.port,
            tls_port=portal.tls_port,
            more=glass(Path(directory)),
        ) as one,
    ):
        yield one


@pytest.fixture
def visitor(station: RunningStation, portal: Portal) -> Iterator[Visitor]:
    """On the portal's first page, with a scanner that waits."""
    portal.reset()
    with at_site(station) as one:
        papers_until(station, lambda now: now.scanner is not None and now.workable, "the scanner")
        yield one


def test_a_letter_goes_from_the_glass_to_the_site(station: RunningStation, portal: Portal, visitor: Visitor) -> None:
    work = Paperwork(station, visitor, lambda name: picture(visitor, name))
    work.open_documents()
    work.scan()
    (page,) = work.scanner.pages
    assert not page.blank
    assert Correction.STRAIGHTENED in {one.correction for one in page.corrections if one.in_force}
    work.make_document()
    (paper,) = station.papers().documents or ()
    assert (paper.origin, paper.pages, paper.used, paper.name) == (Origin.SCAN, 1, False, "")
    assert work.scanner.pages == ()
    _read(station, visitor)
    leave_for(visitor, BACK, "the document")
    work.close_documents()
    follow(visitor, 2)
    work.send_newest()
    (upload,) = portal.journal.uploads
    assert (upload.name, upload.size) == ("Avis d'imposition.pdf", paper.size)
    assert [one.used for one in station.papers().documents or ()] == [True]
    with pikepdf.open(io.BytesIO(upload.data)) as pdf:
        assert len(pdf.pages) == 1
        assert "/Author" not in pdf.docinfo


def _read(station: RunningStation, visitor: Visitor) -> None:
    leave_for(visitor, LOOK, "the page")
    picture(visitor, "regarder")
    tap_until(visitor, READ, lambda: station.papers().reading is not None, "a reading")
    seen = papers_until(station, lambda now: now.reading and now.reading.stage is not ReadStage.WORKING, "words", 40)
    assert seen.reading is not None
    assert seen.reading.stage is ReadStage.DONE
    words = " ".join(seen.reading.lines).split()
    assert {"Service", "des", "eaux"} <= set(words)
    visitor.screen.settle(3)
    picture(visitor, "texte")
    tap_until(visitor, BACK, lambda: station.papers().reading is None, "the end of the reading")
    visitor.screen.settle(3)


def test_a_heavy_document_is_made_to_fit_and_keeps_its_name(station: RunningStation, visitor: Visitor) -> None:
    heavy = io.BytesIO()
    Image.fromarray(pages.form(3, 300).scan.pixels).save(heavy, "PDF", resolution=300, quality=95)
    lay(station, dossier_pdf=heavy.getvalue())
    papers_until(station, lambda now: now.documents and now.documents[0].picture, "its picture")
    tap_until(visitor, DOCUMENTS, lambda: light(visitor), "my documents")
    visitor.screen.settle(3)
    leave_for(visitor, TILES[0], "the document")
    picture(visitor, "lourd")
    tap_until(visitor, FIT, lambda: station.papers().fit is not None, "the limits")
    visitor.screen.settle(3)
    picture(visitor, "limites")
    tap_until(visitor, LEAST, lambda: _stage(station) is not FitStage.ASKING, "a limit")
    seen = papers_until(station, lambda now: now.fit and now.fit.stage is not FitStage.WORKING, "a lighter one", 60)
    assert seen.fit is not None
    assert seen.fit.stage is FitStage.DONE
    visitor.screen.settle(3)
    picture(visitor, "allege")
    assert seen.fit.size <= seen.fit.limit < len(heavy.getvalue())
    tap_until(visitor, MAIN, lambda: station.papers().fit is None, "the lighter one kept")
    (paper,) = papers_until(station, lambda now: now.documents and now.documents[0].picture, "it").documents or ()
    assert (paper.size, paper.name, paper.pages) == (seen.fit.size, "dossier.pdf", 1)
    visitor.screen.settle(3)
    picture(visitor, "garde")


def _stage(station: RunningStation) -> FitStage | None:
    fit = station.papers().fit
    return fit.stage if fit is not None else None
