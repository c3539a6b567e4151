"""When the keyboard comes and goes, and that everything is typed in its order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kiosk import theme
from kiosk.client import GuardNews
from kiosk.keyboard import control
from kiosk.keyboard.control import Control
from kiosk.keyboard.keys import Commit, Named, Press
from kiosk.keyboard.layouts import Name
from session.pages import DeskSnapshot, FieldKind
from tests.kiosk.fakes import FakeStation, until

IN_FIELD = DeskSnapshot(active="p1", field=FieldKind.TEXT)
NO_FIELD = DeskSnapshot(active="p1")
NEVER = 0.2
"""Seconds in which what must not come has not come; the control's own patience is made shorter than that."""


class Watched:
    """A control with what it said."""

    def __init__(self, guard: Path) -> None:
        self.changes: list[bool] = []
        self.failures: list[str] = []
        self.control = Control(guard, (1024, 768), lambda: self.changes.append(self.control.up), self.failures.append)
        self.control.on_guard(GuardNews())
        self.control.on_desk(NO_FIELD)

    def touch(self, touches: int = 1) -> None:
        self.control.on_guard(GuardNews(touches=touches))

    async def comes(self) -> None:
        assert await until(lambda: self.control.up)

    async def goes(self) -> None:
        assert await until(lambda: not self.control.up)

    async def does_not_come(self) -> None:
        assert not await until(lambda: self.control.up, NEVER)

    async def stays(self) -> None:
        assert not await until(lambda: not self.control.up, NEVER)


@pytest.fixture
async def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr(control, "SETTLE_SECONDS", 0.05)
    return Watched(tmp_path / "guard")


async def test_it_comes_for_a_field_that_was_touched(watched: Watched) -> None:
    watched.touch()
    watched.control.on_desk(IN_FIELD)
    assert watched.changes == [True]
    assert watched.control.foot == theme.keyboard_height(1024, 768)
    watched.control.dpi = 149.4
    assert (watched.control.foot - 6 * theme.KEY_GAP) / 5 >= theme.pixels(theme.TOUCH_MM, 149.4)


async def test_the_focus_may_be_heard_of_before_the_touch(watched: Watched) -> None:
    watched.control.on_desk(IN_FIELD)
    watched.touch()
    await watched.comes()


async def test_it_comes_for_a_touch_of_the_field_that_has_the_focus(watched: Watched) -> None:
    watched.control.on_desk(IN_FIELD)
    await watched.does_not_come()
    watched.touch()
    await watched.comes()


async def test_it_does_not_come_for_a_touch_of_something_else(watched: Watched) -> None:
    watched.control.on_desk(IN_FIELD)
    await watched.does_not_come()
    watched.touch()
    watched.control.on_desk(NO_FIELD)
    await watched.does_not_come()


async def test_it_goes_with_the_focus_but_not_from_field_to_field(watched: Watched) -> None:
    watched.touch()
    watched.control.on_desk(IN_FIELD)
    watched.touch(2)
    watched.control.on_desk(NO_FIELD)
    watched.control.on_desk(IN_FIELD)
    await watched.stays()
    watched.control.on_desk(NO_FIELD)
    await watched.goes()
    assert watched.changes == [True, False]
    assert watched.control.foot == 0


async def test_the_bars_key_brings_it_without_a_field_and_takes_it_away(watched: Watched) -> None:
    watched.control.toggle()
    assert watched.control.up
    watched.touch()
    await watched.stays()
    watched.control.toggle()
    assert not watched.control.up


async def test_it_goes_for_a_real_keyboard_and_with_the_page(watched: Watched) -> None:
    watched.control.toggle()
    watched.control.on_guard(GuardNews(strokes=1))
    assert not watched.control.up
    watched.control.toggle()
    watched.control.on_desk(DeskSnapshot(active="p2"))
    assert not watched.control.up


async def test_a_new_guard_brings_no_touch_of_old(watched: Watched) -> None:
    watched.control.on_desk(IN_FIELD)
    watched.touch(7)
    watched.control.leave()
    watched.control.guard_gone()
    watched.control.on_guard(GuardNews())
    await watched.does_not_come()
    watched.touch(1)
    await watched.comes()


async def test_it_speaks_the_visitors_language(watched: Watched) -> None:
    watched.control.speak("nl")
    watched.control.toggle()
    assert watched.control.board.name is Name.NL


async def test_what_the_input_method_does_not_see_goes_into_a_password(
    watched: Watched, station: FakeStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "JUDGE_SECONDS", 0.05)
    typing = asyncio.create_task(watched.control.run())
    watched.touch()
    watched.control.on_desk(IN_FIELD)
    assert watched.control.kind is FieldKind.TEXT
    watched.control.type(Commit("s"))
    assert await until(lambda: watched.control.kind is FieldKind.PASSWORD)
    watched.control.on_desk(DeskSnapshot(active="p1", field=FieldKind.TEXT, keyed=True))
    assert watched.control.kind is FieldKind.TEXT
    watched.control.type(Commit("t"))
    assert not await until(lambda: watched.control.kind is FieldKind.PASSWORD, NEVER)
    typing.cancel()
    await asyncio.gather(typing, return_exceptions=True)


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[FakeStation]:
    async with FakeStation(tmp_path) as one:
        yield one


async def test_everything_is_typed_in_its_order(watched: Watched, station: FakeStation) -> None:
    typing = asyncio.create_task(watched.control.run())
    for effect in (Commit("Z"), Commit("é"), Press(Named.BACKSPACE), Commit("'"), Press(Named.ENTER)):
        watched.control.type(effect)
    assert await until(lambda: station.guard.count("Type") == 5)
    assert [parameters for _, parameters in station.guard.calls] == [
        {"text": "Z"}, {"text": "é"}, {"key": "backspace"}, {"text": "'"}, {"key": "enter"},
    ]  # fmt: skip
    station.guard.refuse["Type"] = "no_key"
    watched.control.type(Commit("ع"))
    assert await until(lambda: watched.failures == ["no_key"])
    typing.cancel()
    await asyncio.gather(typing, return_exceptions=True)
