"""The `marchepied` command where something is wrong: no daemon, a wrong command line, a wrong configuration."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from session import __version__, config, rpc
from session.cli import main as cli
from tests.session.cli.command import LOG, ROOT, Result, Run

START = f"To start it: systemctl start marchepied. {LOG}"


def test_no_daemon(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "control"
    expected = Result(3, "", f"marchepied: the daemon is not running: nothing listens on {path}. {START}\n")
    assert run("status", "--socket", str(path)) == expected
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert run("status", "--socket", str(path)) == expected


def test_a_socket_that_this_user_may_not_open(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> rpc.Client:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(rpc.Client, "connect", refuse)
    assert run("end", "--socket", "/x") == Result(
        1, "", "marchepied: this user may not talk to the daemon (/x). Try it as root (sudo).\n"
    )


def test_something_that_is_no_socket(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "x" / "control"
    (tmp_path / "x").write_text("")
    assert run("end", "--socket", str(path)) == Result(
        3, "", f"marchepied: the daemon cannot be reached on {path}: Not a directory. {START}\n"
    )
    assert run("end", "--socket", "/" + "x" * 107) == Result(
        2, "", "marchepied: the path of a socket has at most 107 bytes; this one is longer.\n"
    )


async def test_a_daemon_that_hangs_up_or_says_nothing(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = asyncio.Event()

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if silent.is_set():
            await _reader.read()
        writer.close()
        await writer.wait_closed()

    path = tmp_path / "control"
    server = await asyncio.start_unix_server(hang_up, path)
    assert await run.beside("end", "--socket", str(path)) == Result(
        3, "", f"marchepied: the daemon stopped before it answered. {START}\n"
    )
    silent.set()
    monkeypatch.setattr(cli, "ANSWER_SECONDS", 0.05)
    assert await run.beside("end", "--socket", str(path)) == Result(
        3,
        "",
        f"marchepied: the daemon does not answer within 0.05 seconds. {LOG}. "
        "To start it again: systemctl restart marchepied\n",
    )
    server.close()
    await server.wait_closed()


# --- the command line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["out-of-service"], "the following arguments are required: --why"),
        (["out-of-service", "--why", "x" * 201], "it must have at most 200 characters; this has 201"),
        (
            ["out-of-service", "--why", "a\nb"],
            "it must be one line of plain text, without control characters",
        ),
        (
            ["out-of-service", "--why", "\x1b[2J"],
            "it must be one line of plain text, without control characters",
        ),
        (
            ["out-of-service", "--why", "\u202egnp"],
            "it must be one line of plain text, without control characters",
        ),
        (
            ["out-of-service", "--why", " "],
            'it must say something, as in --why "the printer is being mended"',
        ),
        (["receipts", "--last", "0"], "it must be a whole number from 1 to 5000"),
        (["receipts", "--last", "many"], "it must be a whole number from 1 to 5000"),
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        ([], "the following arguments are required: COMMAND"),
        (["config"], "the following arguments are required: ACTION"),
    ],
)
def test_a_wrong_command_line(run: Run, arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert said in result.err
    assert result.err.startswith("usage: marchepied")


def test_version_and_help(run: Run) -> None:
    assert run("--version") == Result(0, f"marchepied {__version__}\n", "")
    for command in (
        (),
        ("status",),
        ("watch",),
        ("receipts",),
        ("end",),
        ("out-of-service",),
        ("in-service",),
    ):
        result = run(*command, "--help")
        assert result.code == 0
        assert "3  the daemon cannot be reached" in result.out
        assert "MARCHEPIED_RUN" in result.out


def test_it_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "session", "--version"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"marchepied {__version__}\n")


# --- config


def test_the_default_configuration_is_right(tmp_path: Path, run: Run) -> None:
    default = run("config", "default")
    assert default == Result(0, config.default_toml(), "")
    path = tmp_path / "station.toml"
    path.write_text(default.out)
    assert run("config", "check", str(path)) == Result(
        0,
        f"{path} is right: no sites.\nVisitors would find nothing to open: add a [[sites]] section.\n",
        "",
    )
    path.write_text('[[sites]]\nid = "a"\ntitle = "A"\nurl = "https://a.example.fr/"\n')
    assert run("config", "check", str(path)) == Result(0, f"{path} is right: 1 site.\n", "")


def test_a_wrong_configuration(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "station.toml"
    path.write_text("[session]\nminutes = 0\n")
    said = (
        f"{path}, line 2: session.minutes must be a number from 0.05 to 480, not 0. Example: minutes = 45\n"
    )
    assert run("config", "check", str(path)) == Result(2, "", f"marchepied: {said}")
    path.write_text("[session]\nminutes = 0\nextensions = -1\n")
    result = run("config", "check", str(path))
    assert result.code == 2
    assert result.err == (
        f"marchepied: {said}{path}, line 3: session.extensions must be a whole number from 0 to 20, not -1. "
        "Example: extensions = 10\n2 mistakes. The station does not start with them.\n"
    )


def test_no_configuration(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "none.toml"
    assert run("config", "check", str(path)) == Result(
        2,
        "",
        f"marchepied: {path}: there is no such file. Make one: marchepied config default | sudo tee {path}\n",
    )


def test_a_terminal_that_cannot_show_a_letter(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "session", "config", "default"],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Imp\\xf4ts" in done.stdout
