"""The agents of a station: who may open its panel, each with a PIN of their own, kept as an Argon2id hash.

`marchepied agents` writes the file; the daemon only reads the hashes, and has another process compare them with what
was typed (`session.agent.pins`). A name is for the technician who lists and removes; no receipt, log or screen has it.
"""

from __future__ import annotations

import itertools
import unicodedata
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from session import safely

FILE = "agents.json"
MOST = 30
"""Agents of one station: each one's hash is compared at each try."""
NAME_LENGTH = 40
LEAST_DIGITS, MOST_DIGITS = 6, 12


class AgentsError(Exception):
    """The agents cannot be read or changed. The text says why and what to do; it holds no PIN and no hash."""


class Agent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH)]
    pin: Annotated[str, Meta(pattern=r"^\$argon2id\$", max_length=200)]
    """The hash, in the encoding of Argon2's own reference program."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    agents: Annotated[tuple[Agent, ...], Meta(max_length=MOST)] = ()


def load(directory: Path) -> tuple[Agent, ...]:
    """In the order in which they were added; none where there is no file. Raises AgentsError."""
    path = directory / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File).agents
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise AgentsError(f"cannot read {path}: {error.strerror}. Try again as root (sudo)") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        # msgspec's own words could quote the file.
        raise AgentsError(f"{path} is not a file of agents: remove it, and add the agents again") from None


def save(directory: Path, agents: tuple[Agent, ...]) -> None:
    """Raises AgentsError."""
    path = directory / FILE
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        safely.replace(path, msgspec.json.encode(_File(agents)) + b"\n")
    except OSError as error:
        raise AgentsError(f"cannot write {path}: {error.strerror}. Try again as root (sudo)") from None


def with_agent(agents: tuple[Agent, ...], agent: Agent) -> tuple[Agent, ...]:
    """Raises AgentsError for a name that is taken, and where there are too many."""
    if any(known.name == agent.name for known in agents):
        raise AgentsError("there is an agent of this name already; remove it first to give it another PIN")
    if len(agents) >= MOST:
        raise AgentsError(f"a station has at most {MOST} agents; remove one first")
    return (*agents, agent)


def without_agent(agents: tuple[Agent, ...], name: str) -> tuple[Agent, ...]:
    """Raises AgentsError when there is none of this name."""
    left = tuple(known for known in agents if known.name != name)
    if len(left) == len(agents):
        raise AgentsError("there is no agent of this name; see: marchepied agents list")
    return left


def name_problem(untrusted_name: str) -> str | None:
    """What is wrong with an agent's name, or None."""
    if not untrusted_name.strip() or len(untrusted_name) > NAME_LENGTH:
        return f"a name has 1 to {NAME_LENGTH} characters"
    if any(unicodedata.category(letter)[0] in "CZ" and letter != " " for letter in untrusted_name):
        return "a name is one line of plain text"
    return None


def pin_problem(untrusted_pin: str) -> str | None:
    """What is wrong with a new PIN, without repeating it; or None."""
    if not (untrusted_pin.isascii() and untrusted_pin.isdecimal()):
        return "a PIN has digits only"
    if not LEAST_DIGITS <= len(untrusted_pin) <= MOST_DIGITS:
        return f"a PIN has {LEAST_DIGITS} to {MOST_DIGITS} digits"
    if _weak([int(digit) for digit in untrusted_pin]):
        return "this PIN is too easy to guess: no 000000, 123456, 121212 or 123123"
    return None


def _weak(digits: list[int]) -> bool:
    """The first that anybody tries: few digits, even steps (13579 too), a short group again and again."""
    steps = {(second - first) % 10 for first, second in itertools.pairwise(digits)}
    again = any(digits == (digits[:length] * len(digits))[: len(digits)] for length in (1, 2, 3))
    return len(set(digits)) < 3 or len(steps) == 1 or again
