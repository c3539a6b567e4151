"""Programs that the daemon runs aside: as nobody, bounded, gone afterwards; and the comparison of PINs by one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from session.agent import pins
from session.environment import aside
from session.environment.cgroup import find_base
from tests.session.environment.conftest import open_fds

PIN = "280471"


@pytest.fixture
def cgroups() -> Iterator[Path]:
    base = find_base(f"marchepied-test-{os.getpid()}")
    yield base
    base.rmdir()  # fails if anything is left below it


def script(path: Path, text: str) -> str:
    for directory in (path, *path.parents[:2]):
        directory.chmod(0o755)
    program = path / "program"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return str(program)


async def test_it_runs_as_nobody_with_its_arguments_and_an_empty_environment(cgroups: Path, tmp_path: Path) -> None:
    program = script(tmp_path, 'read told <&3; echo "$(id -u) $(id -G) $# $1 $told ${HOME:-none}" >&4')
    before = open_fds()
    code, said = await aside.run(cgroups, aside.as_nobody(program, "called"), told=b"word\n", seconds=10)
    assert (code, said) == (0, b"65534 65534 1 called word none\n")
    assert open_fds() == before


async def test_one_that_takes_too_long_is_killed_with_all_it_started(cgroups: Path, tmp_path: Path) -> None:
    with pytest.raises(aside.AsideError, match="longer"):
        await aside.run(cgroups, aside.as_nobody(script(tmp_path, "setsid sleep 1000 & sleep 1000")), seconds=0.3)
    code, _ = await aside.run(cgroups, aside.as_nobody(script(tmp_path, "setsid sleep 1000 & exit 3")), seconds=10)
    assert code == 3


async def test_one_that_is_not_there_is_an_error(cgroups: Path) -> None:
    with pytest.raises(aside.AsideError, match="started"):
        await aside.run(cgroups, ["/nonexistent/program"], seconds=5)
    code, _ = await aside.run(cgroups, aside.as_nobody("/nonexistent/program"), seconds=5)
    assert code != 0


async def test_what_an_earlier_daemon_left_is_swept(cgroups: Path) -> None:
    (cgroups / "aside-1-0").mkdir(parents=True)
    await aside.sweep(cgroups)
    assert list(cgroups.glob("aside-*")) == []


@pytest.mark.parametrize(("pin", "said"), [(PIN, b"1"), ("280472", b"0"), ("", b"0")])
async def test_pins_are_compared_by_a_process_aside(cgroups: Path, pin: str, said: bytes) -> None:
    told = msgspec.json.encode(pins.Question(pin, (pins.hashed("935028614"), pins.hashed(PIN))))
    assert await aside.run(cgroups, aside.module("session.agent.pins"), told=told, seconds=20) == (0, said)


async def test_a_question_that_makes_no_sense_has_no_answer(cgroups: Path) -> None:
    code, said = await aside.run(cgroups, aside.module("session.agent.pins"), told=b"{", seconds=20)
    assert (code, said) == (2, b"")
