"""Whose key it is, and what becomes of one when the session, a process or the daemon ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from session import rpc
from session import wipe as wipe_module
from session.keys import desk
from session.keys.model import Fault, Mode
from session.keys.port import Port
from session.model import Snapshot, State
from session.papers import KeyProblem, KeyStage
from session.wipe import Wipe
from tests.session.keys.conftest import USERS, Bench
from tests.session.keys.key import MACHINERY, PDF, backing, loop, make, mounted, mounts_of, plug_of, run
from tests.session.talk import until
from tests.test_house import reached_from

CONTENT: dict[str | bytes, bytes] = {"Avis.pdf": PDF}


def faults(port: Port) -> list[Fault | None]:
    return [key.fault for key in port.published.value.keys]


def readers() -> list[psutil.Process]:
    return [one for one in psutil.process_iter() if one.uids().real == USERS.keys]


async def test_a_key_that_is_in_before_the_start_is_offered(bench: Bench, tmp_path: Path) -> None:
    with loop(make(tmp_path / "key", MACHINERY, CONTENT)) as device:
        assert (await bench.end()).verified
        bench.plug(device)
        await bench.begin()
        await bench.stage(KeyStage.READY)
        assert bench.names() == ["Avis.pdf"]


async def test_the_next_visitor_is_not_offered_the_key_of_the_one_before(bench: Bench, tmp_path: Path) -> None:
    with loop(make(tmp_path / "key", MACHINERY, CONTENT)) as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        assert (await bench.end()).verified
        assert not mounts_of(device)
        await bench.begin()
        await bench.problem(KeyProblem.LEFT)
        number = bench.port.published.value.keys[0].id
        with pytest.raises(rpc.Refused, match="left"):
            await bench.port.bring(number, Mode.READ)
        bench.desk.leave_key()
        await asyncio.sleep(0)
        assert bench.desk.state.problem is KeyProblem.LEFT
        assert readers() == []
        # Pulled and put back it is this visitor's.
        bench.unplug()
        await bench.stage(KeyStage.NONE)
        bench.plug(device)
        await bench.stage(KeyStage.READY)


async def test_a_key_that_was_there_when_the_station_started_is_nobody_s(bench: Bench, tmp_path: Path) -> None:
    with loop(make(tmp_path / "key", MACHINERY, CONTENT)) as device:
        await bench.end()
        await bench.build()
        fresh = Port(bench.place)
        fresh.present((plug_of(device, sequence=1),))
        fresh.follow(Snapshot(generation=bench.generation, state=State.READY))
        assert fresh.published.value.keys == ()
        fresh.follow(Snapshot(generation=bench.generation, state=State.ACTIVE))
        assert faults(fresh) == [Fault.LEFT]
        fresh.present((plug_of(device, sequence=2),))
        assert faults(fresh) == [None], "it was pulled and put back"
        await fresh.close()


@pytest.mark.parametrize("busy", [False, True], ids=["open", "copying"])
async def test_a_wipe_takes_the_key_with_it(bench: Bench, tmp_path: Path, busy: bool) -> None:
    with loop(make(tmp_path / "key", MACHINERY, CONTENT)) as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        if busy:
            bench.desk.copy_to_key((bench.document("scan.pdf", PDF * 1500),))
            await until(lambda: bench.desk.state.percent > 5)
        # As after a kill of the daemon: whoever comes next finds it by the cgroup alone.
        wipe = Wipe(bench.place, bench.place.generations())
        assert await wipe.empty()
        assert (await wipe.finish()).verified
        assert not mounts_of(device)
        assert readers() == []
    await until(lambda: str(tmp_path) not in backing(device))


class Stuck:
    """Whether a process of a cgroup waits for a disk, and goes on waiting: so at fifty looks in a row."""

    def __init__(self, cgroup: Path) -> None:
        self._cgroup = cgroup
        self._looks = 0

    def __call__(self) -> bool:
        waits = False
        for procs in self._cgroup.rglob("cgroup.procs"):
            for pid in procs.read_text("ascii").split():
                with contextlib.suppress(psutil.NoSuchProcess):
                    waits |= psutil.Process(int(pid)).status() == psutil.STATUS_DISK_SLEEP
        self._looks = self._looks + 1 if waits else 0
        return self._looks >= 50


@contextlib.contextmanager
def frozen(point: Path) -> Iterator[None]:
    """Every write below the mount point waits in the kernel, as on a disk that does not answer: no kill ends it."""
    run("/usr/sbin/fsfreeze", "--freeze", str(point))
    try:
        yield
    finally:
        run("/usr/sbin/fsfreeze", "--unfreeze", str(point))


async def test_a_disk_that_does_not_answer_holds_nobody_up(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wipe_module, "KILL_SECONDS", 0.3)
    monkeypatch.setattr(wipe_module, "UNMOUNT_SECONDS", 0.3)
    outer = make(tmp_path / "outer", "ext4", mib=96)
    with loop(outer) as under, mounted(under, "ext4") as point:
        with loop(make(point / "key", MACHINERY, CONTENT)) as device:
            bench.plug(device)
            await bench.stage(KeyStage.READY)
            number = bench.port.published.value.keys[0].id
            with frozen(point):
                bench.desk.copy_to_key((bench.document("scan.pdf", PDF * 500),))
                await until(Stuck(bench.place.cgroup(1).path), 20)
                bench.unplug()
                await bench.problem(KeyProblem.PULLED)
                with pytest.raises(rpc.Refused, match="no_key"):
                    await bench.port.bring(number, Mode.READ)
                # A wipe says the truth: there is a process that it cannot end, and the station is not offered.
                assert not (await bench.end()).verified
            outcome = await bench.end()
            assert outcome.verified
            await until(lambda: not mounts_of(device))
        await until(lambda: str(point) not in backing(device))


async def test_nothing_is_opened_for_a_session_that_is_over(bench: Bench, tmp_path: Path) -> None:
    with loop(make(tmp_path / "key", MACHINERY, CONTENT)) as device:
        bench.plug(device)
        [key] = bench.port.published.value.keys
        opening = asyncio.create_task(bench.port.bring(key.id, Mode.READ))
        await asyncio.sleep(0)
        bench.port.abandon()
        with pytest.raises(rpc.Refused, match="no_key"):
            await opening
        assert (await bench.end()).verified
        with pytest.raises(rpc.Refused, match="no_key"):
            await bench.port.bring(key.id, Mode.READ)
        assert bench.port.published.value.keys == ()


async def test_a_reader_that_dies_is_started_again(bench: Bench, tmp_path: Path) -> None:
    with loop(make(tmp_path / "key", MACHINERY, CONTENT)) as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        for process in readers():
            process.kill()
        await bench.problem(KeyProblem.FAILED)
        bench.desk.leave_key()
        await bench.stage(KeyStage.READY)
        assert bench.names() == ["Avis.pdf"]


async def test_a_desk_that_is_started_again_finds_the_key(bench: Bench, tmp_path: Path) -> None:
    with loop(make(tmp_path / "key", MACHINERY, CONTENT)) as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        await bench.start_desk()
        await bench.stage(KeyStage.READY)
        assert bench.names() == ["Avis.pdf"]


async def test_a_desk_that_dies_in_the_middle_of_a_copy_leaves_a_key_that_works(bench: Bench, tmp_path: Path) -> None:
    with loop(make(tmp_path / "key", MACHINERY, CONTENT)) as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        bench.desk.copy_to_key((bench.document("scan.pdf", PDF * 1000),))
        await until(lambda: bench.desk.state.percent > 5)
        await bench.start_desk()
        await bench.stage(KeyStage.READY)
        assert "Avis.pdf" in bench.names()


async def test_pictures_can_be_made_of_what_is_on_a_key(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loop(make(tmp_path / "key", MACHINERY, CONTENT)) as device:
        assert await bench.desk.peek("0") is None
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        [file] = bench.desk.state.files
        copy = await bench.desk.peek(file.id)
        assert copy is not None
        assert (copy.read_bytes(), copy.name[0]) == (PDF, "."), "no document yet"
        copy.unlink()
        bench.desk.pictured(file.id)
        assert [one.picture for one in bench.desk.state.files] == [1]
        assert await bench.desk.peek("1") is None
        monkeypatch.setattr(desk, "MAX_PEEK", 100)
        assert await bench.desk.peek(file.id) is None
        assert bench.desk.state.stage is KeyStage.READY
        assert bench.arrived == []
        assert list((bench.documents / "taken").iterdir()) == []


async def test_of_two_keys_the_newest_is_shown(bench: Bench, tmp_path: Path) -> None:
    one, two = (make(tmp_path / name, MACHINERY, {f"{name}.pdf": PDF}) for name in ("one", "two"))
    with loop(one) as first, loop(two) as second:
        bench.port.present((plug_of(first, sequence=1),))
        await bench.stage(KeyStage.READY)
        bench.port.present((plug_of(first, sequence=1), plug_of(second, sequence=2)))
        await until(lambda: bench.names() == ["two.pdf"])
        bench.port.present((plug_of(first, sequence=1),))
        await until(lambda: bench.names() == ["one.pdf"])


async def test_calls_that_do_not_fit_are_refused(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(rpc.Refused, match="no_key"):
        bench.desk.take_from_key("0")
    with loop(make(tmp_path / "key", MACHINERY, CONTENT)) as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        with pytest.raises(rpc.Refused, match="no_file"):
            bench.desk.take_from_key("../../etc/passwd")
        with pytest.raises(rpc.Refused, match="no_document"):
            bench.desk.copy_to_key(())
        with pytest.raises(rpc.Refused, match="no_key"):
            await bench.port.bring(77, Mode.READ)


async def test_a_file_that_is_too_large_is_not_taken(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loop(make(tmp_path / "key", MACHINERY, {"large.pdf": PDF * 300})) as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        with monkeypatch.context() as little:  # room in the session
            little.setattr(desk, "LEAST_ROOM", 1.0)
            bench.desk.take_from_key(bench.desk.state.files[0].id)
            await bench.problem(KeyProblem.LARGE)
        bench.desk.leave_key()
        await bench.stage(KeyStage.READY)
        assert list((bench.documents / "taken").iterdir()) == []


def test_the_daemon_s_part_knows_no_names() -> None:
    """Papers and their names are the desk's; the daemon, and the root process that holds a key, never load them."""
    for module in ("session.keys.port", "session.keys.control", "session.keys.holder"):
        reached = reached_from(module)
        assert "session.keys.filesystems" in reached
        wrong = {"session.papers", "session.desk.documents", "session.desk", "session.keys.desk", "session.keys.files"}
        assert wrong & set(reached) == set()
