"""The display: a real server in its sandbox, which opens for the cookie and for nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from session.environment import display as display_module
from session.environment.cgroup import Cgroup
from session.environment.display import (
    PROGRAMS,
    READY_FD,
    Display,
    DisplayServer,
    answers,
    cookie_of,
    prepare,
    sandbox,
)
from session.environment.mounts import mount_tmpfs, unmount
from session.environment.process import spawn
from session.environment.tree import DISPLAY, Tree, xauthority
from session.environment.users import Users
from session.pages import Settings

USERS = Users(64_900)
XVFB = Display(DisplayServer.XVFB, 800, 600)
XEPHYR = Display(DisplayServer.XEPHYR, 800, 600)


@pytest.fixture
async def tree(tmp_path: Path) -> AsyncIterator[Tree]:
    await mount_tmpfs(tmp_path / "tree", 64, 1_000)
    tree = Tree(tmp_path / "tree")
    tree.populate(USERS, Settings())
    yield tree
    await unmount(tree.root)


def display_number(ready: int) -> bytes:
    """All of it: the server writes its line in two pieces, and dies if nobody reads the second."""
    with open(ready, "rb", closefd=False) as file:
        return file.readline().strip()


async def hello(tree: Tree, cookie: bytes) -> int:
    """The first byte of the server's answer to a connection's set-up: 1 opens (X11 protocol, section 8)."""
    name = b"MIT-MAGIC-COOKIE-1" if cookie else b""
    head = struct.pack("<BxHHHHxx", ord("l"), 11, 0, len(name), len(cookie))
    reader, writer = await asyncio.open_unix_connection(str(tree.x_socket))
    writer.write(head + name + bytes(-len(name) % 4) + cookie + bytes(-len(cookie) % 4))
    answer = await asyncio.wait_for(reader.readexactly(1), 10)
    writer.close()
    await writer.wait_closed()
    return answer[0]


def server_of(group: Cgroup) -> int:
    """The process of the server in its sandbox."""
    pids = [int(pid) for pid in (group.path / "cgroup.procs").read_text("ascii").split()]
    return next(pid for pid in pids if "bwrap" not in Path(f"/proc/{pid}/comm").read_text("ascii"))


async def test_a_server_opens_for_its_cookie_only(tree: Tree, group: Cgroup) -> None:
    procs = group.open_procs()
    ready, writing = os.pipe2(os.O_CLOEXEC)
    log = os.open(tree.home("display") / "log", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        process = await spawn(sandbox(XVFB, tree, USERS).argv(), cgroup_fd=procs, fds={READY_FD: writing}, output=log)
        os.close(writing)
        said = await asyncio.wait_for(asyncio.to_thread(display_number, ready), 15)
        assert said == tree.x_socket.name.removeprefix("X").encode(), (tree.home("display") / "log").read_text()
        cookie = tree.screen_cookie.read_bytes()[-16:]
        assert await hello(tree, cookie) == 1
        assert await hello(tree, bytes(16)) == 0
        assert await hello(tree, b"") == 0
        assert await answers(tree)
        os.kill(server_of(group), signal.SIGSTOP)
        assert not await answers(tree, 0.3)
        os.kill(server_of(group), signal.SIGCONT)
        assert await answers(tree)
        # Nothing of it is to be found outside of the environment: no abstract socket, no TCP.
        assert str(tree.x_socket) not in Path("/proc/net/unix").read_text()
        mine = {line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines()}
        assert f"@{tree.root}" not in mine
        assert tree.x_socket.lstat().st_uid == USERS.screen
        assert await group.kill()
        assert await process.wait() == -9
        assert not await answers(tree)
    finally:
        for descriptor in (procs, ready, log):
            os.close(descriptor)


async def test_the_sandbox_of_a_server_has_no_network_and_only_its_own_directories(tree: Tree) -> None:
    box = sandbox(XVFB, tree, USERS)
    assert not box.network
    assert box.user == USERS.screen
    assert {bind.source for bind in box.binds if bind.writable} == {tree.home("display"), tree.x11}
    assert {"-nolisten", "tcp", "local", "-auth", "-displayfd"} <= set(box.program)
    assert "800x600x24" in box.program


@pytest.mark.parametrize("server", PROGRAMS.values())
def test_the_servers_are_there(server: str) -> None:
    assert os.access(server, os.X_OK), f"install {server} to test this part"


def entry(host: str, number: int, cookie: bytes) -> bytes:
    """Of an Xauthority file as startx writes it: FamilyLocal."""
    fields = (host.encode(), str(number).encode(), b"MIT-MAGIC-COOKIE-1", cookie)
    return struct.pack(">H", 256) + b"".join(struct.pack(">H", len(field)) + field for field in fields)


@pytest.fixture
async def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """Somebody's display, closed to all without its cookie; its number."""
    number = 7_000 + os.getpid() % 1_000
    cookie = bytes(reversed(range(16)))
    entries = entry("other", number, bytes(16)) + entry(socket.gethostname(), number, cookie)
    (tmp_path / "cookie").write_bytes(entries)
    ready, writing = os.pipe2(os.O_CLOEXEC)
    server = await asyncio.create_subprocess_exec(
        *(PROGRAMS[DisplayServer.XVFB], f":{number}", "-noreset", "-nolisten", "local", "-displayfd", str(writing)),
        *("-auth", str(tmp_path / "cookie"), "-screen", "0", "900x700x24"),
        pass_fds=(writing,),
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.close(writing)
    assert await asyncio.wait_for(asyncio.to_thread(display_number, ready), 15)
    os.close(ready)
    monkeypatch.setenv("DISPLAY", f":{number}.0")
    monkeypatch.setenv("XAUTHORITY", str(tmp_path / "cookie"))
    yield number
    server.terminate()
    await server.wait()


@pytest.mark.parametrize("same_number", [False, True])
async def test_a_server_in_a_window_opens_its_parents_display_whatever_its_number(
    tree: Tree, group: Cgroup, parent: int, same_number: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if same_number:  # as on a desktop whose display is :0
        monkeypatch.setattr(display_module, "DISPLAY", parent)
    prepare(XEPHYR, tree, USERS)
    copy = tree.etc / "parent.xauth"
    assert (copy.lstat().st_uid, copy.lstat().st_mode & 0o777) == (USERS.screen, 0o600)
    procs = group.open_procs()
    ready, writing = os.pipe2(os.O_CLOEXEC)
    process = await spawn(sandbox(XEPHYR, tree, USERS).argv(), cgroup_fd=procs, fds={READY_FD: writing})
    for descriptor in (procs, writing):
        os.close(descriptor)
    try:
        said = await asyncio.wait_for(asyncio.to_thread(display_number, ready), 15)
    finally:
        os.close(ready)
    assert said == str(parent if same_number else DISPLAY).encode()
    assert await group.kill()
    assert await process.wait() == -9


def test_the_cookie_of_a_display_is_found_among_others() -> None:
    cookie = bytes(range(16))
    file = xauthority(b"y" * 16, 5) + xauthority(cookie, 7) + xauthority(b"z" * 16, 8)
    assert cookie_of(file, "7") == cookie
    assert cookie_of(file, "70") is None
    assert cookie_of(b"", "7") is None
    for length in range(len(file)):  # a file that is being written
        assert cookie_of(file[:length], "9") is None


@pytest.mark.parametrize("display", ["", ":", ":x", "host:../../etc", ":99999999"])
def test_a_parent_that_is_none_gives_no_socket(display: str) -> None:
    assert display_module._parent_binds(display) == []


async def test_without_a_cookie_of_the_parent_there_is_no_copy(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", "")
    monkeypatch.setenv("XAUTHORITY", str(tmp_path / "none"))
    prepare(XEPHYR, tree, USERS)
    assert not (tree.etc / "parent.xauth").exists()
    assert "XAUTHORITY" not in dict(sandbox(XEPHYR, tree, USERS).environment)
