"""The `marchepied` command: what an agent or a technician asks of a station.

Everything but `config` goes through the daemon's control socket. Exit codes: 0 done; 1 refused or failed; 2
the command line or the configuration is wrong; 3 the daemon cannot be reached.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import os
import sys
import time
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NoReturn, TextIO

import msgspec

from session import __version__, config, rpc, wire
from session.cli import agents as cli_agents
from session.cli import words as cli_words
from session.model import Snapshot
from session.receipts import MOST, ORIGIN, Receipt, ReceiptsPage, canonical, find_break

INTERFACE = "org.marchepied.Session"
DEFAULT_RUN = Path("/run/marchepied")
ANSWER_SECONDS = 10.0
WHY_LENGTH = 200
SHOWN = 10
_SOCKET_PATH_LENGTH = 107
"""Bytes, unix(7)."""

DONE, FAILED, USAGE, UNREACHABLE = 0, 1, 2, 3

_EPILOG = """exit codes:
  0  done
  1  refused, or failed
  2  the command line or the configuration is wrong
  3  the daemon cannot be reached

environment:
  MARCHEPIED_RUN  directory of the control socket (default: /run/marchepied)"""


class _Failure(Exception):
    """An expected end: a message for a person, and an exit code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class _ReaderGone(Exception):
    """Who reads our output (head, less) has seen enough. Not a BrokenPipeError: that may be the daemon's."""


def _say(text: str, out: TextIO | None = None) -> None:
    try:
        print(text, file=out, flush=True)
    except BrokenPipeError:
        raise _ReaderGone from None


class _Nothing(msgspec.Struct, frozen=True):
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a letter must not end the command.
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        return code
    except _Failure as failure:
        print(f"marchepied: {failure}", file=sys.stderr)
        return failure.code
    except KeyboardInterrupt:
        return DONE if options.command == "watch" else FAILED
    except _ReaderGone:
        # Python would complain once more as it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="marchepied",
        description="Looks after a Marchepied station.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"marchepied {__version__}")
    parser.add_argument("--socket", type=Path, metavar="PATH", help=_SOCKET_HELP)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        # Left out here, it must not undo one that stands before the command's name.
        command.add_argument(
            "--socket", type=Path, metavar="PATH", help=_SOCKET_HELP, default=argparse.SUPPRESS
        )
        command.set_defaults(run=run)
        return command

    command = add("status", _over(_status), "show what the station is doing")
    command.add_argument("--json", action="store_true", help="as one JSON object")
    command = add("watch", _over(_watch), "show every change, until interrupted")
    command.add_argument("--json", action="store_true", help="one JSON object a line")
    command = add("receipts", _over(_receipts), "show how the last sessions were erased")
    command.add_argument("--last", type=_count, metavar="N", help=f"how many, 1 to {MOST} (default: {SHOWN})")
    command.add_argument("--json", action="store_true", help="one JSON object a line, as it is on the disk")
    command.add_argument(
        "--verify",
        action="store_true",
        help="check that no receipt was changed, dropped or moved: all, or the last N",
    )
    add("end", _over(_end), "end the present session and erase it")
    command = add("out-of-service", _over(_out_of_service), "end the present session and offer no other")
    command.add_argument("--why", type=_why, required=True, metavar="TEXT", help=_WHY_HELP)
    command = add("maintenance", _over(_maintenance), "as out-of-service, and say that somebody is at work")
    command.add_argument("--why", type=_why, required=True, metavar="TEXT", help=_WHY_HELP)
    add("in-service", _over(_in_service), "bring the station back into service")
    _add_config(commands)
    cli_agents.add_commands(commands)
    return parser


_SOCKET_HELP = "the daemon's control socket (default: $MARCHEPIED_RUN/control)"
_WHY_HELP = f"shown on the screen and in the status; at most {WHY_LENGTH} characters, about the station only"


def _add_config(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "check the configuration, or print a default one"
    parser = commands.add_parser("config", help=text, description=f"{text[0].upper()}{text[1:]}.")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    text = "tell every mistake in a configuration file"
    check = actions.add_parser("check", help=text, description=f"{text[0].upper()}{text[1:]}.")
    check.add_argument(
        "file",
        nargs="?",
        type=Path,
        default=config.DEFAULT_PATH,
        metavar="FILE",
        help="which file (default: %(default)s)",
    )
    check.set_defaults(run=_config_check)
    text = "print a file with every key, its meaning and its default"
    default = actions.add_parser("default", help=text, description=f"{text[0].upper()}{text[1:]}.")
    default.set_defaults(run=_config_default)


def _count(untrusted_text: str) -> int:
    if untrusted_text.isdecimal() and 1 <= int(untrusted_text) <= MOST:
        return int(untrusted_text)
    raise argparse.ArgumentTypeError(f"it must be a whole number from 1 to {MOST}")


def _why(untrusted_text: str) -> str:
    if not untrusted_text.strip():
        raise argparse.ArgumentTypeError('it must say something, as in --why "the printer is being mended"')
    if len(untrusted_text) > WHY_LENGTH:
        raise argparse.ArgumentTypeError(
            f"it must have at most {WHY_LENGTH} characters; this has {len(untrusted_text)}"
        )
    if any(unicodedata.category(character).startswith("C") for character in untrusted_text):
        raise argparse.ArgumentTypeError("it must be one line of plain text, without control characters")
    return untrusted_text


_Run = Callable[[rpc.Client, argparse.Namespace], Awaitable[int]]


def _over(run: _Run) -> Callable[[argparse.Namespace], int]:
    """A command that talks to the daemon; every way in which that can go wrong becomes a `_Failure`."""

    async def connected(options: argparse.Namespace) -> int:
        path = options.socket or Path(os.environ.get("MARCHEPIED_RUN") or DEFAULT_RUN) / "control"
        if len(os.fsencode(path)) > _SOCKET_PATH_LENGTH:
            limit = _SOCKET_PATH_LENGTH
            raise _Failure(USAGE, f"the path of a socket has at most {limit} bytes; this one is longer.")
        try:
            client = await rpc.Client.connect(path, INTERFACE)
        except OSError as error:
            raise _no_connection(path, error) from error
        try:
            return await run(client, options)
        except rpc.Refused as refusal:
            why = cli_words.REFUSALS.get(
                (options.command, refusal.code), f"the daemon refused ({cli_words.printable(refusal.code)})."
            )
            raise _Failure(FAILED, f"not done: {why} See: marchepied status") from None
        except rpc.Denied:
            raise _Failure(FAILED, "not done: this user may not do that. Try again as root (sudo).") from None
        except rpc.CallFailed as error:
            raise _call_failed(error) from None
        except wire.WireError:
            text = f"the daemon's answer makes no sense to this command. {_VERSIONS}"
            raise _Failure(FAILED, text) from None
        except TimeoutError:
            raise _Failure(
                UNREACHABLE,
                f"the daemon does not answer within {ANSWER_SECONDS:g} seconds. {cli_words.SEE_LOG}. "
                "To start it again: systemctl restart marchepied",
            ) from None
        except ConnectionError:
            raise _Failure(UNREACHABLE, f"the daemon stopped before it answered. {_START}") from None
        finally:
            with contextlib.suppress(OSError):
                await client.close()

    return lambda options: asyncio.run(connected(options))


_START = f"To start it: systemctl start marchepied. {cli_words.SEE_LOG}"
_VERSIONS = (
    "Perhaps it is of another version. To start it again, which ends the present session: "
    "systemctl restart marchepied"
)


def _no_connection(path: Path, error: OSError) -> _Failure:
    if isinstance(error, PermissionError):
        return _Failure(FAILED, f"this user may not talk to the daemon ({path}). Try it as root (sudo).")
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return _Failure(UNREACHABLE, f"the daemon is not running: nothing listens on {path}. {_START}")
    return _Failure(UNREACHABLE, f"the daemon cannot be reached on {path}: {error.strerror}. {_START}")


def _call_failed(error: rpc.CallFailed) -> _Failure:
    if error.error in (rpc.ERROR_NO_METHOD, rpc.ERROR_PARAMETER):
        return _Failure(FAILED, f"not done: the daemon does not know this command. {_VERSIONS}")
    return _Failure(FAILED, f"not done: the daemon made a mistake. {cli_words.SEE_LOG}")


async def _status(client: rpc.Client, options: argparse.Namespace) -> int:
    async with asyncio.timeout(ANSWER_SECONDS):
        snapshot = await client.call("Status", Snapshot)
    if options.json:
        _say(msgspec.json.encode(snapshot).decode())
    else:
        _say("\n".join(cli_words.status(snapshot, time.monotonic())))
    return DONE


async def _watch(client: rpc.Client, options: argparse.Namespace) -> int:
    said = ""
    async for snapshot in client.stream("Watch", Snapshot):
        if options.json:
            _say(msgspec.json.encode(snapshot).decode())
            continue
        line = cli_words.change(snapshot)
        if line != said:
            _say(f"{datetime.now():%H:%M:%S}  {line}")
        said = line
    raise _Failure(UNREACHABLE, f"the daemon stopped. {_START}")


async def _receipts(client: rpc.Client, options: argparse.Namespace) -> int:
    wanted = options.last or (MOST if options.verify else SHOWN)
    receipts = await _fetch(client, wanted)
    for line in _listed(receipts[-(options.last or SHOWN) :], as_json=options.json):
        _say(line)
    if options.verify:
        # Standard output stays a stream of receipts for those who asked for JSON.
        return _verify(receipts, sys.stderr if options.json else sys.stdout)
    return DONE


def _listed(receipts: Sequence[Receipt], *, as_json: bool) -> list[str]:
    if as_json:
        return [canonical(receipt).decode() for receipt in receipts]
    return list(cli_words.receipts(receipts)) if receipts else ["There are no receipts yet."]


async def _fetch(client: rpc.Client, wanted: int) -> list[Receipt]:
    """Oldest first. An answer has only as many as a frame holds, so that it takes several."""
    receipts: list[Receipt] = []
    while len(receipts) < wanted:
        # `before` is left out of the first question.
        older = {"before": receipts[0].number} if receipts else {}
        async with asyncio.timeout(ANSWER_SECONDS):
            page = await client.call("Receipts", ReceiptsPage, last=wanted - len(receipts), **older)
        if not page.receipts:
            break
        if receipts and page.receipts[0].number >= receipts[0].number:
            raise wire.WireError("receipts that were not asked for")
        receipts[:0] = page.receipts
    return receipts


def _verify(receipts: Sequence[Receipt], out: TextIO) -> int:
    if not receipts:
        return DONE
    first = receipts[0]
    previous = ORIGIN if first.number == 1 else first.previous
    broken = find_break(receipts, first.number - 1, previous)
    if broken is not None:
        raise _Failure(
            FAILED,
            f"the chain is BROKEN at {broken}. What comes after it proves nothing. Keep a copy of the state "
            "directory, then restart Marchepied: it sets the broken file aside and begins a new chain.",
        )
    _say(f"The chain is whole: receipts {first.number} to {receipts[-1].number}.", out)
    return DONE


async def _end(client: rpc.Client, options: argparse.Namespace) -> int:
    return await _ask(client, "End", "The session ends and is being erased.")


async def _out_of_service(client: rpc.Client, options: argparse.Namespace) -> int:
    text = "Out of service. A session in progress is being erased. To bring it back: marchepied in-service"
    return await _ask(client, "OutOfService", text, why=options.why)


async def _maintenance(client: rpc.Client, options: argparse.Namespace) -> int:
    text = "In maintenance. A session in progress is being erased. To bring it back: marchepied in-service"
    return await _ask(client, "Maintenance", text, why=options.why)


async def _in_service(client: rpc.Client, options: argparse.Namespace) -> int:
    text = "Back in service as soon as a new environment is ready. To follow it: marchepied watch"
    return await _ask(client, "InService", text)


async def _ask(client: rpc.Client, method: str, text: str, **parameters: str) -> int:
    async with asyncio.timeout(ANSWER_SECONDS):
        await client.call(method, _Nothing, **parameters)
    _say(text)
    return DONE


def _config_check(options: argparse.Namespace) -> int:
    try:
        station = config.load(options.file)
    except config.ConfigError as error:
        count = len(error.problems)
        summary = f"\n{count} mistakes. The station does not start with them." if count > 1 else ""
        raise _Failure(USAGE, f"{error}{summary}") from None
    count = len(station.sites)
    _say(f"{options.file} is right: {count or 'no'} site{'' if count == 1 else 's'}.")
    if not station.sites:
        _say("Visitors would find nothing to open: add a [[sites]] section.")
    return DONE


def _config_default(_options: argparse.Namespace) -> int:
    _say(config.default_toml().removesuffix("\n"))
    return DONE


def entry() -> NoReturn:
    sys.exit(main())


if __name__ == "__main__":
    entry()
