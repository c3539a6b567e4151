"""The debugging pipe, without a browser: pipes of our own at its other end."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session.browser.devtools import BrowserGone, CallRefused, DevTools, Event, Frames


@given(st.lists(st.binary(max_size=40).filter(lambda one: 0 not in one), max_size=20), st.data())
def test_frames_are_cut_however_they_come(frames: list[bytes], data: st.DataObject) -> None:
    """One that is too long is dropped alone; all others come whole."""
    stream = b"".join(frame + b"\0" for frame in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    reader = Frames(limit=20)
    found: list[bytes] = []
    for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += reader.feed(stream[start:stop])
    assert found == [frame for frame in frames if len(frame) <= 20]


class FakeBrowser:
    def __init__(self) -> None:
        self.reads, their_write = os.pipe()
        their_read, self.writes = os.pipe()
        self.theirs = their_write, their_read
        self.events: list[Event] = []
        self._buffer = b""

    async def received(self) -> bytes:
        """The next frame that we were sent."""
        while b"\0" not in self._buffer:
            self._buffer += await asyncio.to_thread(os.read, self.reads, 65536)
        frame, _, self._buffer = self._buffer.partition(b"\0")
        return frame

    def send(self, *messages: object) -> None:
        os.write(self.writes, b"".join(json.dumps(one).encode() + b"\0" for one in messages))

    def close(self) -> None:
        for descriptor in (self.reads, self.writes):
            os.close(descriptor)


@pytest.fixture
async def fake() -> AsyncIterator[FakeBrowser]:
    one = FakeBrowser()
    yield one
    one.close()


@pytest.fixture
async def tools(fake: FakeBrowser) -> AsyncIterator[DevTools]:
    one = await DevTools.connect(*fake.theirs, fake.events.append, timeout=0.5)
    assert await fake.received() == b""
    yield one
    one.close()
    await asyncio.sleep(0)


async def answer(fake: FakeBrowser, *others: object, **reply: object) -> dict[str, object]:
    asked: dict[str, object] = json.loads(await fake.received())
    fake.send(*others, {"id": asked["id"], **reply})
    return asked


async def test_an_answer_finds_its_call_among_what_earlier_desks_left(fake: FakeBrowser, tools: DevTools) -> None:
    os.write(fake.writes, b'argetId":"x"}}\0{"error":{"code":-32700}}\0\xff\0[]\0\0')
    call = asyncio.create_task(tools.version())
    event = {"method": "Target.targetDestroyed", "params": {"targetId": "x"}}
    asked = await answer(fake, {"id": 5, "result": {"product": "old"}}, event, result={"product": "new", "more": 1})
    assert await call == "new"
    assert asked["method"] == "Browser.getVersion"
    assert [one.method for one in fake.events] == ["Target.targetDestroyed"]


async def test_a_refusal_says_the_method_and_nothing_of_the_browsers_text(fake: FakeBrowser, tools: DevTools) -> None:
    call = asyncio.create_task(tools.activate("x"))
    await answer(fake, error={"code": -32000, "message": "http://secret.example"})
    with pytest.raises(CallRefused) as refused:
        await call
    assert "secret" not in str(refused.value)
    assert "Target.activateTarget" in str(refused.value)


async def test_a_browser_that_hangs(tools: DevTools) -> None:
    with pytest.raises(TimeoutError):
        await tools.version()


async def test_a_browser_that_goes(fake: FakeBrowser, tools: DevTools) -> None:
    call = asyncio.create_task(tools.version())
    await fake.received()
    os.close(fake.writes)
    with pytest.raises(BrowserGone):
        await call
    await tools.gone.wait()
    with pytest.raises(BrowserGone):
        await tools.version()
    fake.writes = os.open(os.devnull, os.O_WRONLY)


async def test_a_browser_that_goes_with_both_ends_leaves_no_fault(fake: FakeBrowser, tools: DevTools) -> None:
    faults: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: faults.append(context))
    fake.close()
    await tools.gone.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    assert faults == []
    fake.reads, fake.writes = os.open(os.devnull, os.O_RDONLY), os.open(os.devnull, os.O_WRONLY)


async def test_ids_do_not_begin_where_another_desk_began(fake: FakeBrowser) -> None:
    def ids() -> Iterable[int]:
        for _ in range(3):
            yield DevTools(fake.events.append, 1.0)._next_id

    assert len(set(ids())) == 3
    for descriptor in fake.theirs:
        os.close(descriptor)
