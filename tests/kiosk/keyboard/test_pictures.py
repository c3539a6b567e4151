"""Every keyboard as it is really drawn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.kiosk.xvfb import xvfb


def test_every_key_can_be_hit_and_read(tmp_path: Path) -> None:
    """MARCHEPIED_GALLERY names a directory that keeps the pictures for people to look at."""
    directory = os.environ.get("MARCHEPIED_GALLERY", "-")
    with xvfb(1920, 1080) as display:
        done = subprocess.run(
            [sys.executable, "-m", "tests.kiosk.keyboard.pictures", directory, "1024x768", "1280x800", "1920x1080"],
            env={**os.environ, "DISPLAY": display, "HOME": str(tmp_path)},
            check=True,
            capture_output=True,
            timeout=120,
        )
    assert json.loads(done.stdout) == []
