"""The wipe on real cgroups, mounts and processes, and each check made to fail by what it is there to find."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import psutil
import pytest

from session import wipe as wipe_module
from session.environment import mounts
from session.environment.cgroup import Cgroup, find_base
from session.environment.mounts import mount_tmpfs, mounted_below
from session.environment.process import Process, spawn
from session.environment.users import Users
from session.records import CheckResult
from session.wipe import Outcome, Place, Wipe, processes_of
from tests.session.talk import as_user, until

USERS = Users(64_900)
VISITOR = USERS.visitor
STUBBORN = """
import os, signal, sys
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
held = open(sys.argv[1] + "/held", "w")
for _ in range(3):
    os.fork()
while True:
    signal.pause()
"""


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """Where this test's environments live; whatever the wipe was made to leave is taken away here."""
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(0o755)
    base = find_base(f"marchepied-test-{os.getpid()}")
    place = Place(tmp_path / "environment", base, USERS)
    yield place
    for generation in place.generations():
        assert await place.cgroup(generation).kill()
        for point in mounted_below(place.tree(generation)):
            await mounts.unmount(point)
        assert place.cgroup(generation).remove()
    with contextlib.suppress(FileNotFoundError):
        base.rmdir()


async def build(place: Place, generation: int, processes: int = 1) -> list[Process]:
    """An environment with files of the visitor's and processes that ignore every signal that can be ignored."""
    cgroup, tree = place.cgroup(generation), place.tree(generation)
    cgroup.create()
    await mount_tmpfs(tree, 16, 2_000)
    (tree / "home").mkdir()
    for number in range(50):
        (tree / "home" / f"secret-{number}").write_bytes(b"of the visitor")
    for path in (tree / "home", *(tree / "home").iterdir()):
        os.chown(path, VISITOR, VISITOR)
    procs = cgroup.open_procs()
    drop = ("/usr/bin/setpriv", f"--reuid={VISITOR}", f"--regid={VISITOR}", "--clear-groups", "--")
    try:
        argv = [*drop, "/usr/bin/python3", "-S", "-c", STUBBORN, str(tree / "home")]
        started = [await spawn(argv, cgroup_fd=procs) for _ in range(processes)]
    finally:
        os.close(procs)
    await until(lambda: len(list(processes_of(USERS))) >= 8 * processes)
    return started


async def run(place: Place, generations: Iterable[int], required: Iterable[str] = ()) -> Outcome:
    wipe = Wipe(place, generations, frozenset(required))
    await wipe.empty()
    return await wipe.finish()


def failed(outcome: Outcome) -> set[str]:
    """Names of the steps and checks that did not hold."""
    names = {step.name for step in outcome.steps if not step.ok}
    names |= {check.name for check in outcome.checks if check.result is CheckResult.FAILED}
    assert outcome.verified == (not names)
    return names


async def test_of_an_environment_nothing_is_left(place: Place) -> None:
    for generation in (3, 4):
        await build(place, generation)
    nested = place.cgroup(3).path / "inner"
    nested.mkdir()
    await mount_tmpfs(place.tree(3) / "home" / "deeper mount", 1, 10)
    assert place.generations() == [3, 4]
    wipe = Wipe(place, place.generations())
    assert await wipe.empty()
    assert list(processes_of(USERS)) == []
    assert mounted_below(place.tree(3)) != [], "that comes at leisure"
    outcome = await wipe.finish()
    assert failed(outcome) == set()
    assert [step.name for step in outcome.steps] == ["kill", "strays", "unmount", "remove"]
    assert {check.name for check in outcome.checks} == {
        *("processes", "sockets", "mounts", "cgroups", "directories", "files", "sysv_ipc"),
        *("no_swap", "tmpfs_noswap", "no_core_pipe", "init_on_free"),
    }
    assert 0 <= outcome.milliseconds < 10_000
    assert place.generations() == []
    assert mounted_below(place.runtime) == []
    assert list(place.runtime.iterdir()) == []


async def test_on_nothing_it_holds_and_again(place: Place) -> None:
    assert place.generations() == []
    assert failed(await run(place, ())) == set()
    assert failed(await run(place, (1, 2))) == set()
    await build(place, 1)
    for _ in range(3):
        assert failed(await run(place, (1,))) == set()


async def test_what_was_only_half_built_goes_too(place: Place) -> None:
    place.cgroup(5).create()
    place.tree(6).mkdir(parents=True)
    await mount_tmpfs(place.tree(7), 1, 10)
    assert place.generations() == [5, 6, 7]
    assert failed(await run(place, place.generations())) == set()
    assert place.generations() == []


def test_only_numbers_are_generations(place: Place) -> None:
    for name in ("1", "12", "x", "²", "٣", "-1", "1.5", ""):
        (place.runtime / name).mkdir(parents=True, exist_ok=True)
    assert place.generations() == [1, 12]
    for name in ("1", "12"):
        (place.runtime / name).rmdir()


async def test_a_stray_process_outside_every_cgroup_is_killed(place: Place) -> None:
    drop = ["/usr/bin/setpriv", f"--reuid={USERS.scanning}", f"--regid={USERS.scanning}", "--clear-groups"]
    with subprocess.Popen([*drop, "/usr/bin/sleep", "1000"]) as stray:
        await until(lambda: any(process.pid == stray.pid for process in processes_of(USERS)))
        wipe = Wipe(place, (1,))
        assert await wipe.empty()
        assert failed(await wipe.finish()) == set()
        assert stray.wait(5) == -9


async def test_a_process_that_only_kept_one_of_our_ids_is_a_stray(place: Place) -> None:
    keeping = f"import os, time; os.setresuid({VISITOR}, 0, 0); print(flush=True); time.sleep(1000)"
    with subprocess.Popen(["/usr/bin/python3", "-S", "-c", keeping], stdout=subprocess.PIPE) as stray:
        assert stray.stdout is not None
        stray.stdout.readline()
        assert failed(await run(place, ())) == set()
        assert stray.wait(5) == -9


async def test_neighbours_of_our_users_are_left_alone(place: Place) -> None:
    uids = (USERS.first - 1, USERS.first + 5, 0)
    others = [subprocess.Popen(["/usr/bin/setpriv", f"--reuid={uid}", "/usr/bin/sleep", "1000"]) for uid in uids]
    try:
        assert failed(await run(place, ())) == set()
        assert [other.poll() for other in others] == [None] * 3
    finally:
        for other in others:
            other.kill()
            other.wait()


async def test_a_process_that_does_not_die_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wipe_module, "KILL_SECONDS", 0.1)
    monkeypatch.setattr(wipe_module, "UNMOUNT_SECONDS", 0.1)
    await build(place, 1)
    with monkeypatch.context() as stuck:  # in the kernel's hands, as with a broken disk
        stuck.setattr(psutil.Process, "kill", lambda _process: None)
        stuck.setattr(Cgroup, "kill", lambda _cgroup, _seconds: asyncio.sleep(0, False))
        wipe = Wipe(place, (1,))
        assert not await wipe.empty()
        outcome = await wipe.finish()
    assert {"kill", "strays", "processes"} <= failed(outcome)
    assert failed(await run(place, (1,))) == set()


async def test_a_file_held_by_a_process_outside_is_told_and_the_rest_goes(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wipe_module, "UNMOUNT_SECONDS", 0.2)
    for generation in (1, 2):
        await build(place, generation)
    with (place.tree(1) / "home" / "secret-1").open("rb"):
        began = time.monotonic()
        wipe = Wipe(place, (1, 2))
        assert await wipe.empty()
        outcome = await wipe.finish()
        assert time.monotonic() - began < 5
        assert failed(outcome) == {"unmount", "remove", "mounts", "directories"}
        assert place.generations() == [1], "the other one is gone"
        assert not place.cgroup(1).exists
    assert failed(await run(place, place.generations())) == set()


async def test_a_hold_that_ends_in_time_is_waited_for(place: Place) -> None:
    await build(place, 1)
    held = (place.tree(1) / "home" / "secret-1").open("rb")
    wipe = Wipe(place, (1,))
    assert await wipe.empty()
    finishing = asyncio.create_task(wipe.finish())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.1, held.close)
    assert failed(await finishing) == set()


async def test_a_directory_with_something_in_it_is_not_ours_to_delete(place: Place) -> None:
    place.tree(1).mkdir(parents=True)
    (place.tree(1) / "file").touch()
    place.tree(2).mkdir()
    assert failed(await run(place, (1, 2))) == {"remove", "directories"}
    assert (place.tree(1) / "file").exists()
    assert not place.tree(2).exists()
    (place.tree(1) / "file").unlink()
    place.tree(1).rmdir()


@pytest.mark.parametrize("directory", ["/tmp", "/dev/shm", "/var/tmp", "/tmp/{}/deep/er"])
@pytest.mark.parametrize("user", sorted(USERS.all))
async def test_a_file_left_where_anybody_may_write_is_found(place: Place, directory: str, user: int) -> None:
    name = f"marchepied-test-{os.getpid()}"
    top = Path(directory.format(name))
    top.mkdir(parents=True, exist_ok=True)
    left = top / f"{name}.left"
    try:
        left.touch(0o600)
        os.chown(left, user, -1)
        assert failed(await run(place, ())) == {"files"}
        os.chown(left, USERS.first + 5, -1)
        assert failed(await run(place, ())) == set()
        left.unlink()
        left.symlink_to("/etc/passwd")
        os.lchown(left, user, -1)
        assert failed(await run(place, ())) == {"files"}
    finally:
        left.unlink()
        while top.name in ("er", "deep", name):
            top.rmdir()
            top = top.parent


async def test_the_next_environment_is_not_taken_for_a_leftover(place: Place) -> None:
    # Under /tmp here as in a try-out: the scan must see that those files are on a mount of their own.
    await build(place, 1)
    wipe = Wipe(place, (1,))
    assert await wipe.empty()
    await build(place, 2)
    assert failed(await wipe.finish()) == set()
    assert place.generations() == [2]
    assert failed(await run(place, (2,))) == set()


async def test_too_many_entries_are_a_failed_check_and_no_long_silence(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wipe_module, "SCAN_ENTRIES", 0)
    assert failed(await run(place, ())) == {"files"}


@pytest.fixture(params=["-M 4096", "-S 2", "-Q"])
def segment(request: pytest.FixtureRequest) -> Iterator[None]:
    """A System V shared memory, semaphore set or message queue of the visitor's."""
    drop = ["/usr/bin/setpriv", f"--reuid={VISITOR}", f"--regid={VISITOR}", "--clear-groups"]
    made = subprocess.run([*drop, "/usr/bin/ipcmk", *request.param.split()], check=True, capture_output=True, text=True)
    yield
    number = made.stdout.split(":")[1].strip()
    subprocess.run(["/usr/bin/ipcrm", request.param[:2].lower(), number], check=True)


@pytest.mark.usefixtures("segment")
async def test_system_v_ipc_is_found(place: Place) -> None:
    assert failed(await run(place, ())) == {"sysv_ipc"}


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
async def test_a_socket_that_somebody_still_holds_is_found(
    place: Place, family: socket.AddressFamily, kind: socket.SocketKind
) -> None:
    with as_user(VISITOR):
        held = socket.socket(family, kind)
    with held:
        held.bind(("127.0.0.1" if family is socket.AF_INET else "::1", 0))
        if kind is socket.SOCK_STREAM:
            held.listen()
        wipe = Wipe(place, ())
        assert not await wipe.empty()
        assert failed(await wipe.finish()) == {"sockets"}
    assert failed(await run(place, ())) == set()


async def test_what_the_machine_lacks_counts_only_where_it_is_required(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = {"no_swap": "_no_swap", "no_core_pipe": "_no_core_pipe", "init_on_free": "_init_on_free"}
    for function in lacking.values():
        monkeypatch.setattr(wipe_module, function, lambda: False)
    monkeypatch.setattr(wipe_module, "kernel_has_noswap", lambda: False)
    outcome = await run(place, ())
    assert failed(outcome) == set()
    unavailable = {check.name for check in outcome.checks if check.result is CheckResult.UNAVAILABLE}
    assert unavailable == {*lacking, "tmpfs_noswap"}
    assert failed(await run(place, (), ("no_swap", "tmpfs_noswap"))) == {"no_swap", "tmpfs_noswap"}


@pytest.mark.parametrize("error", [OSError("a disk"), psutil.AccessDenied(1), UnicodeDecodeError("x", b"", 0, 1, "y")])
async def test_a_check_that_cannot_be_made_did_not_hold(
    place: Place, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> bool:
        raise error

    monkeypatch.setattr(wipe_module, "_owns_public_file", broken)
    monkeypatch.setattr(wipe_module, "_owns_sysv_ipc", broken)
    assert failed(await run(place, ())) == {"files", "sysv_ipc"}
    assert "cannot check files" in caplog.text
