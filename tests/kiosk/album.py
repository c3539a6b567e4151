"""The pictures of docs/screens: a chosen few of the gallery's, small, with a page that shows them side by side.

`shown.json` says what was on each of them, by a hash of its words and places: a test tells by it which are out of date.
Numbers are left out of it: minutes and dates change by themselves.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec
from PIL import Image

from kiosk import words
from tests.kiosk.gallery import Outline, Report
from tests.kiosk.xvfb import xvfb

WIDTH, HEIGHT = 1280, 800
COLOURS = 96
LARGEST, ALL = 60_000, 6_000_000
"""Bytes of one picture, and of all."""
INDEX = "shown.json"

SCREENS = {
    "welcome": "Welcome",
    "welcome_offline": "The network is cut",
    "notice": "Before the visit",
    "what_for": "What for?",
    "bar": "The bar over a site",
    "bar_full": "The bar, with all that it can hold",
    "interview": "Before an appointment by video",
    "bar_camera": "The camera is on",
    "pages": "Open pages",
    "display": "Size of words, colours",
    "help": "Help",
    "glossary": "Difficult words",
    "meaning_attachment": "What one of them means",
    "help_called": "The agent is called",
    "bar_called": "The bar meanwhile",
    "pin": "The agent's pad: the browser stands still",
    "panel": "The agent's panel",
    "panel_outcome": "How the visit went",
    "panel_allowing_host": "What an agent can allow",
    "private": "A private entry",
    "crashed": "A page has stopped",
    "hung": "A page does not answer",
    "restarting": "The browser starts again",
    "warning_idle": "Nobody there?",
    "warning_over": "The end of the time",
    "confirm_end": "Finished?",
    "erasing": "The visit is erased",
    "preparing": "The next one is prepared",
    "out_of_service_operator": "Out of service",
    "maintenance": "Maintenance",
    "themes": "To come: what for, by themes",
    "procedures": "To come: the procedures of a theme",
    "card": "To come: what a procedure takes",
    "dossier_half": "To come: its papers",
    "scanner_glass": "To come: a paper on the scanner",
    "scanner_scanning": "To come: it is scanned",
    "scanner_jammed": "To come: the scanner is jammed",
    "review_many": "To come: the pages of a scan",
    "shelf_many": "My documents",
    "document": "One document",
    "fit_done": "To come: made to fit",
    "picker_limits": "A site asks for a file",
    "print_asking": "To come: print",
    "print_no_paper": "To come: no paper",
    "key_done": "To come: copied to a key",
}
"""Cases of `tests.kiosk.cases`, in the order of a visit, and what they show."""


class AlbumError(Exception):
    """The pictures cannot be kept as they are. The text says why."""


def write(directory: Path) -> int:
    """Draws them all anew in every language. How many. Raises AlbumError, CalledProcessError."""
    with tempfile.TemporaryDirectory() as drawn:
        report = _draw(Path(drawn))
        total = 0
        for language in words.LANGUAGES:
            (directory / language).mkdir(parents=True, exist_ok=True)
            for stale in (directory / language).glob("*.png"):
                stale.unlink()
            for case in SCREENS:
                picture = directory / language / f"{case}.png"
                _keep(Path(drawn, f"{WIDTH}x{HEIGHT}-{language}-{case}.png"), picture)
                total += picture.stat().st_size
    if total > ALL:
        raise AlbumError(f"{total} bytes are too many for all")
    (directory / INDEX).write_text(json.dumps(shown(report), indent=1) + "\n", "ascii")
    (directory / "README.md").write_text(page(), "utf-8")
    return len(SCREENS) * len(words.LANGUAGES)


def _draw(directory: Path) -> Report:
    show = f"{WIDTH}x{HEIGHT}:{','.join(words.LANGUAGES)}"
    options = ("--still", f"--only={','.join(SCREENS)}")
    with xvfb(1920, 1920) as display:
        done = subprocess.run(
            [sys.executable, "-m", "tests.kiosk.gallery", str(directory), *options, show],
            env={**os.environ, "DISPLAY": display, "HOME": str(directory), "TZ": "Europe/Paris"},
            check=True,
            stdout=subprocess.PIPE,
        )
    return msgspec.json.decode(done.stdout, type=Report)


def _keep(drawn: Path, picture: Path) -> None:
    with Image.open(drawn) as image:
        few = image.convert("RGB").quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(picture, optimize=True)
    size = picture.stat().st_size
    if size > LARGEST:
        raise AlbumError(f"{picture}: {size} bytes")


def shown(report: Report) -> dict[str, str]:
    """The hash of each picture, by `LANGUAGE/CASE`."""
    return {
        f"{outline.language}/{outline.case}": fingerprint(outline)
        for outline in report.outlines
        if outline.case in SCREENS and (outline.width, outline.height) == (WIDTH, HEIGHT)
    }


def fingerprint(outline: Outline) -> str:
    """Of the words, in order, and of the places of those without numbers."""
    digest = hashlib.sha256()
    for item in outline.items:
        text = re.sub(r"\d+", "0", item.words)
        places = (item.left, item.top, item.right, item.bottom) if text == item.words else ()
        digest.update(repr((item.role, text, [round(place) for place in places])).encode())
    return digest.hexdigest()[:16]


def page() -> str:
    names = list(words.NAMES.values())
    lines = [
        "# The screens",
        "",
        "Made by `./dev gallery --docs docs/screens`; a test says when they are out of date. Do not edit.",
        "",
        "Screens \"to come\" are drawn from recorded snapshots: no station shows them before what they need is there.",
        "",
        *_row(["", *names]),
        *_row(["---"] * (1 + len(names))),
    ]
    for case, caption in SCREENS.items():
        pictures = [f"![{caption} ({language})]({language}/{case}.png)" for language in words.LANGUAGES]
        lines += _row([caption, *pictures])
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> list[str]:
    return [f"| {' | '.join(cells)} |"]
