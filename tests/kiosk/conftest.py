"""The gallery of all screens, drawn once for all that look at it."""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from kiosk.theme import TextSize
from kiosk.words import LANGUAGES
from tests.kiosk.gallery import Report
from tests.kiosk.xvfb import xvfb

SCREENS = ("1024x768", "1280x800", "1366x768", "1920x1080", "1080x1920")
PANELS = {"1280x800": 149.4, "1366x768": 100.4, "1920x1080": 102.5, "1080x1920": 91.8}
"""Dots per inch: of 10.1, 15.6, 21.5 and 24 inches."""
SHOWS = [
    *(f"{screen}:{','.join(LANGUAGES)}:{size}" for screen in SCREENS for size in TextSize),
    *(f"{screen}:nl:{size}:calm:{dpi}" for screen, dpi in PANELS.items() for size in ("normal", "largest")),
]


PROCESSES = min(3, os.cpu_count() or 1)
"""Each draws a part; of three, each has a part of the smallest screen still, on which some are drawn only."""


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Draws the gallery once. MARCHEPIED_GALLERY names a directory that keeps the pictures for people to look at."""
    with concurrent.futures.ThreadPoolExecutor(PROCESSES) as threads:
        drawn = [
            threads.submit(_draw, SHOWS[first::PROCESSES], tmp_path_factory.mktemp("home"))
            for first in range(PROCESSES)
        ]
        reports = [one.result() for one in drawn]
    whole = Report([], [], [])
    for one in reports:
        whole.faults += one.faults
        whole.targets += one.targets
        whole.outlines += one.outlines
    return whole


def _draw(shows: list[str], home: Path) -> Report:
    directory = os.environ.get("MARCHEPIED_GALLERY", "-")
    with xvfb(1920, 1920) as display:
        done = subprocess.run(
            [sys.executable, "-m", "tests.kiosk.gallery", directory, *shows],
            env={**os.environ, "DISPLAY": display, "HOME": str(home)},
            check=True,
            capture_output=True,
            timeout=1100,
        )
    return msgspec.json.decode(done.stdout, type=Report)
