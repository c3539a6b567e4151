"""Processes: in the cgroup from the first instruction, with the descriptors that were asked for and no others."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from session.environment.cgroup import Cgroup
from session.environment.process import spawn
from tests.session.environment.conftest import output_of
from tests.session.talk import until

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ("/usr/bin/python3", "-S", "-c")
SHELL = ("/bin/sh", "-c")

_FDS = """
import json, os
found = {}
for number in range(1024):
    try:
        os.fstat(number)
    except OSError:
        continue
    name = os.readlink(f"/proc/self/fd/{number}")
    found[number] = os.pread(number, 100, 0).decode() if "/content-" in name else name
print(json.dumps(found))
"""


def fds_now() -> int:
    return len(os.listdir("/proc/self/fd"))


async def test_it_is_in_the_cgroup_from_its_first_instruction(group: Cgroup) -> None:
    code, text = await output_of(group, (*SHELL, "cat /proc/self/cgroup; cat /proc/$$/cgroup"))
    assert code == 0
    assert [line for line in text.splitlines() if line.startswith("0::")] == [
        f"0::/{group.path.parent.name}/environment-1"
    ] * 2


async def test_no_core_of_it_or_its_children_is_ever_written(group: Cgroup) -> None:
    script = "sh -c 'ulimit -c; ulimit -Hc; cat /proc/self/coredump_filter'"
    assert await output_of(group, (*SHELL, script)) == (0, "0\n0\n00000000\n")


async def test_it_starts_clean(group: Cgroup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "value")
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    try:
        script = "import os; print(dict(os.environ) or 'empty', os.getsid(0) == os.getpid(), oct(os.umask(0)))"
        code, text = await output_of(group, (*PYTHON, script))
        # Python adds LC_CTYPE to its own environment where there is no locale (PEP 538).
        assert (code, text.replace("{'LC_CTYPE': 'C.UTF-8'}", "empty")) == (0, "empty True 0o7\n")
        code, text = await output_of(group, ("/usr/bin/grep", "^Sig[BI]", "/proc/self/status"))
        assert text.split() == ["SigBlk:", "0" * 16, "SigIgn:", "0" * 16]
        code, text = await output_of(group, (*SHELL, "tr '\\0' '\\n' </proc/$$/environ; cat"))
        assert (code, text) == (0, ""), "no environment; and standard input is at its end"
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})
        signal.signal(signal.SIGUSR1, before)


async def test_its_descriptors_are_those_that_were_asked_for(group: Cgroup, tmp_path: Path) -> None:
    files = []
    for name in "abc":
        (tmp_path / f"content-{name}").write_text(name)
        files.append(os.open(tmp_path / f"content-{name}", os.O_RDONLY | os.O_CLOEXEC))
    inheritable = os.dup(files[0])
    os.set_inheritable(inheritable, True)
    try:
        code, text = await output_of(group, (*PYTHON, _FDS), {3: files[2], 5: files[0], 9: files[0]})
        found = json.loads(text)
        assert code == 0
        assert {number: name for number, name in found.items() if int(number) > 2} == {"3": "c", "5": "a", "9": "a"}
        assert found["0"] == "/dev/null"
        assert found["1"] == found["2"]
        assert found["1"].startswith("pipe:")
        assert all(os.pread(file, 1, 0) for file in files), "ours are still ours"
    finally:
        for file in (*files, inheritable):
            os.close(file)


_CROSSING = """
import asyncio, os, sys, json
from pathlib import Path
directory, script = Path(sys.argv[1]), sys.argv[2]
for number in range(3, 10):
    (directory / f"content-{number}").write_text(str(number))
    at = os.open(directory / f"content-{number}", os.O_RDONLY)
    if at != number:
        os.dup2(at, number)
        os.close(at)
from session.environment.cgroup import Cgroup
from session.environment.process import spawn

async def main():
    procs = Cgroup(Path(sys.argv[3])).open_procs()
    crossed = {3: 4, 4: 3, 5: 9, 9: 6, 6: 6, 7: 3}
    process = await spawn(["/usr/bin/python3", "-S", "-c", script], cgroup_fd=procs, fds=crossed, output=1)
    assert await process.wait() == 0
    print(json.dumps([os.pread(number, 1, 0).decode() for number in range(3, 10)]))

asyncio.run(main())
"""


async def test_descriptors_that_cross_land_on_the_right_numbers(group: Cgroup, tmp_path: Path) -> None:
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", _CROSSING, str(tmp_path), _FDS, str(group.path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.stderr == ""
    child, ours = map(json.loads, done.stdout.splitlines())
    above = {number: content for number, content in child.items() if int(number) > 2}
    assert above == {"3": "4", "4": "3", "5": "9", "9": "6", "6": "6", "7": "3"}
    assert ours == list("3456789")


@pytest.mark.parametrize("number", [0, 2, 10, 64])
async def test_other_numbers_are_refused(group: Cgroup, number: int) -> None:
    with pytest.raises(ValueError, match="3 to 9"):
        await spawn(["/bin/true"], cgroup_fd=0, fds={number: 0})


@pytest.mark.parametrize(
    ("program", "code"),
    [("/no/such/program", errno.ENOENT), ("/etc/passwd", errno.EACCES), ("/usr", errno.EACCES)],
)
async def test_a_program_that_cannot_be_started_is_an_error_with_its_name(
    group: Cgroup, program: str, code: int
) -> None:
    before = fds_now()
    procs = group.open_procs()
    try:
        with pytest.raises(OSError, match=program) as caught:
            await spawn([program], cgroup_fd=procs)
    finally:
        os.close(procs)
    assert (caught.value.errno, caught.value.filename) == (code, program)
    assert fds_now() == before
    assert not group.populated


async def test_without_its_cgroup_it_does_not_run(tmp_path: Path) -> None:
    read_only = os.open(os.devnull, os.O_RDONLY)
    try:
        with pytest.raises(OSError, match="/usr/bin/touch"):
            await spawn(["/usr/bin/touch", str(tmp_path / "ran")], cgroup_fd=read_only)
    finally:
        os.close(read_only)
    assert not (tmp_path / "ran").exists()


async def test_without_a_descriptor_to_watch_it_by_it_does_not_run(
    group: Cgroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(pid: int) -> int:
        raise OSError(errno.EMFILE, "too many")

    before = fds_now()
    monkeypatch.setattr(os, "pidfd_open", none_left)
    procs = group.open_procs()
    try:
        with pytest.raises(OSError, match="too many"):
            await spawn(["/usr/bin/sleep", "1000"], cgroup_fd=procs)
    finally:
        os.close(procs)
    assert not group.populated
    assert fds_now() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


async def test_two_hundred_processes_leave_no_descriptor(group: Cgroup) -> None:
    await output_of(group, ("/bin/true",))
    before = fds_now()
    procs = group.open_procs()
    try:
        for _ in range(20):
            batch = [await spawn(["/bin/true"], cgroup_fd=procs, fds={3: procs}) for _ in range(10)]
            assert await asyncio.gather(*(process.wait() for process in batch)) == [0] * 10
            assert not any(process.running for process in batch)
    finally:
        os.close(procs)
    assert fds_now() == before


async def test_exit_codes_signals_and_kill(group: Cgroup) -> None:
    assert (await output_of(group, (*SHELL, "exit 3")))[0] == 3
    assert (await output_of(group, (*SHELL, "kill -TERM $$")))[0] == -signal.SIGTERM
    procs = group.open_procs()
    process = await spawn([*SHELL, "trap '' TERM; sleep 1000"], cgroup_fd=procs)
    os.close(procs)
    assert process.running
    waiting = [asyncio.create_task(process.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()  # one who gives up takes nothing from the others
    process.kill()
    process.kill()
    assert await asyncio.gather(*waiting[1:]) == [-signal.SIGKILL] * 2
    assert await process.wait() == -signal.SIGKILL
    process.kill()
    assert not process.running
    await group.kill()  # the sleep


async def test_a_child_that_somebody_else_reaped_has_ended_too(group: Cgroup) -> None:
    procs = group.open_procs()
    process = await spawn(["/bin/true"], cgroup_fd=procs)
    os.close(procs)
    os.waitpid(process.pid, 0)
    assert await asyncio.wait_for(process.wait(), 5) == 255
    await until(lambda: not group.populated)
