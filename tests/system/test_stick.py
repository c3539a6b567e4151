"""One errand by real input on a whole station: a letter is scanned, a photo taken from a key is put behind it, both are
made to fit, sent to the site and copied to the key. The key is a loop device, of ext4 where the kernel has no FAT.

MARCHEPIED_PICTURES names a directory that keeps a picture of each step, for people to look at.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from session.model import State
from session.papers import FitStage, KeyStage, Origin
from tests.portal import Portal
from tests.session.keys.key import mounts_of
from tests.station.harness import RunningStation
from tests.station.paperwork import Paperwork, glass, photographed
from tests.station.stick import DAEMON, make_stick, plug, pull
from tests.station.visitor import Visitor
from tests.system.test_pages import follow, picture

FIRST_UID = 61_080
BROUGHT = photographed(150)


@pytest.fixture(scope="module")
def keys() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "keys")
        path.mkdir()
        yield path


@pytest.fixture(scope="module")
def station(portal: Portal, keys: Path) -> Iterator[RunningStation]:
    with RunningStation(
        name="stick",
        first_uid=FIRST_UID,
        port=portal.port,
        tls_port=portal.tls_port,
        keys=keys,
        tampered=DAEMON,
        more=glass(keys.parent),
    ) as one:
        yield one


def test_a_letter_goes_from_the_glass_to_the_site_and_to_a_key(
    station: RunningStation, portal: Portal, keys: Path
) -> None:
    generation = station.wait_state(State.READY, 40).generation
    with station.screen() as screen:
        visitor = Visitor(station, screen)
        visitor.begin()
        visitor.open_first_site()
        work = Paperwork(station, visitor, lambda name: picture(visitor, name))
        work.open_documents()
        work.scan()
        work.make_document()
        work.go_back()
        image = make_stick(keys, {"photo.jpg": BROUGHT})
        device = plug(image)
        try:
            work.open_key()
            work.take("photo.jpg")
            taken, letter = (station.papers().documents or ())[::-1]
            assert (taken.origin, taken.name, taken.size) == (Origin.KEY, "photo.jpg", len(BROUGHT))
            work.go_back()
            work.join(work.open_document(1), 0)
            joined = work.open_document()
            assert (joined.pages, joined.label) == (2, letter.label)
            fit = work.fit(joined, 500_000)
            assert (fit.stage, fit.limit) == (FitStage.DONE, 500_000)
            assert fit.size <= fit.limit < joined.size
            work.leave_documents()
            follow(visitor, 2)
            work.send_newest()
            (upload,) = portal.journal.uploads
            assert upload.size == fit.size
            work.open_documents()
            work.copy(work.open_document())
            assert [one.name for one in work.key.files if one.size == fit.size] == ["Avis d'imposition.pdf"]
            assert upload.data[-200:] in image.read_bytes()
            # It is left in: the end releases it.
            station.call("End")
            after = station.wait_state(State.READY, 40, after=generation)
            assert after.last_wipe is not None
            assert after.last_wipe.verified
            assert mounts_of(device) == []
        finally:
            pull(device)
            image.unlink()
    station.wait(lambda one: one.state is State.READY)
    assert station.papers().key is None or station.papers().key.stage is KeyStage.NONE  # type: ignore[union-attr]
