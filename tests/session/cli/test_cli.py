"""The `marchepied` command against a service on a real socket: what it prints, and its exit codes."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from session import receipts, records, rpc
from session.cli import main as cli
from session.cli import words as cli_words
from session.model import (
    AgentStage,
    AgentState,
    Component,
    EndReason,
    EndWarning,
    Snapshot,
    State,
    Trouble,
    WarningKind,
    WipeSummary,
)
from session.records import Check, CheckResult, ReceiptsQuery, Step
from session.rpc import Refused
from tests.session.cli.command import LOG, READY, ROOT, FakeDaemon, Result, Run

# --- what it says of a station


async def test_status_of_a_ready_station(daemon: FakeDaemon, run: Run) -> None:
    result = await run.beside("status")
    assert result == Result(
        0,
        "Ready (environment 12): a clean station waits for a visitor.\n"
        "  last session: ended because the visitor was done; erased and verified in 412 ms, "
        "receipt 1a24395e4342\n",
        "",
    )


async def test_status_as_json_is_the_snapshot(daemon: FakeDaemon, run: Run) -> None:
    result = await run.beside("status", "--json")
    assert result.out.count("\n") == 1
    assert msgspec.json.decode(result.out, type=Snapshot) == READY


@pytest.mark.parametrize(
    ("snapshot", "lines"),
    [
        (
            Snapshot(generation=1, ready=(Component.DISPLAY, Component.GUARD)),
            ["Preparing (environment 1): display, guard up."],
        ),
        (
            Snapshot(state=State.ACTIVE, generation=2, ends_at=1725.0, idle_ends_at=290.0, extensions_left=1),
            [
                "In use (environment 2).",
                "  ends in 27 min at the latest; 1 extension left",
                "  ends in 3 min 10 s if nobody touches it",
            ],
        ),
        (
            Snapshot(state=State.ACTIVE, generation=2, agent=AgentState(called_at=3.0, stage=AgentStage.PIN)),
            ["In use (environment 2): the agent is called: the browser stands still for the agent."],
        ),
        (
            Snapshot(
                state=State.WARNING,
                generation=2,
                ends_at=145.0,
                idle_ends_at=145.0,
                warning=EndWarning(WarningKind.IDLE, 145.4, True),
                demonstration=True,
            ),
            [
                "In use, about to end (environment 2): nobody touches it, the visitor can stay.",
                "  ends in 45 s at the latest; no extensions left",
                "  ends in 45 s unless the visitor answers",
                "  This is a demonstration: not for use by the public.",
            ],
        ),
        (
            Snapshot(
                state=State.WARNING, ends_at=90.0, warning=EndWarning(WarningKind.TIME_OVER, 90.0, False)
            ),
            [
                "In use, about to end (environment 0): its time is nearly over, no extension is left.",
                "  ends in 0 s at the latest; no extensions left",
                "  ends in 0 s unless the visitor answers",
            ],
        ),
        (
            Snapshot(
                state=State.OUT_OF_SERVICE,
                trouble=Trouble.OPERATOR,
                note="imprimante \x1b[2J en panne",
                last_wipe=WipeSummary(False, 0.0, 9, EndReason.INTERNAL, "1a24395e4342"),
            ),
            [
                "Out of service (environment 0): somebody took it out of service.",
                "  what to do: To bring it back: marchepied in-service.",
                "  note: imprimante ?[2J en panne",
                "  last session: ended because Marchepied made a mistake; erased but NOT VERIFIED in 9 ms, "
                "receipt 1a24395e4342",
            ],
        ),
    ],
)
def test_what_is_said_of_a_state(snapshot: Snapshot, lines: list[str]) -> None:
    assert list(cli_words.status(snapshot, 100.0)) == lines


def test_there_are_words_for_everything_that_can_happen() -> None:
    for state in State:
        assert cli_words.change(Snapshot(state=state))
    for trouble in Trouble:
        what, mend = list(cli_words.status(Snapshot(state=State.OUT_OF_SERVICE, trouble=trouble), 0.0))
        assert what.endswith(".")
        assert mend.startswith("  what to do: ")
    for reason in EndReason:
        wipe = WipeSummary(True, 0.0, 1, reason, "0")
        assert list(cli_words.status(Snapshot(last_wipe=wipe), 0.0))


async def test_the_socket_may_be_named_before_or_after_the_command(
    daemon: FakeDaemon, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARCHEPIED_RUN", "/nowhere")
    assert (await run.beside("--socket", str(daemon.path), "status")).code == 0
    assert (await run.beside("status", "--socket", str(daemon.path))).code == 0
    assert (await run.beside("--socket", "/nowhere", "status", "--socket", str(daemon.path))).code == 0
    assert (await run.beside("status")).code == 3


# --- watch


def watching(daemon: FakeDaemon, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "session", "watch", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def test_watch_prints_a_line_for_each_change(daemon: FakeDaemon) -> None:
    active = Snapshot(state=State.ACTIVE, generation=12, ends_at=9e9, idle_ends_at=1.0, extensions_left=3)
    daemon.snapshots = [READY, active, msgspec.structs.replace(active, idle_ends_at=2.0), Snapshot()]
    process = watching(daemon)
    async with asyncio.timeout(10):
        await daemon.watched.wait()
    assert process.stdout is not None
    lines = [await asyncio.to_thread(process.stdout.readline) for _ in range(3)]
    process.send_signal(signal.SIGINT)
    out, err = await asyncio.to_thread(process.communicate)
    assert (process.returncode, out, err) == (0, "", "")
    assert [line[8:].strip() for line in lines] == [
        "Ready (environment 12): a clean station waits for a visitor",
        "In use (environment 12); 3 extensions left",
        "Preparing (environment 0)",
    ]


async def test_watch_as_json_ends_when_the_daemon_does(daemon: FakeDaemon) -> None:
    daemon.snapshots = [READY, Snapshot()]
    process = watching(daemon, "--json")
    async with asyncio.timeout(10):
        await daemon.watched.wait()
    await daemon.service.stop()
    out, err = await asyncio.to_thread(process.communicate)
    assert [msgspec.json.decode(line, type=Snapshot) for line in out.splitlines()] == [READY, Snapshot()]
    assert err == f"marchepied: the daemon stopped. To start it: systemctl start marchepied. {LOG}\n"
    assert process.returncode == 3


async def test_a_reader_that_goes_away_is_no_failure(daemon: FakeDaemon) -> None:
    process = watching(daemon, "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = await asyncio.to_thread(process.stderr.read)
    process.stderr.close()
    assert (await asyncio.to_thread(process.wait), err) == (0, "")


# --- receipts


async def test_receipts_as_a_table(daemon: FakeDaemon, run: Run) -> None:
    daemon.add()
    daemon.add(
        reason=EndReason.IDLE,
        verified=False,
        steps=[Step("unmount", 20_000, False)],
        checks=[Check("mounts", CheckResult.FAILED), Check("usb", CheckResult.UNAVAILABLE)],
    )
    result = await run.beside("receipts")
    assert result == Result(
        0,
        "  number  ended (UTC)               took  verified  ended because\n"
        "       1  2026-11-21 22:58:05     412 ms  yes       the visitor was done\n"
        "       2  2026-11-21 22:58:05     412 ms  NO        nobody touched it any more; "
        "failed: unmount, mounts\n",
        "",
    )


async def test_no_receipts_yet(daemon: FakeDaemon, run: Run) -> None:
    assert await run.beside("receipts") == Result(0, "There are no receipts yet.\n", "")
    assert await run.beside("receipts", "--json", "--verify") == Result(0, "", "")


async def test_receipts_as_json_are_the_lines_on_the_disk(daemon: FakeDaemon, run: Run) -> None:
    for _ in range(4):
        daemon.add()
    result = await run.beside("receipts", "--json", "--last", "3")
    assert result.out == "".join(daemon.store.path.read_text().splitlines(keepends=True)[-3:])


async def test_more_receipts_than_one_answer_holds(daemon: FakeDaemon, run: Run) -> None:
    checks = [
        Check(f"check_{number}", CheckResult.OK, "nothing_was_found_anywhere", 1) for number in range(60)
    ]
    for _ in range(30):
        daemon.add(checks=checks)
    assert len(daemon.store.page(ReceiptsQuery(30)).receipts) < 15
    result = await run.beside("receipts", "--json", "--last", "30")
    assert [json.loads(line)["number"] for line in result.out.splitlines()] == list(range(1, 31))


async def test_verify_checks_all_and_shows_the_last(daemon: FakeDaemon, run: Run) -> None:
    for _ in range(12):
        daemon.add()
    result = await run.beside("receipts", "--verify")
    assert result.code == 0
    assert len(result.out.splitlines()) == 1 + 10 + 1
    assert result.out.endswith("\nThe chain is whole: receipts 1 to 12.\n")
    result = await run.beside("receipts", "--verify", "--last", "2", "--json")
    assert result.err == "The chain is whole: receipts 11 to 12.\n"
    assert len(result.out.splitlines()) == 2


async def test_verify_says_where_the_chain_is_broken(daemon: FakeDaemon, run: Run) -> None:
    written = [daemon.add() for _ in range(3)]
    written[1] = msgspec.structs.replace(written[1], verified=False)
    daemon.page = lambda query=None: records.ReceiptsPage(
        tuple(written) if query is None or query.before is None else ()
    )
    result = await run.beside("receipts", "--verify", "--json")
    assert result.code == 1
    assert result.err == (
        "marchepied: the chain is BROKEN at receipt 2: its content does not match its hash: it was changed. "
        "What comes after it proves nothing. Keep a copy of the state directory, then restart Marchepied: it "
        "sets the broken file aside and begins a new chain.\n"
    )


async def test_a_first_receipt_must_begin_the_chain(daemon: FakeDaemon, run: Run) -> None:
    daemon.add()
    forged = msgspec.structs.replace(daemon.add(), number=1)
    forged = msgspec.structs.replace(forged, hash=receipts.digest(forged))
    daemon.page = lambda query=None: records.ReceiptsPage(
        (forged,) if query is None or query.before is None else ()
    )
    assert "BROKEN at receipt 1: it does not follow" in (await run.beside("receipts", "--verify")).err


async def test_a_daemon_that_repeats_itself_does_not_hold_us_for_ever(daemon: FakeDaemon, run: Run) -> None:
    page = records.ReceiptsPage((daemon.add(),))
    daemon.page = lambda query=None: page
    result = await run.beside("receipts")
    assert result.code == 1
    assert result.err.startswith("marchepied: the daemon's answer makes no sense to this command.")


# --- orders


@pytest.mark.parametrize(
    ("arguments", "asked", "said"),
    [
        (["end"], ("End", ""), "The session ends and is being erased."),
        (
            ["out-of-service", "--why", "l'imprimante est réparée"],
            ("OutOfService", "l'imprimante est réparée"),
            "Out of service. A session in progress is being erased. To bring it back: marchepied in-service",
        ),
        (
            ["maintenance", "--why", "x" * 200],
            ("Maintenance", "x" * 200),
            "In maintenance. A session in progress is being erased. To bring it back: marchepied in-service",
        ),
        (
            ["in-service"],
            ("InService", ""),
            "Back in service as soon as a new environment is ready. To follow it: marchepied watch",
        ),
    ],
)
async def test_an_order(
    daemon: FakeDaemon, run: Run, arguments: list[str], asked: tuple[str, str], said: str
) -> None:
    assert await run.beside(*arguments) == Result(0, f"{said}\n", "")
    assert daemon.asked == [asked]


@pytest.mark.parametrize(
    ("command", "error", "said"),
    [
        ("end", Refused("wrong_state"), "not done: there is no session to end. See: marchepied status"),
        (
            "in-service",
            Refused("wrong_state"),
            "not done: the station is not out of service. See: marchepied status",
        ),
        ("end", Refused("new\x1bcode"), "not done: the daemon refused (new?code). See: marchepied status"),
        ("end", rpc.Denied(), "not done: this user may not do that. Try again as root (sudo)."),
        ("end", RuntimeError("secret"), f"not done: the daemon made a mistake. {LOG}"),
    ],
)
async def test_an_order_that_is_not_done(
    daemon: FakeDaemon, run: Run, command: str, error: Exception, said: str
) -> None:
    daemon.error = error
    assert await run.beside(command) == Result(1, "", f"marchepied: {said}\n")


VERSIONS = (
    "Perhaps it is of another version. To start it again, which ends the present session: "
    "systemctl restart marchepied"
)


async def test_a_daemon_of_another_version(tmp_path: Path, run: Run) -> None:
    service = rpc.Service(cli.INTERFACE)
    service.add("Status", lambda _caller, _parameters: {"state": "beyond"}, uids=None)
    await service.start(tmp_path / "other")
    where = ("--socket", str(tmp_path / "other"))
    assert await run.beside("end", *where) == Result(
        1, "", f"marchepied: not done: the daemon does not know this command. {VERSIONS}\n"
    )
    assert await run.beside("status", *where) == Result(
        1, "", f"marchepied: the daemon's answer makes no sense to this command. {VERSIONS}\n"
    )
    await service.stop()
