"""Agents and their PINs: what is refused, what is on the disk, and the command that looks after them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from session.agent import agents, pins
from session.agent.agents import Agent, AgentsError
from tests.session.cli.command import ROOT

PIN, OTHER = "280471", "935028614"


@pytest.mark.parametrize(
    "pin",
    [
        *("", "28047", "2804719350281", "28O471", "28047١", " 280471", "280471\n"),
        *(
            "000000",
            "999999999",
            "123456",
            "654321",
            "345678",
            "890123",
            "135791",
            "121212",
            "123123",
            "110110",
            "111112",
        ),
    ],
)
def test_weak_and_wrong_pins_are_refused_without_being_repeated(pin: str) -> None:
    problem = agents.pin_problem(pin)
    assert problem is not None
    assert not pin or pin not in problem.split(":")[0]


@pytest.mark.parametrize("pin", [PIN, OTHER, "112358", "147036925811"])
def test_others_are_taken(pin: str) -> None:
    assert agents.pin_problem(pin) is None


def test_a_pin_matches_its_own_hash_among_others_only() -> None:
    hashes = [pins.hashed(PIN), pins.hashed(OTHER)]
    assert all(one.startswith("$argon2id$v=19$m=32768,t=3,p=1$") for one in hashes)
    assert pins.hashed(PIN) != hashes[0], "no salt"
    assert pins.matches(PIN, hashes)
    assert pins.matches(OTHER, hashes)
    assert not pins.matches("280472", hashes)
    assert not pins.matches(PIN, [])
    assert pins.matches(PIN, ["$argon2id$broken", *hashes]), "one broken hash locks nobody else out"


def test_the_file_is_roots_alone_and_whole(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert agents.load(state) == ()
    known = agents.with_agent((), Agent("Jeanne", pins.hashed(PIN)))
    agents.save(state, known)
    assert agents.load(state) == known
    assert (state / agents.FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in state.iterdir()] == [agents.FILE]
    assert PIN not in (state / agents.FILE).read_text("utf-8")
    with pytest.raises(AgentsError, match="of this name already"):
        agents.with_agent(known, Agent("Jeanne", pins.hashed(OTHER)))
    with pytest.raises(AgentsError, match="no agent of this name"):
        agents.without_agent(known, "Paul")
    assert agents.without_agent(known, "Jeanne") == ()
    full = tuple(Agent(f"n{number}", "$argon2id$x") for number in range(agents.MOST))
    with pytest.raises(AgentsError, match="at most"):
        agents.with_agent(full, Agent("one more", "$argon2id$x"))


@pytest.mark.parametrize("content", ["", "{", '{"agents":[{"name":"x","pin":"280471"}]}', '{"agents":[],"more":1}'])
def test_a_file_that_is_not_one_of_agents_is_told_without_quoting_it(tmp_path: Path, content: str) -> None:
    (tmp_path / agents.FILE).write_text(content)
    with pytest.raises(AgentsError, match="remove it") as caught:
        agents.load(tmp_path)
    assert PIN not in str(caught.value)


# -- the command ---------------------------------------------------------------------------------------------------


def command(state: Path, *arguments: str, told: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "session", "agents", *arguments, "--state", str(state)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, input=told, capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip


def test_agents_are_added_listed_and_removed(tmp_path: Path) -> None:
    assert "no agents yet" in command(tmp_path, "list").stdout
    assert command(tmp_path, "add", "Jeanne Martin", told=f"{PIN}\n").returncode == 0
    assert command(tmp_path, "add", "Paul", told=OTHER).returncode == 0
    assert command(tmp_path, "list").stdout == "Jeanne Martin\nPaul\n"
    assert pins.matches(OTHER, [agents.load(tmp_path)[1].pin])
    removed = command(tmp_path, "remove", "Jeanne Martin")
    assert (removed.returncode, removed.stderr) == (0, "")
    assert command(tmp_path, "list").stdout == "Paul\n"


@pytest.mark.parametrize(
    ("name", "told", "said"),
    [
        ("Jeanne", "123456\n", "too easy"),
        ("Jeanne", "28047\n", "6 to 12 digits"),
        ("Jeanne", "", "digits only"),
        ("Jeanne", f"{OTHER}\n", "choose another"),
        ("Paul", f"{PIN}\n", "of this name already"),
        ("a\nb", f"{PIN}\n", "one line"),
        ("", f"{PIN}\n", "1 to 40"),
    ],
)
def test_what_is_not_taken_is_said_without_the_pin(tmp_path: Path, name: str, told: str, said: str) -> None:
    agents.save(tmp_path, (Agent("Paul", pins.hashed(OTHER)),))
    done = command(tmp_path, "add", name, told=told)
    assert done.returncode != 0
    assert said in done.stderr
    assert done.stdout == ""
    assert not told.strip() or told == "123456\n" or told.strip() not in done.stderr
    assert len(agents.load(tmp_path)) == 1


def test_a_terminal_is_asked_twice_and_shows_nothing(tmp_path: Path) -> None:
    for second, added in ((PIN, True), (OTHER, False)):
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "session", "agents", "add", f"Jeanne {second}", "--state", str(tmp_path)],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True,
        ) as process:  # fmt: skip
            os.close(theirs)
            seen = _until(ours, b"PIN: ")
            os.write(ours, f"{PIN}\n".encode())
            seen += _until(ours, b"once more: ")
            os.write(ours, f"{second}\n".encode())
            seen += _until(ours, b"")
            assert (process.wait(20) == 0) is added
        os.close(ours)
        assert PIN.encode() not in seen
        assert added or b"not the same" in seen
    assert len(agents.load(tmp_path)) == 1


def _until(terminal: int, wanted: bytes) -> bytes:
    """What is shown until `wanted` is, or, for nothing, until the other end is gone."""
    seen = b""
    while not (wanted and wanted in seen):
        try:
            seen += os.read(terminal, 1024)
        except OSError:
            return seen
    return seen
