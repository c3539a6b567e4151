"""`python -m tests.kiosk DIRECTORY`, which is `./dev gallery DIRECTORY`: every screen in every state, as PNG files.

In each language; and in French with larger words, in the other colours, and on the smallest screen and an upright one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from kiosk.theme import Colours, TextSize
from kiosk.words import LANGUAGES
from tests.kiosk import album
from tests.kiosk.gallery import Report
from tests.kiosk.xvfb import xvfb

SHOWS = (
    f"1280x800:{','.join(LANGUAGES)}",
    *(f"1280x800:fr:{size}" for size in TextSize if size is not TextSize.NORMAL),
    *(f"1280x800:fr:normal:{colours}" for colours in Colours if colours is not Colours.CALM),
    "1024x768:fr",
    "1080x1920:fr",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev gallery", description="Draw every screen in every state.")
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--docs", action="store_true", help="only the pictures of docs/screens, small, and their page")
    chosen = parser.parse_args()
    directory = chosen.directory
    if chosen.docs:
        print(f"{album.write(directory)} pictures in {directory}")
        return 0
    directory.mkdir(parents=True, exist_ok=True)
    with xvfb(1920, 1920) as display, tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [sys.executable, "-m", "tests.kiosk.gallery", str(directory), *SHOWS],
            env={**os.environ, "DISPLAY": display, "HOME": home},
            check=True,
            stdout=subprocess.PIPE,
        )
    faults = msgspec.json.decode(done.stdout, type=Report).faults
    for fault in faults:
        print(fault)
    print(f"{len(list(directory.glob('*.png')))} pictures in {directory}, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
