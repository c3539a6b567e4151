"""Pictures of pages for the screens: asked for at the desk, read from files of raw pixels. Nothing is decoded here.

The desk answers with a file's name and its size in pixels; the file is in a directory that this process can only read,
written by a process that sees what came from outside. So nothing of the answer is believed that the file does not show.
"""

from __future__ import annotations

import asyncio
import logging
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from kiosk import client
from kiosk.papers import MOST_PIXELS, Picture

logger = logging.getLogger(__name__)

MOST_BYTES = 48 << 20
"""Of all that are kept at hand; those that were shown longest ago go first."""
AGAIN = 2.0
"""Seconds until what could not be had is asked for again."""

Key = tuple[str, int, int]
"""Id of what it shows, version, page."""


class PictureFile(msgspec.Struct, frozen=True):
    """What the desk answers: a name in the directory of pictures, width and height in pixels."""

    name: str
    width: int
    height: int


class Pictures:
    """`size` is the largest that is wanted, in pixels; `come` is called when one has come.

    The directory is $MARCHEPIED_PICTURES.
    """

    def __init__(self, desk: Path, size: tuple[int, int], come: Callable[[], None]) -> None:
        self._directory = Path(os.environ.get("MARCHEPIED_PICTURES", "/run/pictures"))
        self._desk, self._size, self._come = desk, size, come
        self.tasks: asyncio.TaskGroup | None = None
        """Holds what is being fetched. Nothing is before it is set."""
        self._there: dict[Key, Picture] = {}
        self._asked: set[Key] = set()
        self._vain: dict[Key, float] = {}
        """When it could not be had, by time.monotonic()."""

    def get(self, of: str, version: int, page: int) -> Picture | None:
        """None while it is not at hand: then it is fetched."""
        key = (of, version, page)
        picture = self._there.pop(key, None)
        if picture is not None:
            self._there[key] = picture  # the newest use is the last
            return picture
        if self.tasks is not None and key not in self._asked and time.monotonic() > self._vain.get(key, 0.0):
            self._asked.add(key)
            self.tasks.create_task(self._fetch(key))
        return None

    async def _fetch(self, key: Key) -> None:
        of, version, page = key
        wide, high = self._size
        wanted = {"of": of, "version": version, "page": page, "width": wide, "height": high}
        try:
            call = client.Call(self._desk, client.DESK, "Picture", **wanted)
            try:
                file = await call.answer(PictureFile)
            finally:
                call.close()
            picture = await asyncio.to_thread(read, self._directory, file)
        except (client.CallError, OSError) as error:
            logger.info("a picture: %s", getattr(error, "code", type(error).__name__))
            self._vain[key] = time.monotonic() + AGAIN
            return
        finally:
            self._asked.discard(key)
        self._vain.pop(key, None)
        self._keep(key, picture)
        self._come()

    def _keep(self, key: Key, picture: Picture) -> None:
        for old in [one for one in self._there if one[0] == key[0] and one[2] == key[2] and one[1] < key[1]]:
            del self._there[old]
        self._there[key] = picture
        while len(self._there) > 1 and sum(len(one.pixels) for one in self._there.values()) > MOST_BYTES:
            del self._there[next(iter(self._there))]


def read(directory: Path, untrusted_file: PictureFile) -> Picture:
    """The picture in a file of raw pixels. Raises FileNotFoundError: what is not as the answer says is not there."""
    name, wide, high = untrusted_file.name, untrusted_file.width, untrusted_file.height
    if "/" in name or "\0" in name or not (0 < wide <= MOST_PIXELS and 0 < high <= MOST_PIXELS):
        raise FileNotFoundError
    try:
        descriptor = os.open(directory / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size != 3 * wide * high:
                raise FileNotFoundError
            picture = Picture(wide, high, os.read(descriptor, 3 * wide * high))
        finally:
            os.close(descriptor)
    except OSError:
        raise FileNotFoundError from None
    if not picture.valid:
        raise FileNotFoundError
    return picture
