"""How often a PIN may be tried: after three wrong ones a pause, longer each time, over restarts of the daemon and the
machine. Nothing is kept but a count and the end of the pause.

A try is written down as a wrong one before it is compared: whoever stops the station in the middle has used it up.
Seconds are CLOCK_MONOTONIC, which begins anew with the machine: then the pause begins anew too, whole.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from session import safely
from session.records import boot_mark

logger = logging.getLogger(__name__)

FILE = "tries.json"
FREE = 3
"""Wrong tries without a pause: fingers slip."""
PAUSES = (30.0, 60.0, 120.0, 300.0, 600.0)
"""Seconds after the third wrong try, the fourth, and so on; the last stays."""


class Locked(Exception):
    """No try now."""


class _Count(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    boot: str
    wrong: Annotated[int, Meta(ge=0, le=2**53)] = 0
    until: Annotated[float, Meta(ge=0)] = 0.0


def pause(wrong: int) -> float:
    """Seconds without a try after so many wrong ones."""
    return 0.0 if wrong < FREE else PAUSES[min(wrong - FREE, len(PAUSES) - 1)]


class Tries:
    """One process counts, in one directory."""

    def __init__(self, directory: Path, boot: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = directory / FILE
        self._boot = boot or boot_mark()
        self._clock = clock
        self._count = self._load()

    @property
    def locked_until(self) -> float | None:
        """When the next try is possible (CLOCK_MONOTONIC seconds); None if it is now."""
        return self._count.until if self._count.until > self._clock() else None

    def begin(self) -> None:
        """Counts a try, as a wrong one until `right`. Raises Locked, and OSError if it cannot be written down."""
        if self.locked_until is not None:
            raise Locked
        wrong = self._count.wrong + 1
        self._keep(_Count(self._boot, wrong, self._clock() + pause(wrong)))

    def right(self) -> None:
        """The last try was right: all is forgotten. Raises OSError."""
        self._keep(_Count(self._boot))

    def _keep(self, count: _Count) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        safely.replace(self._path, msgspec.json.encode(count) + b"\n")
        self._count = count

    def _load(self) -> _Count:
        try:
            count = msgspec.json.decode(self._path.read_bytes(), type=_Count)
        except FileNotFoundError:
            return _Count(self._boot)
        except (OSError, msgspec.DecodeError) as error:
            # What cannot be read is no reason for more tries.
            logger.error("%s cannot be read (%s): the next try has to wait", self._path, type(error).__name__)
            count = _Count("", FREE)
        if count.boot == self._boot:
            return count
        return _Count(self._boot, count.wrong, self._clock() + pause(count.wrong))
