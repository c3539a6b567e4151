"""Somebody is there: what the guard tells the session, and what it costs."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

from session.heart import BEAT_SECONDS
from session.model import State
from tests.kiosk.guard.stage import Stage
from tests.kiosk.guard.xclient import XClient, until


def _woken(pid: int) -> int:
    """How often the process has gone to sleep by itself so far, hence been woken."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("voluntary")).split()[1])


async def _somebody(client: XClient, stage: Stage) -> None:
    """Taps until the session heard of it.

    Once may be too early: the guard has not heard yet that the session has begun, or takes a tap that came a few
    milliseconds after the one that it told for the same.
    """
    before = len(stage.control.activities)

    def heard() -> bool:
        client.click(100, 100)
        return len(stage.control.activities) > before

    await until(heard)


async def test_input_is_told_once_a_second_and_only_in_a_session(stage: Stage) -> None:
    client = stage.client()
    ui = client.ui().map()
    await stage.shows(ui)
    await until(lambda: stage.control.watchers == 1)
    client.type("a")
    stage.control.become(State.ACTIVE)
    await _somebody(client, stage)
    await _somebody(client, stage)
    stage.control.become(State.WARNING)
    await _somebody(client, stage)
    told = stage.control.activities
    assert all(later - earlier > 0.9 for earlier, later in itertools.pairwise(told))
    stage.control.become(State.ENDING)
    stage.control.become(State.READY)
    heard = len(stage.control.activities)
    client.type("a")
    client.click(100, 100)
    # It says that it lives, and then nothing for twice as long as this takes.
    beats = stage.control.alive
    async with asyncio.timeout(2 * BEAT_SECONDS):
        while stage.control.alive == beats:
            await asyncio.sleep(0.01)
    woken = 0

    def settled() -> bool:
        nonlocal woken
        woken, before = _woken(stage.guard.process.pid), woken
        return woken == before

    await until(settled)
    # The one thing that only time can show: nothing happens, for longer than the period of a session.
    await asyncio.sleep(1.3)
    assert _woken(stage.guard.process.pid) == woken, "the guard sleeps while nobody is there"
    assert len(stage.control.activities) == heard


async def test_a_session_daemon_that_comes_back_is_watched_again(stage: Stage) -> None:
    await until(lambda: stage.control.watchers == 1)
    await stage.control.stop()
    await stage.control.start()
    await until(lambda: stage.control.watchers == 1)
    stage.control.become(State.ACTIVE)
    client = stage.client()
    await _somebody(client, stage)
