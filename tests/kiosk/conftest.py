"""The gallery of all screens, drawn once for all that look at it."""

from __future__ import annotations

import os
import subprocess
import sys

import msgspec
import pytest

from kiosk.theme import TextSize
from kiosk.words import LANGUAGES
from tests.kiosk.gallery import Report
from tests.kiosk.xvfb import xvfb

SCREENS = ("1024x768", "1280x800", "1366x768", "1920x1080", "1080x1920")
SHOWS = [f"{screen}:{','.join(LANGUAGES)}:{size}" for screen in SCREENS for size in TextSize]


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Draws the gallery once. MARCHEPIED_GALLERY names a directory that keeps the pictures for people to look at."""
    directory = os.environ.get("MARCHEPIED_GALLERY", "-")
    with xvfb(1920, 1920) as display:
        done = subprocess.run(
            [sys.executable, "-m", "tests.kiosk.gallery", directory, *SHOWS],
            env={**os.environ, "DISPLAY": display, "HOME": str(tmp_path_factory.mktemp("home"))},
            check=True,
            capture_output=True,
            timeout=300,
        )
    return msgspec.json.decode(done.stdout, type=Report)
