"""A USB stick that is no stick: a file behind a loop device, which a station's `[demonstration] keys` takes for a key.

Of FAT as a visitor's key where the kernel has its driver; else of ext4, which no station opens, so that the daemon has
to be told (`DAEMON`). Facts: losetup(8); what a loop device keeps from its last file, see `tests.session.keys.key`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.session.keys.key import MACHINERY, backing, detach, make, run

STAND_IN = MACHINERY == "ext4"
DAEMON: tuple[str, ...] = ("--ext4-keys",) if STAND_IN else ()
"""Of tests.station.tampered, for a station that is to open it."""
IMAGE = "stick.img"


def make_stick(keys: Path, content: Mapping[str | bytes, bytes]) -> Path:
    """One with these files on it, in the directory `keys`; not plugged in. Raises AssertionError, OSError."""
    # Made elsewhere: it is on a loop device for a moment, and is not to be taken for a key meanwhile.
    with tempfile.TemporaryDirectory(dir=keys.parent) as aside:
        return make(Path(aside, IMAGE), MACHINERY, content).rename(keys / IMAGE)


def plug(image: Path) -> str:
    """The device."""
    device = run("/usr/sbin/losetup", "--find", "--show", str(image))
    run("/usr/sbin/blockdev", "--setrw", device)  # a holder that was killed left it read-only to the file before
    return device


def pull(device: str) -> None:
    """Whoever had it before."""
    detach(device)


def pull_all(keys: Path) -> None:
    """Every key of that directory, whoever has plugged it in; the keys are gone then."""
    for found in Path("/sys/block").glob("loop*"):
        if backing(f"/dev/{found.name}").startswith(f"{keys}/"):
            pull(f"/dev/{found.name}")
    for image in keys.glob("*.img"):
        image.unlink()
