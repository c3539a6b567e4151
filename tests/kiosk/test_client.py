"""The lines: they come back by themselves, and every failure has a code."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import pytest

from kiosk import client
from session.model import Snapshot, State
from tests.kiosk.fakes import FakeStation, until


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[FakeStation]:
    async with FakeStation(tmp_path) as station:
        yield station


@contextlib.asynccontextmanager
async def running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_feed_follows_and_comes_back(station: FakeStation) -> None:
    items, line = list[Snapshot](), list[bool]()
    feed = client.Feed(station.control.path, client.SESSION, Snapshot, items.append, line.append)
    async with running(feed.run()):
        assert await until(lambda: line == [True])
        station.control.publish(Snapshot(1, State.READY))
        assert await until(lambda: items[-1].state is State.READY)
        await station.control.stop()
        assert await until(lambda: line == [True, False])
        station.control.publish(Snapshot(2, State.ACTIVE))
        await station.control.start()
        assert await until(lambda: line == [True, False, True])
        assert items[-1].state is State.ACTIVE


async def test_a_feed_survives_a_service_that_talks_nonsense(tmp_path: Path, station: FakeStation) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b'{"parameters": {"state": "dancing"}}\0')
        writer.close()

    items, line = list[Snapshot](), list[bool]()
    await station.control.stop()
    server = await asyncio.start_unix_server(babble, str(station.control.path))
    feed = client.Feed(station.control.path, client.SESSION, Snapshot, items.append, line.append)
    async with running(feed.run()) as [task]:
        async with server:
            assert not await until(task.done, 0.3)
        assert not items
        assert not line
        await station.control.start()
        assert await until(lambda: line == [True])


async def test_a_fault_of_ours_ends_the_feed(station: FakeStation) -> None:
    def fail(_item: Snapshot) -> None:
        raise ConnectionError("not the line's")

    feed = client.Feed(station.control.path, client.SESSION, Snapshot, fail, lambda _online: None)
    with pytest.raises(ConnectionError, match="not the line's"):
        await asyncio.wait_for(feed.run(), 5)


async def test_calls_fail_by_code(station: FakeStation, monkeypatch: pytest.MonkeyPatch) -> None:
    path = station.control.path

    async def code(name: str) -> str:
        with pytest.raises(client.CallError) as caught:
            await client.Call(path, client.SESSION, name).done()
        return caught.value.code

    station.control.refuse["Start"] = "wrong_state"
    assert await code("Start") == "wrong_state"
    assert await code("Nonsense") == client.Failure.FAILED
    await station.control.stop()
    assert await code("Start") == client.Failure.AWAY
    monkeypatch.setattr(client, "CALL_TIMEOUT", 0.05)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_unix_server(silent, str(path)):
        assert await code("Start") == client.Failure.SLOW


async def test_the_layout_is_told_at_each_change_and_to_each_new_guard(station: FakeStation) -> None:
    guard, link = station.guard, client.LayoutLink(station.guard.path)
    link.want("full")
    async with running(link.run()):
        link.claim(77)
        assert await until(lambda: guard.calls == [("Layout", {"mode": "full", "window": 77})])
        link.want("bar")
        assert await until(lambda: guard.called("Layout", mode="bar", window=77))
        for mode in ("full", "bar", "full"):
            link.want(mode)
        assert await until(lambda: guard.calls[-1] == ("Layout", {"mode": "full", "window": 77}))
        await guard.stop()
        link.want("bar")
        guard.calls.clear()
        await guard.start()
        link.again()
        assert await until(lambda: guard.calls == [("Layout", {"mode": "bar", "window": 77})])


async def test_a_refused_layout_is_asked_for_again(station: FakeStation) -> None:
    guard, link = station.guard, client.LayoutLink(station.guard.path)
    guard.refuse["Layout"] = "wrong_state"
    link.claim(77)
    link.want("bar")
    async with running(link.run()):
        assert await until(lambda: len(guard.calls) >= 2)
        del guard.refuse["Layout"]
        told = len(guard.calls)
        assert await until(lambda: len(guard.calls) > told)


async def test_delays_grow_to_a_bound_and_shrink_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = list[float]()

    async def note(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", note)
    delay = client.Delay()
    for _ in range(6):
        await delay.wait()
    delay.succeeded()
    await delay.wait()
    assert waited == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 0.1]
