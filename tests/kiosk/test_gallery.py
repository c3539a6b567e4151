"""Every screen, in every language, as it is really drawn: nothing cut, nothing too small, buttons where they are
said to be.
"""

from __future__ import annotations

import os
import subprocess
import sys

import msgspec
import pytest

from kiosk.words import LANGUAGES, Words
from tests.kiosk import cases, positions
from tests.kiosk.gallery import Report
from tests.kiosk.xvfb import xvfb

SHOWS = ("1024x768:fr,en,nl", "1280x800:fr,nl", "1366x768:fr", "1920x1080:fr")
"""Text is tightest at the smallest size, which is drawn in every language."""

PLACES: dict[str, tuple[tuple[str, ...], str]] = {
    "start": (("welcome", "welcome_first_demonstration"), "welcome.start"),
    "understood": (("notice",), "notice.understood"),
    "finished": (
        ("notice", "what_for", "what_for_pages", "crashed", "restarting", "waiting", "warning_idle", "warning_no_more"),
        "common.finished",
    ),
    "back": (("pages", "documents"), "common.back"),
    "next_part": (("pages", "documents"), "common.more"),
    "more_sites": (("what_for", "what_for_pages"), "what_for.others"),
    "yes": (("confirm_end",), "confirm_end.yes"),
    "no": (("confirm_end",), "confirm_end.no"),
    "reload": (("crashed",), "crashed.reload"),
    "crashed_home": (("crashed",), "common.home"),
    "bar_finished": (("bar", "bar_full", "bar_blocked"), "common.finished"),
    "bar_home": (("bar", "bar_full"), "bar.home"),
    "bar_back": (("bar", "bar_full"), "bar.back"),
    "bar_keyboard": (("bar", "bar_full"), "bar.keyboard"),
    "bar_pages": (("bar_full", "bar_insecure"), "bar.pages"),
}
"""Of a position: the cases that show it, and the key of what it says."""


@pytest.fixture(scope="module")
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


def test_nothing_is_cut_small_or_beyond_the_edge(report: Report) -> None:
    assert report.faults == []


@pytest.mark.parametrize("name", PLACES)
def test_positions_are_inside_their_buttons(report: Report, name: str) -> None:
    names, key = PLACES[name]
    for language in LANGUAGES:
        text = Words(language)(key).split("{")[0]
        for case in names:
            assert _inside(report, name, case, language, text)


@pytest.mark.parametrize("number", range(7))
def test_positions_of_sites(report: Report, number: int) -> None:
    for case in ("what_for", "what_for_pages"):
        text = cases.TITLES[number][:20]
        assert _inside(report, f"site_{number}", case, "fr", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_positions_of_the_rest(report: Report, language: str) -> None:
    say = Words(language)
    for case, name, text in (
        ("warning_idle", "more_time", say("warning.stay")),
        ("warning_over", "more_time", say("warning.more_time")),
        ("bar_full", "bar_larger", "A+"),
        ("bar", "bar_smaller", "A−"),
        *(("welcome", f"language_{other}", Words(other)("language")) for other in LANGUAGES),
    ):
        assert _inside(report, name, case, language, text)


def _inside(report: Report, name: str, case: str, language: str, text: str) -> bool:
    """Whether the point is inside the button, at least 10 pixels from its edges, at every size that was drawn."""
    found = [
        target.left + 10 <= x <= target.right - 10 and target.top + 10 <= y <= target.bottom - 10
        for target in report.targets
        if (target.case, target.language) == (case, language) and target.text.startswith(text)
        for x, y in [positions.centre(name, target.width, target.height)]
    ]
    return bool(found) and all(found)
