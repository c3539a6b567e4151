"""Calls over real sockets: who may call, what goes wrong, and that nothing of it outlives its connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import resource
import socket
import stat
from pathlib import Path

import msgspec
import pytest

from session import line, rpc, wire
from session.rpc import Caller, Service
from tests.session.talk import Line, as_user, connected, other_tasks, pair, until
from tests.session.trial import NAME, OTHER, SECRET, Trial, method


async def test_pipelined_requests_are_answered_in_their_order(trial: Trial) -> None:
    async with pair(trial.service) as caller:
        for number in range(300):
            caller.send(method("Slow" if number % 3 else "Echo"), {"text": str(number)})
        answers = [await caller.answer() for _ in range(300)]
    assert answers == [{"parameters": {"text": str(number)}} for number in range(300)]


async def test_who_calls_is_what_the_kernel_says(path: Path) -> None:
    for uid in (0, OTHER, 4_294_967_293):
        async with connected(path, uid) as caller:
            assert (await caller.call(method("Who")))["parameters"] == {"uid": uid, "pid": os.getpid()}


async def test_a_user_who_may_not_call_is_denied_before_its_parameters_are_looked_at(trial: Trial, path: Path) -> None:
    async with connected(path, OTHER) as caller:
        assert await caller.call(method("Root"), {"nonsense": 1}) == {"error": rpc.ERROR_DENIED, "parameters": {}}
        assert trial.called == []
        assert (await caller.call(method("Other"), {"text": "a"}))["parameters"] == {"text": "a"}
    async with connected(path) as caller:
        assert (await caller.call(method("Other"), {"text": "a"}))["error"] == rpc.ERROR_DENIED
        assert await caller.call(method("Root"), {"text": "a"}) == {"parameters": {}}


async def test_the_socket_has_its_mode_and_group(trial: Trial, tmp_path: Path) -> None:
    socket_path = tmp_path / "socket"
    socket_path.write_text("left over")
    await trial.service.start(socket_path, mode=0o660, group=OTHER)
    status = socket_path.lstat()
    assert (stat.S_IMODE(status.st_mode), status.st_gid, stat.S_ISSOCK(status.st_mode)) == (0o660, OTHER, True)
    with as_user(64_902), socket.socket(socket.AF_UNIX) as stranger, pytest.raises(PermissionError):
        stranger.connect(str(socket_path))
    await trial.service.stop()


async def test_calls_that_make_no_sense_get_varlinks_own_errors(trial: Trial, caplog: pytest.LogCaptureFixture) -> None:
    async with pair(trial.service) as caller:
        assert await caller.call("org.example.Nothing") == {
            "error": "org.varlink.service.MethodNotFound",
            "parameters": {"method": "org.example.Nothing"},
        }
        for untrusted in ({"text": 1}, {}, {"text": "", SECRET: 1}, {"text": [SECRET]}):
            answer = await caller.call(method("Echo"), untrusted)
            assert answer["error"] == "org.varlink.service.InvalidParameter"
            assert SECRET not in json.dumps(answer)
        assert (await caller.call(method("Echo"), {"text": "still here"}))["parameters"] == {"text": "still here"}
    assert caplog.records == []


@pytest.mark.parametrize("text", ["mistake", "connection", "wire", "timeout", "unknown type", "long"])
async def test_a_handler_that_fails_is_logged_and_answered_with_nothing_of_it(
    trial: Trial, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with pair(trial.service) as caller:
        for _ in range(2):
            answer = await caller.call(method("Break"), {"text": text})
            assert answer == {"error": rpc.ERROR_INTERNAL, "parameters": {}}
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert all(record.exc_info and method("Break") in record.getMessage() for record in caplog.records)


async def test_refusals_carry_their_code_only(trial: Trial, caplog: pytest.LogCaptureFixture) -> None:
    async with pair(trial.service) as caller:
        answer = await caller.call(method("Break"), {"text": "refused"})
        assert answer == {"error": rpc.ERROR_REFUSED, "parameters": {"code": "wrong_state"}}
        answer = await caller.call(method("Break"), {"text": "denied"})
        assert answer == {"error": rpc.ERROR_DENIED, "parameters": {}}
    assert caplog.records == []


async def test_a_oneway_call_gets_no_answer_whatever_becomes_of_it(trial: Trial) -> None:
    async with pair(trial.service) as caller:
        caller.send(method("Echo"), {"text": "heard"}, oneway=True)
        caller.send(method("Echo"), {"wrong": 1}, oneway=True)
        caller.send(method("Other"), {"text": "no"}, oneway=True)
        caller.send(method("Break"), {"text": "mistake"}, oneway=True)
        caller.send(method("Count"), {"count": 3}, oneway=True, more=True)
        caller.send("org.example.Nothing", oneway=True)
        assert (await caller.call(method("Echo"), {"text": "last"}))["parameters"] == {"text": "last"}
    assert trial.called == ["heard", "last"]


@pytest.mark.parametrize(
    "sent",
    [
        b"\0",
        b"[]\0",
        b'{"method":1}\0',
        b'{"method":"' + SECRET.encode() + b'"\0',
        b'{"method":"a","more":"' + SECRET.encode() + b'"}\0',
        b'{"method":"\xff"}\0',
        b'{"method":"a","parameters":' + b'{"a":' * 10_000 + b"\0",
        b"x" * (wire.MAX_FRAME + 1),
        b"GET / HTTP/1.1\r\n\r\n\0",
    ],
    ids=range(9),
)
async def test_who_breaks_the_protocol_is_disconnected(
    trial: Trial, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with pair(trial.service) as caller:
        caller.send(method("Echo"), {"text": "before"})
        assert "parameters" in await caller.answer()
        caller.writer.write(sent)
        assert await caller.hung_up() == b""
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "uid 0 broke the protocol" in caplog.text
    assert SECRET not in caplog.text


async def test_what_came_before_the_broken_frame_is_answered(trial: Trial) -> None:
    async with pair(trial.service) as caller:
        caller.writer.write(b'{"method":"org.marchepied.Test.Who"}\0nonsense\0{"method":"never"}\0')
        assert (await caller.hung_up()).count(b"\0") == 1


async def test_a_caller_that_only_closed_its_writing_half_gets_its_answers(trial: Trial) -> None:
    async with pair(trial.service) as caller:
        caller.send(method("Slow"), {"text": "a"})
        caller.send(method("Slow"), {"text": "b"})
        caller.writer.write_eof()
        assert (await caller.hung_up()).count(b"\0") == 2


async def test_a_stream_loses_nothing_and_ends_with_its_connection(trial: Trial) -> None:
    async with pair(trial.service) as caller:
        caller.send(method("Count"), {"count": 2_000}, more=True)
        frames = (await caller.hung_up()).split(b"\0")[:-1]
    found = [json.loads(frame) for frame in frames]
    assert found == [{"parameters": {"count": number}, "continues": True} for number in range(2_000)]


async def test_without_more_a_stream_is_a_simple_call(trial: Trial) -> None:
    async with pair(trial.service) as caller:
        for _ in range(3):
            caller.send(method("Flood"))
            caller.send(method("Wait"))
        for _ in range(3):
            assert (await caller.answer())["parameters"]["text"].startswith("x")
            assert await caller.answer() == {"parameters": {"count": 0}}
        assert trial.closed == 6
        assert await caller.call(method("Count"), {"count": 0}) == {"parameters": {}}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("refused", rpc.ERROR_REFUSED),
        ("denied", rpc.ERROR_DENIED),
        ("mistake", rpc.ERROR_INTERNAL),
        ("connection", rpc.ERROR_INTERNAL),
    ],
)
async def test_a_stream_that_fails_says_so_last(trial: Trial, text: str, error: str) -> None:
    async with pair(trial.service) as caller:
        caller.send(method("Fall"), {"text": text}, more=True)
        assert (await caller.answer())["continues"] is True
        last = await caller.answer()
        assert last["error"] == error
        assert "continues" not in last
        assert await caller.hung_up() == b""


@pytest.mark.parametrize("name", ["Wait", "Flood"])
async def test_a_caller_that_hangs_up_in_mid_stream_leaves_nothing(trial: Trial, name: str) -> None:
    async with pair(trial.service) as caller:
        caller.send(method(name), more=True)
        assert (await caller.answer())["continues"] is True
    assert trial.closed == 1
    assert not other_tasks()


async def test_a_request_in_the_middle_of_a_stream_ends_the_connection(
    trial: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    async with pair(trial.service) as caller:
        caller.send(method("Wait"), more=True)
        await caller.answer()
        caller.send(method("Echo"), {"text": SECRET})
        assert await caller.hung_up() == b""
        assert trial.closed == 1
    assert trial.called == []
    assert "in the middle of a stream" in caplog.text
    assert SECRET not in caplog.text


async def test_a_caller_that_never_reads_blocks_nobody_and_fills_nothing(
    trial: Trial, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "SEND_SECONDS", 0.3)
    async with connected(path) as deaf, connected(path) as other:
        deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]
        deaf.send(method("Flood"), more=True)
        await until(lambda: trial.given > 5)
        given = -1
        while given != trial.given:  # what fits in the kernel's buffer and in ours, and no more
            given = trial.given
            for _ in range(20):
                assert "parameters" in await other.call(method("Echo"), {"text": "hello"})
        assert given < 100
        await until(lambda: trial.closed == 1)
        assert trial.given == given
        await until(lambda: len(other_tasks()) == 1)
        assert "parameters" in await other.call(method("Echo"), {"text": "hello"})


async def test_a_caller_that_pipelines_and_never_reads_is_not_read_any_more(
    trial: Trial, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "SEND_SECONDS", 0.2)
    async with connected(path) as deaf:
        deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(3_000):
            deaf.send(method("Echo"), {"text": "x" * 1_000})
        await until(lambda: not other_tasks())
        assert len(trial.called) < 1_000


@pytest.mark.parametrize("name", ["Wait", "Flood", "Hang", "Echo"])
async def test_stop_leaves_no_task_and_no_socket(trial: Trial, tmp_path: Path, name: str) -> None:
    socket_path = tmp_path / "socket"
    await trial.service.start(socket_path)
    async with connected(socket_path) as one, connected(socket_path) as deaf:
        deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for caller in (one, deaf):
            caller.send(method(name), {"text": ""} if name == "Echo" else {}, more=True)
        if name == "Hang":
            await until(lambda: len(trial.called) == 2)
        else:
            await one.answer()
        await asyncio.wait_for(trial.service.stop(), 2)
        assert not other_tasks()
        assert not socket_path.exists()
        await one.hung_up()
    assert trial.closed == {"Wait": 2, "Flood": 2}.get(name, 0)


async def test_stop_reaches_a_connection_that_was_only_just_made(trial: Trial, tmp_path: Path) -> None:
    for turns in range(5):
        await trial.service.start(tmp_path / "socket")
        async with connected(tmp_path / "socket") as caller:
            caller.send(method("Wait"), more=True)
            for _ in range(turns):
                await asyncio.sleep(0)
            await trial.service.stop()
            assert not other_tasks()
            await caller.hung_up()
            assert not other_tasks()


async def test_a_service_without_descriptors_serves_again_when_it_has_some(
    trial: Trial, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(rpc, "ACCEPT_PAUSE", 0.01)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    waiting = socket.socket(socket.AF_UNIX)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        waiting.connect(str(path))
        await until(lambda: caplog.text.count("cannot accept") >= 2)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    caller = Line(*await asyncio.open_unix_connection(sock=waiting))
    assert "parameters" in await caller.call(method("Who"))
    await caller.close()
    await until(lambda: not other_tasks())


async def test_one_user_cannot_take_all_connections(trial: Trial, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with contextlib.AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(connected(path, OTHER)) for _ in range(200)]
        for caller in crowd:
            with contextlib.suppress(OSError):
                caller.send(method("Who"))
        answered = 0
        for caller in crowd:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                answered += (await caller.answer())["parameters"]["uid"] == OTHER
        assert answered == rpc.MAX_CONNECTIONS
        async with connected(path) as root:
            assert "parameters" in await root.call(method("Echo"), {"text": "root is served"})
        assert "uid 64901" in caplog.text
    await until(lambda: not other_tasks())
    async with connected(path, OTHER) as caller:
        assert "parameters" in await caller.call(method("Who"))


def test_every_method_says_who_may_call_it_and_takes_nothing_unknown() -> None:
    service = Service(NAME)

    class Loose(msgspec.Struct):
        text: str = ""

    def handler(_caller: Caller, _parameters: object) -> None: ...

    with pytest.raises(TypeError, match="uids"):
        service.add("Open", handler)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="forbids unknown fields"):
        service.add("Loose", handler, parameters=Loose, uids=None)
    with pytest.raises(ValueError, match="forbids unknown fields"):
        service.add("Dict", handler, parameters=dict, uids=None)
    service.add("Once", handler, uids=frozenset())
    with pytest.raises(ValueError, match="declared twice"):
        service.add("Once", handler, uids=None)
