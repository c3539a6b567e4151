"""The `marchepied` command against a station that runs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import msgspec
import pytest

from session.model import Snapshot, State, Trouble
from session.records import FILE
from tests.station.harness import ROOT, RunningStation

FIRST_UID = 61_000


@pytest.fixture(scope="module")
def station() -> Iterator[RunningStation]:
    with RunningStation(name="command", first_uid=FIRST_UID, supervise=False) as one:
        yield one


def says(station: RunningStation, *arguments: str) -> str:
    done = station.command(*arguments)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def refuses(station: RunningStation, *arguments: str) -> tuple[int, str]:
    done = station.command(*arguments)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def session(station: RunningStation) -> int:
    now = station.wait_state(State.READY, 40)
    assert station.call_as_screen("Start") is None
    return now.generation


@contextlib.contextmanager
def watching(station: RunningStation, *arguments: str) -> Iterator[Iterator[str]]:
    """Lines of `marchepied watch`, which Ctrl-C ends without a word."""
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "session", "--socket", str(station.runtime / "control"), "watch", *arguments],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            yield iter(process.stdout.readline, "")
        finally:
            process.send_signal(signal.SIGINT)
            said = process.stderr.read()
        assert (process.wait(10), said) == (0, "")


def until(lines: Iterator[str], words: str) -> list[str]:
    seen = []
    for line in lines:
        seen.append(line)
        if words in line:
            return seen
    raise AssertionError(f"{words!r} never came: {seen}")


def test_status_in_words_and_as_json(station: RunningStation) -> None:
    now = station.wait_state(State.READY, 40)
    words = says(station, "status")
    assert words.startswith(f"Ready (environment {now.generation}): a clean station waits for a visitor.")
    assert "erased and verified" in words
    assert msgspec.json.decode(says(station, "status", "--json"), type=Snapshot) == now
    session(station)
    assert "  ends in 45 min at the latest; 2 extensions left" in says(station, "status")
    assert "  ends in 5 min if nobody touches it" in says(station, "status")


def test_watch_tells_a_visit_and_end_ends_it(station: RunningStation) -> None:
    if station.wait(lambda one: True).state is State.ACTIVE:
        says(station, "end")
    with watching(station) as lines:
        until(lines, "Ready")
        generation = session(station)
        until(lines, f"In use (environment {generation})")
        assert says(station, "end") == "The session ends and is being erased.\n"
        until(lines, "Erasing")
        until(lines, f"Ready (environment {generation + 1})")
    with watching(station, "--json") as lines:
        assert msgspec.json.decode(next(lines), type=Snapshot).state is State.READY
    assert "an agent ended it" in says(station, "receipts", "--last", "1")
    assert refuses(station, "end") == (1, "marchepied: not done: there is no session to end. See: marchepied status\n")


def test_receipts_prove_themselves_and_show_a_forgery(station: RunningStation) -> None:
    station.wait_state(State.READY, 40)
    assert "The chain is whole: receipts 1 to" in says(station, "receipts", "--verify")
    file = station.state / FILE
    whole = file.read_bytes()
    forged = whole.replace(b'"reason":"leftovers"', b'"reason":"visitor"', 1)
    assert forged != whole
    file.write_bytes(forged)
    done = station.command("receipts", "--verify")
    assert done.returncode == 1
    assert "the chain is BROKEN at receipt 1" in done.stderr
    # The next wipe finds it, keeps it for whoever asks, and begins anew.
    generation = session(station)
    says(station, "end")
    station.wait_state(State.READY, 40, after=generation)
    assert (station.state / "receipts.broken-1.jsonl").read_bytes() == forged
    assert "The chain is whole" in says(station, "receipts", "--verify")
    assert "kept as receipts.broken-1.jsonl" in station.last_words()


@pytest.mark.parametrize(
    ("command", "state", "headline"),
    [
        ("out-of-service", State.OUT_OF_SERVICE, "Out of service"),
        ("maintenance", State.MAINTENANCE, "In maintenance"),
    ],
)
def test_closing_ends_a_session_and_only_a_person_opens_again(
    station: RunningStation, command: str, state: State, headline: str
) -> None:
    generation = session(station)
    assert "To bring it back: marchepied in-service" in says(station, command, "--why", "L’imprimante est en panne")
    now = station.wait(lambda one: one.state is state, 40)
    assert now.generation > generation, "the visitor's environment is still there"
    assert now.trouble is (Trouble.OPERATOR if state is State.OUT_OF_SERVICE else None)
    status = says(station, "status")
    assert status.startswith(headline)
    assert "  note: L’imprimante est en panne" in status
    assert station.call_as_screen("Start") == "wrong_state"
    assert "the station was taken out of service" in says(station, "receipts", "--last", "1")
    assert "Back in service" in says(station, "in-service")
    ready = station.wait_state(State.READY, 40, after=now.generation)
    assert (ready.note, ready.trouble) == ("", None)
    code, said = refuses(station, "in-service")
    assert (code, "the station is not out of service" in said) == (1, True)


@pytest.mark.parametrize("why", ["", "  ", "deux\nlignes", "\x1b[31m", "x" * 201])
def test_a_reason_is_one_plain_line(station: RunningStation, why: str) -> None:
    done = station.command("out-of-service", "--why", why)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert station.wait_state(State.READY, 40).note == ""


def test_without_a_daemon(station: RunningStation) -> None:
    assert station.terminate() == 0
    for command in ("status", "watch", "receipts", "end", "in-service"):
        code, said = refuses(station, command)
        assert (code, "the daemon is not running" in said) == (3, True)
