"""The calling end: errors told apart, and never the answer to an earlier call."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from session import rpc, wire
from session.rpc import Denied, Refused
from tests.session.talk import Line, pair, until
from tests.session.trial import NAME, Count, Text, Trial


@contextlib.asynccontextmanager
async def client(line: Line) -> AsyncIterator[rpc.Client]:
    yield rpc.Client(line.reader, line.writer, NAME)


async def test_the_client_tells_errors_apart_and_goes_on(trial: Trial) -> None:
    async with pair(trial.service) as caller, client(caller) as asking:
        with pytest.raises(Refused) as refused:
            await asking.call("Break", dict, text="refused")
        assert refused.value.code == "wrong_state"
        with pytest.raises(Denied):
            await asking.call("Other", dict, text="")
        with pytest.raises(rpc.CallFailed) as failed:
            await asking.call("Break", dict, text="mistake")
        assert failed.value.error == rpc.ERROR_INTERNAL
        with pytest.raises(wire.WireError):
            await asking.call("Echo", Count, text="")
        assert await asking.call("Echo", Text, text="é") == Text("é")
        answers = await asyncio.gather(*(asking.call("Slow", Text, text=str(n)) for n in range(20)))
        assert [answer.text for answer in answers] == [str(number) for number in range(20)]
        assert [item.count async for item in asking.stream("Count", Count, count=5)] == list(range(5))


async def test_a_call_that_was_given_up_spoils_the_connection_and_not_the_next_answer(trial: Trial) -> None:
    async with pair(trial.service) as caller, client(caller) as asking:
        giving_up = asyncio.create_task(asking.call("Hang", dict))
        await until(lambda: trial.called == ["hang"])
        giving_up.cancel()
        await asyncio.gather(giving_up, return_exceptions=True)
        with pytest.raises(ConnectionError):
            await asking.call("Echo", Text, text="new")
        trial.endless.set()  # what was begun is carried out, whoever waits for it


async def test_a_stream_that_was_given_up_spoils_the_connection(trial: Trial) -> None:
    async with pair(trial.service) as caller, client(caller) as asking:
        async with contextlib.aclosing(asking.stream("Wait", Count)) as items:
            assert await anext(items) == Count(0)
        with pytest.raises(ConnectionError):
            await asking.call("Echo", Text, text="new")


async def test_a_client_whose_service_is_gone_says_so(trial: Trial, tmp_path: Path) -> None:
    await trial.service.start(tmp_path / "socket")
    asking = await rpc.Client.connect(tmp_path / "socket", NAME)
    watching = await rpc.Client.connect(tmp_path / "socket", NAME)
    items = watching.stream("Wait", Count)
    assert await anext(items) == Count(0)
    await trial.service.stop()
    with pytest.raises(ConnectionError):
        await asking.call("Echo", Text, text="")
    assert [item async for item in items] == []
    await asking.close()
    await watching.close()
    with pytest.raises(OSError, match="No such file"):
        await rpc.Client.connect(tmp_path / "socket", NAME)


async def test_closing_a_client_does_not_wait_for_a_service_that_hangs() -> None:
    theirs, ours = socket.socketpair()
    with theirs:
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        asking = rpc.Client(reader, writer, NAME)
        calling = asyncio.create_task(asking.call("Echo", dict, text="x" * 1_000_000))
        await until(lambda: bool(writer.transport.get_write_buffer_size()))
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        await asyncio.wait_for(asking.close(), 1)
