"""A small disk of its own for a station's state and log, so that every block of it can be searched."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.station.stick import plug, pull

SIZE = 48 << 20


@contextlib.contextmanager
def loop_disk(point: Path) -> Iterator[Path]:
    """An ext4 image mounted at `point` through a loop device; the image's path. Nothing of it is left afterwards.

    Blocks that are freed are neither discarded nor overwritten: what was deleted stays to be found. Raises
    CalledProcessError.
    """
    descriptor, name = tempfile.mkstemp(prefix="marchepied-disk-", suffix=".img", dir="/var/tmp")
    image = Path(name)
    try:
        os.ftruncate(descriptor, SIZE)
        os.close(descriptor)
        _run("mkfs.ext4", "-q", "-F", "-E", "nodiscard,lazy_itable_init=0", str(image))
        device = plug(image)
        try:
            _run("mount", "-o", "nodiscard,nosuid,nodev", device, str(point))
            try:
                yield image
            finally:
                _run("umount", str(point))
        finally:
            pull(device)
    finally:
        image.unlink(missing_ok=True)


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
