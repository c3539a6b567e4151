"""Receipts that were filed, for the tests of their file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from session.model import EndReason
from session.records import Check, CheckResult, Receipt, Records, Step

BOOT = "0123abcd"


def add(store: Records, generation: int = 1, **changes: object) -> Receipt:
    values = {
        "generation": generation,
        "reason": EndReason.VISITOR,
        "ended_at": 1_795_301_885.9,
        "milliseconds": 412,
        "steps": [Step("kill", 57, True), Step("unmount", 230, True)],
        "checks": [Check("processes", CheckResult.OK), Check("usb", CheckResult.UNAVAILABLE, "no_sysfs", 2)],
        "verified": True,
        **changes,
    }
    return store.append(**values)  # type: ignore[arg-type]


@contextmanager
def filled(count: int) -> Iterator[tuple[Path, list[Receipt]]]:
    """A directory with so many receipts (hypothesis wants a fresh one for each example)."""
    with tempfile.TemporaryDirectory() as name:
        store = Records(Path(name), BOOT)
        yield Path(name), [add(store, number) for number in range(count)]
