"""What breaks on a machine in a bus: each time a word in the log, a wipe, and READY or OUT_OF_SERVICE with its cause.

Never a half session, and always a way back: `marchepied in-service` once it is mended.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from session.browser.sandbox import CHROMIUM
from session.environment.display import PROGRAMS, DisplayServer
from session.environment.mounts import MOUNT, UMOUNT
from session.environment.sandbox import BWRAP
from session.model import Component, EndReason, Snapshot, State, Trouble
from session.network import NFT
from tests.portal import Portal
from tests.station.harness import RunningStation
from tests.station.visitor import Visitor

FIRST_UID = 61_000
RESTARTS = 1
PATIENCE = ("--set", "session.wipe:UNMOUNT_SECONDS=0.5", "--set", "session.daemon:BUILD_SECONDS=8")
"""A mount that stays busy, a browser that hangs: the real patience is for people, not for tests."""
HOLD = "import os, sys; os.chdir(sys.argv[1]); print(flush=True); sys.stdin.read()"
XVFB = PROGRAMS[DisplayServer.XVFB]


@pytest.fixture(scope="module")
def station() -> Iterator[RunningStation]:
    """One that lives in a mount namespace of its own, so that programs can be taken away from it alone."""
    with RunningStation(
        name="recovery", first_uid=FIRST_UID, restarts=RESTARTS, memory_mib=256, inodes=20_000, apart=True,
        supervise=False, tampered=PATIENCE,
    ) as one:  # fmt: skip
        yield one


@pytest.fixture
def ready(station: RunningStation) -> Snapshot:
    """Whatever the last test left, the station is whole again."""
    now = station.wait(lambda one: one.state in (State.READY, State.OUT_OF_SERVICE), 40)
    return now if now.state is State.READY else mended(station)


def words_since(station: RunningStation, offset: int) -> str:
    return station.log.read_text("utf-8", "replace")[offset:]


def rebuild(station: RunningStation) -> None:
    """Asks for a new environment, as an agent would: out of service, and back."""
    station.call("OutOfService", why="essai")
    station.call("InService")


def closed_by(station: RunningStation, trouble: Trouble, seconds: float = 30.0) -> Snapshot:
    """Waits until the station closed itself for this reason; nobody can start then."""
    now = station.wait(
        lambda one: one.state is State.OUT_OF_SERVICE and one.trouble is trouble, seconds, f"trouble {trouble}"
    )
    assert station.call_as_screen("Start") == "wrong_state"
    return now


def mended(station: RunningStation) -> Snapshot:
    """The way back, and nothing left of what failed."""
    done = station.command("in-service")
    assert done.returncode == 0, done.stderr
    now = station.wait_state(State.READY, 40)
    assert now.trouble is None
    assert now.last_wipe is not None
    assert now.last_wipe.verified
    assert station.place.generations() == [now.generation]
    return now


@pytest.fixture
def hangs(tmp_path: Path) -> Path:
    script = tmp_path / "hangs"
    script.write_text("#!/bin/sh\nexec sleep 600\n", "ascii")
    script.chmod(0o755)
    return script


# -- what an environment is made of is missing, or fails -----------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "behind", "trouble", "said"),
    [
        (CHROMIUM, "/dev/null", Trouble.NO_BROWSER, CHROMIUM),
        (CHROMIUM, "/usr/bin/false", Trouble.NO_BROWSER, "browser ended with code 1"),
        (XVFB, "/dev/null", Trouble.NO_DISPLAY, f"{XVFB} is not installed"),
        (XVFB, "/usr/bin/false", Trouble.NO_DISPLAY, "did not start or ended at once"),
        (NFT, "/dev/null", Trouble.NO_NETWORK_GUARD, f"{NFT} cannot be run"),
        (NFT, "/usr/bin/false", Trouble.NO_NETWORK_GUARD, "egress rules could not be put in force"),
        (BWRAP, "/dev/null", Trouble.NO_DISPLAY, BWRAP),
        (MOUNT, "/usr/bin/false", Trouble.INTERNAL, "cannot mount the session's memory disk"),
    ],
)
def test_a_program_is_missing_or_fails(
    station: RunningStation, ready: Snapshot, program: str, behind: str, trouble: Trouble, said: str
) -> None:
    offset = station.log.stat().st_size
    with station.hide(program, behind):
        rebuild(station)
        now = closed_by(station, trouble)
        assert said in words_since(station, offset)
        # One try more than may fail, and the one that shows "out of service".
        assert now.generation - ready.generation <= RESTARTS + 2
        if program == CHROMIUM:
            station.wait(lambda one: {Component.UI, Component.GUARD} <= set(one.ready), 15, "the notice")
    mended(station)


def test_a_browser_that_hangs(hangs: Path) -> None:
    with RunningStation(
        name="hangs", first_uid=FIRST_UID + 4, restarts=0, apart=True, supervise=False, tampered=PATIENCE
    ) as station:
        station.wait_state(State.READY, 40)
        with station.hide(CHROMIUM, hangs):
            rebuild(station)
            closed_by(station, Trouble.NO_BROWSER, 45)
            assert "not ready after" in station.last_words()
        mended(station)


def test_too_little_memory_to_begin(station: RunningStation, ready: Snapshot, tmp_path: Path) -> None:
    offset = station.log.stat().st_size
    scarce = tmp_path / "meminfo"
    scarce.write_text("MemTotal: 2000000 kB\nMemAvailable: 200000 kB\n", "ascii")
    with station.hide("/proc/meminfo", scarce):
        rebuild(station)
        closed_by(station, Trouble.NO_MEMORY)
        assert "195 MiB of memory are available" in words_since(station, offset)
    mended(station)


def test_the_machine_runs_out_of_memory_in_a_session(station: RunningStation, ready: Snapshot, tmp_path: Path) -> None:
    station.begin()
    scarce = tmp_path / "meminfo"
    scarce.write_text("MemTotal: 2000000 kB\nMemAvailable: 50000 kB\n", "ascii")
    with station.hide("/proc/meminfo", scarce):
        now = closed_by(station, Trouble.NO_MEMORY)
        assert now.last_wipe is not None
        assert now.last_wipe.verified
    assert "no memory was left" in station.command("receipts").stdout
    mended(station)


def test_a_browser_without_its_policy() -> None:
    with RunningStation(
        name="policy", first_uid=FIRST_UID + 4, restarts=0, supervise=False, tampered=("--no-policy",)
    ) as station:
        closed_by(station, Trouble.BAD_POLICY, 40)
        assert station.command("status").returncode == 0
        assert not station.processes(Component.BROWSER)


# -- the session's memory disk is full -----------------------------------------------------------------------------


def visitor_writes(station: RunningStation, generation: int, code: str) -> subprocess.Popen[bytes]:
    """A process of the visitor's, in the environment, whose working directory is the documents."""
    place = station.place
    documents = os.open(f"/proc/{station.pid}/root{place.tree(generation)}/documents", os.O_RDONLY)
    procs = place.cgroup(generation).open_procs()

    def become() -> None:
        os.write(procs, b"0")
        os.fchdir(documents)
        os.setgroups([])
        os.setgid(place.users.visitor)
        os.setuid(place.users.visitor)

    try:
        return subprocess.Popen(
            [sys.executable, "-c", code], preexec_fn=become, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    finally:
        os.close(documents)
        os.close(procs)


@pytest.mark.parametrize(
    "code",
    [
        "f = open('x', 'wb')\nwhile True: f.write(bytes(1 << 20)); f.flush()",
        "for n in range(1 << 30): open(str(n), 'wb').close()",
    ],
    ids=["bytes", "inodes"],
)
def test_the_visitor_fills_the_memory_disk(station: RunningStation, ready: Snapshot, code: str) -> None:
    generation = station.begin()
    with visitor_writes(station, generation, code):
        now = station.wait_state(State.READY, 40, after=generation)
    assert now.last_wipe is not None
    assert (now.last_wipe.reason, now.last_wipe.verified) == (EndReason.NO_MEMORY, True)


def test_the_smallest_memory_disk_is_enough_for_a_visit() -> None:
    with (
        Portal() as portal,
        RunningStation(
            name="tiny", first_uid=FIRST_UID + 4, restarts=0, memory_mib=64, inodes=1_000, supervise=False,
            port=portal.port, tls_port=portal.tls_port,
        ) as station,
    ):  # fmt: skip
        station.wait_state(State.READY, 40)
        with station.screen() as screen:
            visitor = Visitor(station, screen)
            visitor.begin()
            visitor.open_first_site()
            visitor.log_in("jeanne", "secret")
        assert visitor.state() is State.ACTIVE


# -- receipts cannot be written ------------------------------------------------------------------------------------


def _a_file_in_its_place(station: RunningStation) -> Callable[[], None]:
    aside = station.state.with_name("aside")
    station.state.rename(aside)
    station.state.write_text("", "ascii")

    def mend() -> None:
        station.state.unlink()
        aside.rename(station.state)

    return mend


def _read_only(station: RunningStation) -> Callable[[], None]:
    station.inside("mount", "-t", "tmpfs", "-o", "ro", "none", str(station.state))
    return lambda: station.inside("umount", str(station.state))


def _full(station: RunningStation) -> Callable[[], None]:
    station.inside("mount", "-t", "tmpfs", "-o", "size=4k,nr_inodes=16", "none", str(station.state))
    Path(f"/proc/{station.pid}/root{station.state}/fill").write_bytes(bytes(4096))
    return lambda: station.inside("umount", str(station.state))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(_a_file_in_its_place, "not a directory"), (_read_only, "read-only"), (_full, "disk is full")],
)
def test_no_receipt_no_service(
    station: RunningStation, ready: Snapshot, spoil: Callable[[RunningStation], Callable[[], None]], said: str
) -> None:
    station.begin()
    offset = station.log.stat().st_size
    mend = spoil(station)
    try:
        station.call("End")
        closed_by(station, Trouble.STATE_UNWRITABLE)
        assert said in words_since(station, offset)
        assert station.command("in-service").returncode == 0
        closed_by(station, Trouble.STATE_UNWRITABLE)
    finally:
        mend()
    mended(station)
    assert station.command("receipts", "--verify").returncode == 0


# -- the wipe cannot be finished -----------------------------------------------------------------------------------


@contextlib.contextmanager
def held(directory: str) -> Iterator[None]:
    """Somebody who is root sits in the directory."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, directory], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        yield
        holder.kill()


def test_a_held_memory_disk(station: RunningStation, ready: Snapshot) -> None:
    generation = station.begin()
    offset = station.log.stat().st_size
    with held(f"/proc/{station.pid}/root{station.place.tree(generation)}"):
        station.call("End")
        now = closed_by(station, Trouble.WIPE_UNVERIFIED)
        assert now.last_wipe is not None
        assert not now.last_wipe.verified
        assert "the wipe is not verified: unmount, remove, mounts, directories" in words_since(station, offset)
        assert "failed: unmount" in station.command("receipts", "--last", "1").stdout
        assert generation in station.place.generations()
        # Asking for service does not talk it out of that.
        assert station.command("in-service").returncode == 0
        station.wait(lambda one: one.sequence > now.sequence and one.state is State.OUT_OF_SERVICE, 20)
    mended(station)


def test_a_held_memory_disk_is_tried_again_and_stopping_says_so() -> None:
    with RunningStation(
        name="held", first_uid=FIRST_UID + 4, supervise=False, apart=True,
        tampered=(*PATIENCE, "--set", "session.machine:RETRY_SECONDS=1"),
    ) as station:  # fmt: skip
        generation = station.begin()
        with held(f"/proc/{station.pid}/root{station.place.tree(generation)}"):
            station.call("End")
            closed_by(station, Trouble.WIPE_UNVERIFIED)
        generation = station.wait_state(State.READY, 30).generation
        assert generation in station.place.generations()
        with held(f"/proc/{station.pid}/root{station.place.tree(generation)}"):
            assert station.terminate() == 1
        assert "could not be verified" in station.last_words()


def test_umount_itself_fails(station: RunningStation, ready: Snapshot) -> None:
    station.begin()
    with station.hide(UMOUNT, "/usr/bin/false"):
        station.call("End")
        closed_by(station, Trouble.WIPE_UNVERIFIED)
    mended(station)


def test_what_a_person_closed_only_a_person_opens() -> None:
    """Whatever fails meanwhile, and however often it is tried again."""
    with RunningStation(
        name="closed", first_uid=FIRST_UID + 4, restarts=0, supervise=False, apart=True,
        tampered=(*PATIENCE, "--set", "session.machine:RETRY_SECONDS=0.5"),
    ) as station:  # fmt: skip
        generation = station.begin()
        offset = station.log.stat().st_size
        with station.hide(MOUNT, "/usr/bin/false"):
            station.call("Maintenance", why="essai")
            station.wait(lambda one: one.generation >= generation + 3, 20, "some tries")
        now = station.wait(
            lambda one: one.state is State.MAINTENANCE and {Component.UI, Component.GUARD} <= set(one.ready), 20
        )
        assert now.note == "essai"
        said = words_since(station, offset)
        assert "-> ready" not in said
        assert "-> out_of_service" not in said
        mended(station)


# -- starting and stopping -----------------------------------------------------------------------------------------


def test_what_a_crash_left_is_wiped_before_anything_else() -> None:
    station = RunningStation(name="leftovers", first_uid=FIRST_UID + 4, supervise=False)
    place, visitor = station.place, station.place.users.visitor
    place.tree(3).mkdir(parents=True)
    tree = place.tree(7)
    tree.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", str(tree)], check=True)
    (tree / "documents").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", str(tree / "documents")], check=True)
    (tree / "documents" / "lettre.pdf").write_bytes(b"secret")
    subprocess.run(["mount", "-t", "tmpfs", "none", str(tree)], check=True)  # one over the other
    inner = place.cgroup(9).path / "inner"
    inner.mkdir(parents=True)
    sleep = ["sleep", "600"]
    with subprocess.Popen(sleep, user=visitor) as stray, subprocess.Popen(sleep) as captive:
        (inner / "cgroup.procs").write_text(str(captive.pid), "ascii")
        with station:
            now = station.wait_state(State.READY, 40)
            assert now.last_wipe is not None
            assert (now.last_wipe.reason, now.last_wipe.verified) == (EndReason.LEFTOVERS, True)
            assert now.generation == 10, "a number was given twice"
            assert place.generations() == [10]
            assert (stray.wait(5), captive.wait(5)) == (-signal.SIGKILL, -signal.SIGKILL)


def test_a_directory_that_is_not_ours_closes_the_station_until_somebody_looked() -> None:
    station = RunningStation(name="strange", first_uid=FIRST_UID + 4, supervise=False)
    strange = station.place.tree(4)
    strange.mkdir(parents=True)
    (strange / "notes").write_text("whose?", "ascii")
    with station:
        closed_by(station, Trouble.WIPE_UNVERIFIED)
        assert f"cannot remove {strange}" in station.last_words()
        shutil.rmtree(strange)
        mended(station)


def test_a_second_daemon_refuses_the_same_directory(station: RunningStation, ready: Snapshot) -> None:
    second = station.second_daemon()
    assert second.returncode == 2
    assert "another sessiond is at work" in second.stderr
    assert station.status() == ready
