"""The daemon's side of the agent with real processes: PINs proved, tries counted, a hook that is told."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from session.agent import agents, attendance, pins
from session.agent.agents import Agent
from session.agent.attendance import Attendance
from session.environment import aside
from session.environment.cgroup import find_base
from session.events import Sign
from session.rpc import Refused
from tests.session.talk import until

PIN, OTHER = "280471", "935028614"


@pytest.fixture
def cgroups() -> Iterator[Path]:
    base = find_base(f"marchepied-test-{os.getpid()}")
    base.mkdir()
    yield base
    base.rmdir()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    state = tmp_path / "state"
    agents.save(state, (Agent("Jeanne", pins.hashed(PIN)), Agent("Paul", pins.hashed(OTHER))))
    return state


async def test_each_agents_pin_is_right_and_others_are_not(
    state: Path, cgroups: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    one = Attendance(state, cgroups)
    one.require_agents()
    assert await one.proves(OTHER)
    assert not await one.proves("280472")
    assert not await one.proves("")
    assert await one.proves(PIN), "a right one after two wrong ones"
    assert not caplog.records


async def test_three_wrong_ones_lock_the_station_for_the_right_one_too(state: Path, cgroups: Path) -> None:
    one = Attendance(state, cgroups)
    for _ in range(3):
        assert not await one.proves("280472")
    assert one.locked_until is not None
    assert 25 < one.locked_until - time.monotonic() <= 30
    with pytest.raises(Refused, match="locked"):
        await one.proves(PIN)
    with pytest.raises(Refused, match="locked"):
        await Attendance(state, cgroups).proves(PIN)


async def test_two_at_once_are_one_after_the_other(state: Path, cgroups: Path) -> None:
    one = Attendance(state, cgroups)
    first = asyncio.create_task(one.proves(PIN))
    await asyncio.sleep(0)
    with pytest.raises(Refused, match="busy"):
        await one.proves(PIN)
    assert await first


async def test_an_agent_who_was_removed_opens_nothing(state: Path, cgroups: Path) -> None:
    one = Attendance(state, cgroups)
    agents.save(state, agents.without_agent(agents.load(state), "Jeanne"))
    assert not await one.proves(PIN)
    agents.save(state, ())
    with pytest.raises(Refused, match="no_agents"):
        one.require_agents()
    (state / agents.FILE).write_text("{")
    with pytest.raises(Refused, match="no_agents"):
        one.require_agents()


async def test_what_compares_and_hangs_is_no_yes(
    state: Path, cgroups: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(aside, "module", lambda _name: ["/usr/bin/sleep", "1000"])
    monkeypatch.setattr(attendance, "PROOF_SECONDS", 0.2)
    with pytest.raises(Refused, match="failed"):
        await Attendance(state, cgroups).proves(PIN)
    monkeypatch.setattr(aside, "module", lambda _name: ["/usr/bin/false"])
    with pytest.raises(Refused, match="failed"):
        await Attendance(state, cgroups).proves(PIN)
    assert PIN not in caplog.text


def hook(directory: Path, text: str) -> tuple[str, Path]:
    """A program, and the file in which it writes what it was told."""
    for parent in (directory, *directory.parents[:2]):
        parent.chmod(0o755)
    told = directory / "told"
    told.touch()
    told.chmod(0o666)
    program = directory / "hook"
    program.write_text(f'#!/bin/sh\necho "$# $1 $(id -u)" >>{told}\n{text}\n')
    program.chmod(0o755)
    return str(program), told


async def test_the_hook_is_told_as_nobody_and_in_order(state: Path, cgroups: Path, tmp_path: Path) -> None:
    program, told = hook(tmp_path, "")
    one = Attendance(state, cgroups, program)
    for number, sign in enumerate(Sign, 1):
        one.signal(sign)
        await until(lambda number=number: told.read_text().count("\n") == number)  # type: ignore[misc]
    assert told.read_text() == "1 called 65534\n1 cancelled 65534\n1 answered 65534\n"
    await one.stop()


async def test_a_slow_hook_is_told_the_last_word_only_and_one_that_hangs_is_ended(
    state: Path, cgroups: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(attendance, "HOOK_SECONDS", 0.3)
    program, told = hook(tmp_path, '[ "$1" = called ] && sleep 1000')
    one = Attendance(state, cgroups, program)
    one.signal(Sign.CALLED)
    await until(lambda: told.read_text() != "")
    one.signal(Sign.CANCELLED)
    one.signal(Sign.CALLED)
    one.signal(Sign.ANSWERED)
    await until(lambda: told.read_text().endswith("1 answered 65534\n"))
    assert told.read_text() == "1 called 65534\n1 answered 65534\n"
    await until(lambda: "longer than" in caplog.text)
    one.signal(Sign.CALLED)
    await one.stop()
    await until(lambda: list(cgroups.glob("aside-*")) == [])


async def test_at_the_start_an_old_call_is_taken_back(state: Path, cgroups: Path, tmp_path: Path) -> None:
    program, told = hook(tmp_path, "")
    (cgroups / "aside-1-0").mkdir()
    one = Attendance(state, cgroups, program)
    await one.sweep()
    await until(lambda: told.read_text() == "1 cancelled 65534\n")
    await one.stop()
    assert list(cgroups.glob("aside-*")) == []
