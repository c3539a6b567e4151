"""The pictures in docs/screens are of the screens as they are now."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from kiosk.words import LANGUAGES
from tests.kiosk import album, cases
from tests.kiosk.gallery import Outline, Read, Report

DIRECTORY = Path(__file__).resolve().parents[2] / "docs" / "screens"
LINE = Read("text", "Encore 38 min", 10.2, 20.0, 300.0, 60.0)
BUTTON = Read("button", "J'ai fini", 700.4, 20.0, 900.0, 90.0)


def test_the_pictures_are_of_the_screens_as_they_are(report: Report) -> None:
    pictures = {f"{path.parent.name}/{path.stem}" for path in DIRECTORY.glob("*/*.png")}
    kept = json.loads((DIRECTORY / album.INDEX).read_text("ascii")) if (DIRECTORY / album.INDEX).exists() else {}
    assert pictures == set(kept)
    now = album.shown(report)
    assert set(now) == {f"{language}/{case}" for language in LANGUAGES for case in album.SCREENS}
    old = sorted(name for name in kept if kept[name] != now.get(name)) + sorted(set(now) - set(kept) if kept else ())
    assert old == [], "out of date: ./dev gallery --docs docs/screens"
    assert not kept or (DIRECTORY / "README.md").read_text("utf-8") == album.page()


def test_every_picture_is_of_a_case_that_is_there() -> None:
    assert set(album.SCREENS) <= set(cases.CASES)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (msgspec.structs.replace(LINE, words="Encore 7 min", right=290.0), True),
        (msgspec.structs.replace(LINE, words="Plus que 38 min"), False),
        (msgspec.structs.replace(LINE, role="button"), False),
    ],
)
def test_numbers_that_change_by_themselves_are_no_news_and_words_are(other: Read, same: bool) -> None:
    before, after = (album.fingerprint(Outline("bar", "fr", 1280, 800, [one, BUTTON])) for one in (LINE, other))
    assert (before == after) is same


def test_what_has_moved_is_news() -> None:
    moved = msgspec.structs.replace(BUTTON, left=650.0)
    before, after = (album.fingerprint(Outline("bar", "fr", 1280, 800, [LINE, one])) for one in (BUTTON, moved))
    assert before != after
