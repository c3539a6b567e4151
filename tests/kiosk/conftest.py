"""The gallery of all screens, drawn once for all that look at it."""

from __future__ import annotations

import os
import subprocess
import sys

import msgspec
import pytest

from tests.kiosk.gallery import Report
from tests.kiosk.xvfb import xvfb

SHOWS = ("1024x768:fr,en,nl", "1280x800:fr,nl", "1366x768:fr", "1920x1080:fr")
"""Text is tightest at the smallest size, which is drawn in every language."""


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Draws the gallery once. MARCHEPIED_GALLERY names a directory that keeps the pictures for people to look at."""
    directory = os.environ.get("MARCHEPIED_GALLERY", "-")
    with xvfb(1920, 1080) as display:
        done = subprocess.run(
            [sys.executable, "-m", "tests.kiosk.gallery", directory, *SHOWS],
            env={**os.environ, "DISPLAY": display, "HOME": str(tmp_path_factory.mktemp("home"))},
            check=True,
            capture_output=True,
            timeout=120,
        )
    return msgspec.json.decode(done.stdout, type=Report)
