"""The cgroup: whatever is in it dies, it is known to be empty, and it goes."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from session.environment.cgroup import Cgroup, CgroupError, find_base
from session.environment.process import Process, spawn
from tests.session.talk import until

V2 = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n"
HYBRID = (
    "tmpfs /sys/fs/cgroup tmpfs rw 0 0\nc /sys/fs/cgroup/cpu cgroup rw 0 0\nc /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
)


async def start(group: Cgroup, *argv: str) -> Process:
    procs = group.open_procs()
    try:
        return await spawn(argv, cgroup_fd=procs)
    finally:
        os.close(procs)


def count(group: Cgroup) -> int:
    return len((group.path / "cgroup.procs").read_text().split())


_BOMB = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for number in range(200):
    if os.fork() == 0:
        os.setsid()
        if number < 4:
            while True:  # these never stop making new ones
                if os.fork() == 0:
                    os._exit(0)
                os.wait()
        signal.pause()
signal.pause()
"""


async def test_a_fork_bomb_dies_whole(group: Cgroup) -> None:
    bomb = await start(group, "/usr/bin/python3", "-S", "-c", _BOMB)
    await until(lambda: count(group) > 200, 20)
    assert group.populated
    assert await group.kill()
    assert not group.populated
    assert count(group) == 0
    assert await bomb.wait() == -9
    assert group.remove()
    assert not group.exists


async def test_what_is_in_nested_cgroups_dies_and_goes_too(group: Cgroup) -> None:
    inner = Cgroup(group.path / "a" / "b")
    inner.create()
    Cgroup(group.path / "a" / "c").create()
    process = await start(inner, "/usr/bin/sleep", "1000")
    assert group.populated
    assert not group.remove()
    assert group.exists
    assert await group.kill()
    assert await process.wait() == -9
    assert group.remove()
    assert not group.exists


async def test_an_empty_one_and_none_at_all_are_dead_already(group: Cgroup) -> None:
    assert not group.populated
    assert await group.kill()
    assert group.remove()
    assert await group.kill()
    assert group.remove()
    assert not group.populated


async def test_a_process_that_ends_by_itself_empties_it(group: Cgroup) -> None:
    process = await start(group, "/bin/true")
    await process.wait()
    await until(lambda: not group.populated)


async def test_what_does_not_die_is_told_after_the_time(group: Cgroup, monkeypatch: pytest.MonkeyPatch) -> None:
    fds = len(os.listdir("/proc/self/fd"))
    process = await start(group, "/usr/bin/sleep", "1000")
    with monkeypatch.context() as stuck:
        stuck.setattr(Cgroup, "populated", True)
        assert not await group.kill(0.05)
    await process.wait()
    assert len(os.listdir("/proc/self/fd")) == fds


async def test_many_can_die_at_once(group: Cgroup) -> None:
    groups = [Cgroup(group.path / f"g{number}") for number in range(5)]
    for one in groups:
        one.create()
    processes = [await start(one, "/usr/bin/sleep", "1000") for one in groups]
    assert all(await asyncio.gather(*(one.kill() for one in groups)))
    assert await asyncio.gather(*(process.wait() for process in processes)) == [-9] * 5


def test_one_that_is_there_already_or_is_no_cgroup_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CgroupError, match=r"has no cgroup\.kill"):
        Cgroup(tmp_path / "environment-1").create()
    with pytest.raises(CgroupError, match="cannot make the cgroup"):
        Cgroup(tmp_path / "environment-1").create()
    (tmp_path / "file").touch()
    with pytest.raises(CgroupError, match="cannot make the cgroup"):
        Cgroup(tmp_path / "file" / "environment-1").create()


@pytest.mark.parametrize(
    ("mounts", "own", "name", "base"),
    [
        (V2, "0::/\n", None, "/sys/fs/cgroup"),
        (V2, "0::/system.slice/marchepied.service\n", None, "/sys/fs/cgroup/system.slice/marchepied.service"),
        (V2, "0::/system.slice/marchepied.service/daemon\n", None, "/sys/fs/cgroup/system.slice/marchepied.service"),
        (V2, "0::/system.slice/m.service/daemon\n", "second-1", "/sys/fs/cgroup/system.slice/m.service/second-1"),
        (HYBRID, "9:name=systemd:/a\n0::/b\n", None, "/sys/fs/cgroup/unified/b"),
        (HYBRID, "10:x:/10\n0::/\n", "two", "/sys/fs/cgroup/unified/two"),
    ],
)
def test_the_base_is_the_daemons_own_cgroup(tmp_path: Path, mounts: str, own: str, name: str | None, base: str) -> None:
    (tmp_path / "mounts").write_text(mounts)
    (tmp_path / "own").write_text(own)
    found = find_base(name, mounts_file=tmp_path / "mounts", own_file=tmp_path / "own")
    assert found == Path(base)


@pytest.mark.parametrize(
    ("mounts", "own", "name", "says"),
    [
        ("tmpfs / tmpfs rw 0 0\n", "0::/\n", None, "no cgroup2 mount"),
        ("", "0::/\n", None, "no cgroup2 mount"),
        (V2, "4:memory:/x\n", None, "in no cgroup v2"),
        (V2, "", None, "in no cgroup v2"),
        (V2, "0::/../../elsewhere\n", None, "in no cgroup v2"),
        (V2, "0::/\n", "../escape", "letters, digits and dashes"),
        (V2, "0::/\n", "a/b", "letters, digits and dashes"),
        (V2, "0::/\n", "", "letters, digits and dashes"),
        (V2, "0::/\n", "-", "letters, digits and dashes"),
    ],
)
def test_what_makes_no_base_is_said(tmp_path: Path, mounts: str, own: str, name: str | None, says: str) -> None:
    (tmp_path / "mounts").write_text(mounts)
    (tmp_path / "own").write_text(own)
    with pytest.raises(CgroupError, match=says):
        find_base(name, mounts_file=tmp_path / "mounts", own_file=tmp_path / "own")


async def test_the_machines_own_base_is_a_cgroup() -> None:
    assert (find_base() / "cgroup.procs").exists()




def ticks(process: Process) -> int:
    """Processor time that it used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2].split()
    return int(fields[11]) + int(fields[12])


async def test_what_is_frozen_stands_still_until_it_is_thawed(group: Cgroup) -> None:
    busy = await start(group, "/usr/bin/python3", "-S", "-c", "while True: pass")
    await until(lambda: ticks(busy) > 0)
    assert not group.frozen
    assert await group.freeze()
    assert group.frozen
    stood = ticks(busy)
    beside = await start(Cgroup(group.path.parent), "/usr/bin/python3", "-S", "-c", "sum(range(5_000_000))")
    assert await beside.wait() == 0
    assert ticks(busy) == stood, "it ran while another one was seen to run"
    group.thaw()
    assert not group.frozen
    await until(lambda: ticks(busy) > stood)


async def test_what_is_frozen_dies_at_once(group: Cgroup) -> None:
    inner = Cgroup(group.path / "browser")
    inner.create()
    process = await start(inner, "/usr/bin/sleep", "1000")
    assert await inner.freeze()
    assert await group.kill(2.0), "killed from above, still frozen"
    assert await process.wait() == -9
    assert group.remove()


async def test_an_empty_one_is_frozen_at_once_and_one_that_is_gone_is_thawed(group: Cgroup) -> None:
    assert await group.freeze()
    group.thaw()
    assert group.remove()
    group.thaw()
