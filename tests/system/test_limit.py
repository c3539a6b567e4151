"""A site that takes no file above a limit, by real input on a whole station: the picker says it, and makes one fit.

MARCHEPIED_PICTURES names a directory that keeps a picture of each step, for people to look at.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scanner.model import ScanProblem
from session.model import State
from session.papers import FitStage, Unfit
from tests import pages
from tests.portal import Portal
from tests.portal.files import LIMIT
from tests.station.harness import RunningStation
from tests.station.paperwork import BACK, MAIN, TILES, Paperwork, glass
from tests.station.visitor import Visitor
from tests.system.test_pages import follow, light, picture
from tests.system.test_papers import lay, papers_until, tap_until

FIRST_UID = 61_080


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal() as one:
        yield one


@pytest.fixture(scope="module")
def sane() -> Iterator[Path]:
    """What tells SANE which scanners there are."""
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


@pytest.fixture(scope="module")
def station(portal: Portal, sane: Path) -> Iterator[RunningStation]:
    more = f"upload_limit = {LIMIT}\n{glass(sane)}"
    with RunningStation(
        name="limit", first_uid=FIRST_UID, port=portal.port, tls_port=portal.tls_port, more=more
    ) as one:
        yield one


def heavy() -> bytes:
    """A photo of a form, above the limit: paper has grain."""
    pixels = pages.form(3, 300).scan.pixels.astype(np.int16)
    grain = np.random.default_rng(7).normal(0, 6, pixels.shape[:2]).astype(np.int16)
    grained = np.clip(pixels + (grain[..., None] if pixels.ndim == 3 else grain), 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(grained).save(out, "PDF", resolution=300, quality=95)
    return out.getvalue()


def test_what_is_too_large_for_the_site_is_made_to_fit_in_one_tap(
    station: RunningStation, portal: Portal, sane: Path
) -> None:
    """And a scanner that is not there is told of before anybody lays a paper down."""
    content = heavy()
    assert len(content) > LIMIT
    station.wait_state(State.READY, 40)
    with station.screen() as screen:
        visitor = Visitor(station, screen)
        visitor.begin()
        visitor.open_first_site()
        papers_until(station, lambda now: now.scanner is not None and now.workable, "the scanner")
        lay(station, dossier_pdf=content)
        papers_until(station, lambda now: now.documents and now.documents[0].picture, "its picture")
        follow(visitor, 2)
        visitor.wait_page("Envoyer une pièce")
        for _ in range(5):
            screen.key("space")
            with contextlib.suppress(TimeoutError):
                papers_until(station, lambda now: now.picker is not None, "the picker", 3)
                break
        picker = station.papers().picker
        assert picker is not None
        assert (picker.limit, [one.unfit for one in picker.choices]) == (LIMIT, [Unfit.SIZE])
        screen.wait(lambda _picture: light(visitor), what="the picker")
        screen.settle(3)
        picture(visitor, "trop-lourd")
        (sane / "dll.conf").write_text("")
        tap_until(visitor, MAIN, lambda: _problem(station) is ScanProblem.NOT_FOUND, "no scanner")
        screen.settle(3)
        picture(visitor, "pas-de-scanner")
        work = Paperwork(station, visitor, lambda name: picture(visitor, name))
        work.leave_for(BACK, "the picker again")
        tap_until(visitor, TILES[0], lambda: station.papers().fit is not None, "making it fit")
        seen = papers_until(station, lambda now: now.fit and now.fit.stage is not FitStage.WORKING, "a lighter one", 60)
        assert seen.fit is not None
        assert (seen.fit.stage, seen.fit.limit) == (FitStage.DONE, LIMIT)
        screen.settle(3)
        picture(visitor, "tient")
        tap_until(visitor, MAIN, lambda: station.papers().fit is None, "the lighter one kept")
        papers_until(station, lambda now: now.picker and now.picker.choices[0].unfit is None, "it fits")
        screen.settle(3)
        work.pick(0, "the document chosen")
        tap_until(visitor, MAIN, lambda: station.papers().picker is None, "the document sent")
        screen.wait(lambda _picture: not light(visitor), what="the page")
        screen.settle(3)
        screen.key("Tab")
        screen.key("Return")
        visitor.wait_title("Pièce reçue")
    (upload,) = portal.journal.uploads
    assert upload.accepted
    assert upload.size <= LIMIT < len(content)
    station.call("End")


def _problem(station: RunningStation) -> ScanProblem | None:
    scanner = station.papers().scanner
    return scanner.problem if scanner is not None else None
