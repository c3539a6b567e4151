"""The sandbox, seen from inside by its own process: what it is, what it can write, and what it cannot find."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from session.environment.cgroup import Cgroup
from session.environment.sandbox import CODE, Bind, Sandbox, etc_binds, python_binds
from session.environment.tree import HOSTNAME
from session.environment.users import Users
from tests.session.environment.conftest import output_of
from tests.session.talk import until

USERS = Users(64_920)  # not those of the test of the wipe, which finds every file of its users

_LOOK = """
import json, os, socket
status = dict(line.split(":", 1) for line in open("/proc/self/status"))

def writable(top):
    # Every directory that takes a new file, and every file that can be opened for writing.
    for directory, directories, files in os.walk(top):
        directories[:] = [name for name in directories if os.path.join(directory, name) not in ("/proc", "/usr")]
        name = os.path.join(directory, "probe")
        try:
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
            os.unlink(name)
            yield directory
        except OSError:
            pass
        for name in files:
            path = os.path.join(directory, name)
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY))
                yield path
            except OSError:
                pass

def readable(path):
    try:
        os.close(os.open(path, os.O_RDONLY))
        return True
    except OSError:
        return False

def connects(address):
    try:
        socket.create_connection(address, 0.2).close()
        return True
    except OSError:
        return False

mounts = [line.split(" ") for line in open("/proc/self/mountinfo")]
print(json.dumps({
    "uids": os.getresuid(), "gids": os.getresgid(), "groups": os.getgroups(),
    "caps": [status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")],
    "no_new_privs": status["NoNewPrivs"].strip(),
    "environment": dict(os.environ), "cwd": os.getcwd(), "host": socket.gethostname(),
    "root": sorted(os.listdir("/")), "etc": sorted(os.listdir("/etc")) if os.path.isdir("/etc") else [],
    "tmp": sorted(os.listdir("/tmp")), "dev": sorted(os.listdir("/dev")),
    "pids": sorted(int(name) for name in os.listdir("/proc") if name.isdigit()),
    "writable": sorted(writable("/")),
    "read_write": sorted(fields[4] for fields in mounts if "rw" in fields[5].split(",")),
    "found": [path for path in ("/home", "/root", "/etc/shadow", "/etc/passwd", "/sys", "/run", "/var", "/work/shared",
              "/proc/1/environ", "/proc/sys/kernel/core_pattern") if readable(path)],
    "interfaces": [name for _, name in socket.if_nameindex()],
    "session": os.getsid(0), "cgroup": open("/proc/self/cgroup").read(),
}))
"""


def sandbox(
    *program: str,
    binds: tuple[Bind, ...] = (),
    network: bool = False,
    user: int = USERS.visitor,
    groups: tuple[int, ...] = (),
) -> Sandbox:
    return Sandbox(program, user, binds, (("PATH", "/usr/bin"), ("NAME", "a value")), network, groups=groups)


async def look(group: Cgroup, **options: Any) -> dict[str, Any]:
    code, text = await output_of(group, sandbox("/usr/bin/python3", "-S", "-c", _LOOK, **options).argv())
    assert code == 0, text
    seen: dict[str, Any] = json.loads(text)
    return seen


async def test_what_a_process_is_and_sees(group: Cgroup, tmp_path: Path) -> None:
    for name in ("given", "shown"):
        (tmp_path / name).mkdir()
        os.chown(tmp_path / name, USERS.visitor, USERS.visitor)
    (tmp_path / "shown" / "file").write_text("read me")
    os.chown(tmp_path / "shown" / "file", USERS.visitor, USERS.visitor)
    binds = (Bind(tmp_path / "given", "/home/given", writable=True), Bind(tmp_path / "shown", "/run/deep/down/shown"))
    seen = await look(group, binds=binds)
    assert seen["uids"] == seen["gids"] == [USERS.visitor] * 3
    assert seen["groups"] == []
    assert seen["caps"] == ["0" * 16] * 5
    assert seen["no_new_privs"] == "1"
    assert {key: value for key, value in seen["environment"].items() if key not in ("PWD", "LC_CTYPE")} == {
        "PATH": "/usr/bin",
        "NAME": "a value",
    }
    assert (seen["cwd"], seen["host"]) == ("/", HOSTNAME)
    assert set(seen["root"]) <= {"bin", "dev", "home", "lib", "lib64", "proc", "run", "sbin", "tmp", "usr"}
    assert (seen["etc"], seen["tmp"]) == ([], [])
    assert len(seen["pids"]) <= 3, "only bubblewrap's own and ours"
    assert seen["interfaces"] == ["lo"]
    assert set(seen["found"]) <= {"/home", "/run", "/proc/sys/kernel/core_pattern"}, "the parents of the binds"
    devices = {"/dev/stdin", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}
    assert set(seen["writable"]) - devices - {"/dev/ptmx", "/dev/pts/ptmx", "/dev/console"} == {"/home/given"}
    # What the mount table calls writable is the bind, and file systems in which nothing is ours to write.
    assert {point for point in seen["read_write"] if not point.startswith(("/dev", "/proc"))} == {"/home/given"}
    assert "0::/\n" in seen["cgroup"]


async def test_without_binds_nothing_at_all_can_be_written(group: Cgroup) -> None:
    seen = await look(group, user=USERS.screen)
    assert not [path for path in seen["writable"] if not path.startswith("/dev/")]
    assert not [path for path in seen["writable"] if path.startswith("/dev/shm")]
    assert not {"sda", "vda", "mem", "kmsg", "input", "dri", "fb0"} & set(seen["dev"])
    assert seen["found"] == [] or set(seen["found"]) <= {"/proc/sys/kernel/core_pattern"}


async def test_the_network_is_there_only_when_it_is_given(group: Cgroup) -> None:
    assert (await look(group))["interfaces"] == ["lo"]
    assert len((await look(group, network=True))["interfaces"]) > 1


async def test_a_device_s_group_is_the_only_one_besides_its_own(group: Cgroup) -> None:
    seen = await look(group, groups=(29,))
    assert seen["groups"] == [29]
    assert seen["gids"] == [USERS.visitor] * 3
    assert seen["caps"] == ["0" * 16] * 5


_ESCAPES = (
    "mount -o remount,rw /",
    "mount -t tmpfs x /tmp",
    "mount --bind /usr /mnt",
    "umount /proc",
    "setpriv --reuid=0 true",
    "chroot /usr true",
    "su -c true",
    "kill -9 1",
    "touch /usr/x",
    "mknod /tmp/x b 8 0",
    "cat /proc/kcore",
    "dmesg -c",
    "date -s 2000-01-01",
    "nsenter -t 1 -n true",
    "ip link set lo down",
)


async def test_the_ways_out_are_closed(group: Cgroup) -> None:
    script = "\n".join(f"({way}) >/dev/null 2>&1 && echo '{way}'" for way in _ESCAPES) + "\ntrue"
    assert await output_of(group, sandbox("/bin/sh", "-c", script).argv()) == (0, "")


async def test_our_own_code_can_be_imported_and_not_written(group: Cgroup) -> None:
    binds = (*python_binds(), *etc_binds(("ld.so.cache", "no-such-name")))
    script = f"import sys; sys.path.insert(0, {str(CODE)!r}); import session.rpc; print(session.rpc.__file__)"
    program = (sys.executable, "-P", "-B", "-c", script)
    code, text = await output_of(group, sandbox(*program, binds=binds).argv())
    assert (code, text.strip()) == (0, str(CODE / "session" / "rpc.py"))
    listing = sandbox("/bin/sh", "-c", f"ls -a {CODE}; touch {CODE}/session/x {sys.prefix}/x", binds=binds)
    code, text = await output_of(group, listing.argv())
    assert code != 0
    assert {"tests", "docs", ".git"}.isdisjoint(text.split())
    assert text.count("Read-only file system") == 2


async def test_a_bind_that_is_not_there_is_an_error_and_no_empty_place(group: Cgroup, tmp_path: Path) -> None:
    code, text = await output_of(group, sandbox("/bin/true", binds=(Bind(tmp_path / "none", "/x"),)).argv())
    assert code != 0
    assert "none" in text


_PARENT = "import subprocess, sys; subprocess.Popen(sys.argv[1:]).wait()"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_it_dies_with_its_parent(number: signal.Signals) -> None:
    # Every process of the sandbox ignores what can be ignored.
    inside = "import os, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.fork(); os.fork(); signal.pause()"
    argv = sandbox("/usr/bin/python3", "-S", "-c", inside).argv()
    parent = subprocess.Popen([sys.executable, "-S", "-c", _PARENT, *argv])
    try:

        def ours() -> list[psutil.Process]:
            found = psutil.Process(parent.pid).children(recursive=True)
            return [process for process in found if process.uids().real == USERS.visitor]

        await until(lambda: len(ours()) == 4)
        everybody = psutil.Process(parent.pid).children(recursive=True)
    finally:
        parent.send_signal(number)
        await asyncio.to_thread(parent.wait)

    def gone(process: psutil.Process) -> bool:
        try:
            return process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    await until(lambda: all(gone(process) for process in everybody))
