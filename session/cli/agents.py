"""`marchepied agents`: who may open the agent's panel. Works on the state directory itself; no daemon need run.

A PIN is read from the terminal without echo, or from standard input; never from the command line, which others see.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from pathlib import Path

from session.agent import agents
from session.agent.agents import Agent, AgentsError

STATE = Path("/var/lib/marchepied")
DONE, FAILED, USAGE = 0, 1, 2
_PIN_BYTES = 100

_Run = Callable[[argparse.Namespace], int]


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `agents add NAME | list | remove NAME` to the command line."""
    text = "say who may open the agent's panel"
    parser = commands.add_parser("agents", help=text, description=f"{text[0].upper()}{text[1:]}.")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def add(name: str, run: _Run, text: str, *, named: bool) -> None:
        action = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        action.add_argument(
            "--state", type=Path, default=STATE, metavar="DIR", help="the station's state (default: %(default)s)"
        )
        if named:
            action.add_argument("name", metavar="NAME", type=_name, help="for this list only; no screen shows it")
        action.set_defaults(run=_told(run))

    digits = f"{agents.LEAST_DIGITS} to {agents.MOST_DIGITS} digits"
    add("add", _add, f"add an agent; asks for a PIN of {digits}, or reads it from standard input", named=True)
    add("list", _list, "list the agents", named=False)
    add("remove", _remove, "take an agent's right away, at once", named=True)


def _name(untrusted_text: str) -> str:
    problem = agents.name_problem(untrusted_text)
    if problem is not None:
        raise argparse.ArgumentTypeError(problem)
    return untrusted_text


def _told(run: _Run) -> _Run:
    def told(options: argparse.Namespace) -> int:
        try:
            return run(options)
        except AgentsError as error:
            print(f"marchepied: not done: {error}.", file=sys.stderr)
            return FAILED

    return told


def _add(options: argparse.Namespace) -> int:
    # Only this command needs the library, and it takes a moment to load.
    from session.agent import pins

    known = agents.load(options.state)
    agents.with_agent(known, Agent(options.name, "$argon2id$"))  # before anybody types for nothing
    untrusted_pin = _read_pin()
    problem = agents.pin_problem(untrusted_pin)
    if problem is None and pins.matches(untrusted_pin, [agent.pin for agent in known]):
        # With the same PIN, removing one of the two would take nothing away.
        problem = "this PIN cannot be taken: choose another"
    if problem is not None:
        raise AgentsError(problem)
    agents.save(options.state, agents.with_agent(known, Agent(options.name, pins.hashed(untrusted_pin))))
    print("The agent was added. The PIN opens the panel from now on.")
    return DONE


def _list(options: argparse.Namespace) -> int:
    known = agents.load(options.state)
    print("\n".join(agent.name for agent in known) if known else "There are no agents yet: nobody can open the panel.")
    return DONE


def _remove(options: argparse.Namespace) -> int:
    agents.save(options.state, agents.without_agent(agents.load(options.state), options.name))
    print("The agent was removed. The PIN opens nothing from now on.")
    return DONE


def _read_pin() -> str:
    """Raises AgentsError when two PINs typed one after the other differ, and when nothing comes."""
    try:
        if not sys.stdin.isatty():
            return sys.stdin.readline(_PIN_BYTES).rstrip("\r\n")
        pin = getpass.getpass("PIN: ")
        if getpass.getpass("The same PIN once more: ") != pin:
            raise AgentsError("the two PINs were not the same")
    except (EOFError, UnicodeDecodeError):
        raise AgentsError("no PIN came") from None
    return pin
