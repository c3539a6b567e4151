"""Waiting for what nothing announces, and what is said when it did not come."""

from __future__ import annotations

import time
from collections.abc import Callable


class StationError(Exception):
    """The station did not do what was waited for. The text has its log's last lines."""


def wait_until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Polls a condition that nothing announces. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.02)
