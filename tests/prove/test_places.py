"""The seeker reads what it says that it reads: names, contents, memory, deleted files, shared segments."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.prove import files, kernel, marks, memory
from tests.prove.marks import Eye
from tests.prove.planter import _segment
from tests.station import stick

SEED = b"p" * 32
MARK = marks.mark(SEED, "route").encode()

HOLDER = """
import ctypes, mmap, os, sys
libc = ctypes.CDLL(None)
text = bytes.fromhex(sys.stdin.readline())[::-1]
size = 1 << 20
anonymous = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
anonymous[70000:70000 + len(text)] = text
address = ctypes.addressof(ctypes.c_char.from_buffer(anonymous))
if sys.argv[1] == "hidden":
    assert libc.mprotect(ctypes.c_void_p(address), size, 0) == 0
if sys.argv[1] == "memfd":
    anonymous[70000:70000 + len(text)] = bytes(len(text))
    os.write(os.memfd_create("x"), text)
text = None
print("ready", flush=True)
sys.stdin.readline()
"""
"""A process with the mark in one place; it gets it backwards, so that its input buffer is no second one."""


@pytest.fixture
def eye() -> Eye:
    return Eye([(SEED, "route")])


@contextlib.contextmanager
def holder(how: str) -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(MARK[::-1].hex() + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n"
        yield process.pid
    finally:
        process.communicate("\n", timeout=10)


@pytest.mark.parametrize("how", ["plain", "hidden"])
def test_memory_is_read_whatever_its_protection(eye: Eye, how: str) -> None:
    with holder(how) as pid:
        process = memory.Reader(eye).read(pid)
    assert process is not None
    assert process.complete
    assert process.size > 1 << 20
    assert process.user == os.getuid()
    assert ("route", "UTF-8") in process.found


def test_memory_files_without_a_name_are_read(eye: Eye) -> None:
    with holder("memfd") as pid:
        found = [eye.look_through(files.data_of(descriptor))[0] for descriptor in memory.open_deleted(pid)]
    assert {("route", "UTF-8"): 1} in found


def test_what_has_ended_has_no_memory(eye: Eye) -> None:
    with holder("plain") as pid:
        assert pid in memory.family(os.getpid(), frozenset(), Path("/nowhere"))
    assert memory.Reader(eye).read(pid) is None
    assert pid not in memory.family(os.getpid(), frozenset(), Path("/nowhere"))


def look(eye: Eye, root: Path, since: float) -> tuple[files.Walk, set[str]]:
    walked = files.walk(eye, root, since, set(), lambda path: path.endswith("skipped"))
    return walked, {str(Path(trace.path).relative_to(root)) for trace in walked.traces}


def test_names_contents_links_and_attributes_are_read(eye: Eye, tmp_path: Path) -> None:
    since = time.time() - 1
    name = MARK.decode()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "content").write_bytes(b"\0" * 100 + MARK.decode().encode("utf-16-le"))
    (tmp_path / "sparse").touch()
    with (tmp_path / "sparse").open("r+b") as sparse:
        sparse.seek(1 << 33)
        sparse.write(MARK)
    (tmp_path / f"{name}.txt").touch()
    (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(f"/nowhere/{name}")
    (tmp_path / "skipped").write_bytes(MARK)
    (tmp_path / "innocent").write_bytes(MARK[:12])
    os.mkfifo(tmp_path / "fifo")
    wanted = {"deep/content", "sparse", f"{name}.txt", name, "link"}
    with contextlib.suppress(OSError):  # not every file system has them
        (tmp_path / "attribute").touch()
        os.setxattr(tmp_path / "attribute", "user.origin", MARK)
        wanted.add("attribute")
    walked, found = look(eye, tmp_path, since)
    assert found == wanted
    assert not walked.unreadable
    assert walked.size < 1 << 20


def test_old_files_give_their_names_only(eye: Eye, tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(MARK)
    (tmp_path / MARK.decode()).touch()
    assert look(eye, tmp_path, time.time() + 60)[1] == {MARK.decode()}


def test_a_file_system_is_walked_once(eye: Eye, tmp_path: Path) -> None:
    devices: set[int] = set()
    first = files.walk(eye, tmp_path, 0, devices, lambda path: False)
    (tmp_path / MARK.decode()).touch()
    second = files.walk(eye, tmp_path, 0, devices, lambda path: False)
    assert not first.traces
    assert not second.traces


def test_the_root_is_among_what_is_searched() -> None:
    kinds = {mount.kind for mount in files.mounts()}
    assert "proc" in kinds
    searched = files.searched([os.getpid()])
    assert Path("/proc") not in searched
    assert Path("/sys") not in searched


def test_shared_segments_are_read(eye: Eye) -> None:
    since = time.time() - 1
    identifier = _segment(MARK)
    try:
        (part,) = kernel.shared_memory(eye, since, frozenset())
    finally:
        ctypes.CDLL(None).shmctl(identifier, 0, None)
    assert part.found == {("route", "UTF-8"): 1}
    assert not part.trouble


def test_what_a_visitor_brings_is_passed_over_and_taken_away(eye: Eye, tmp_path: Path) -> None:
    keys = tmp_path / "outside" / "keys"
    keys.mkdir(parents=True)
    device = stick.plug(stick.make_stick(keys, {"lettre.pdf": MARK}))
    try:
        assert MARK in (keys / stick.IMAGE).read_bytes()
        skipped = files.walk(eye, tmp_path, 0, set(), lambda path: path == str(keys.parent))
        assert not skipped.traces
        # As a holder that was killed leaves it.
        subprocess.run(["/usr/sbin/blockdev", "--setro", device], check=True)
    finally:
        stick.pull_all(keys)
    assert list(keys.iterdir()) == []
    said = subprocess.run(["/usr/sbin/blockdev", "--getro", device], check=True, capture_output=True)
    assert said.stdout == b"0\n"


def test_kernel_lists_are_read(eye: Eye) -> None:
    part = kernel.lists(eye)
    assert part.size > 0
    assert not part.found
