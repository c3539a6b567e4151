"""The station's configuration, /etc/marchepied/station.toml: how it is read and what is said of its mistakes.

The keys themselves are in `session.config.station`, the rules between them in `session.config.checks`.
"""

from __future__ import annotations

import math
import re
import shlex
import tomllib
from pathlib import Path

import msgspec

from session import pages
from session.config import toml_check, toml_text
from session.config.checks import mistakes
from session.config.station import (
    Agent,
    Browser,
    Demonstration,
    Display,
    Environment,
    Identity,
    Network,
    Requirement,
    Scanner,
    Session,
    Site,
    Station,
    Wipe,
)
from session.config.toml_lines import key_lines, line_of

__all__ = [
    "DEFAULT_PATH",
    "Agent",
    "Browser",
    "ConfigError",
    "Demonstration",
    "Display",
    "Environment",
    "Identity",
    "Network",
    "Problem",
    "Requirement",
    "Scanner",
    "Session",
    "Site",
    "Station",
    "Wipe",
    "default_toml",
    "load",
    "parse",
    "reference",
    "settings",
]

DEFAULT_PATH = Path("/etc/marchepied/station.toml")


class Problem(msgspec.Struct, frozen=True):
    key: str
    """"session.minutes", "sites[2].url" (counted from one); empty when the file as a whole is meant."""
    line: int | None
    text: str


class ConfigError(Exception):
    """The file cannot be used. `str()` has one line for each mistake: file, line, key, what was expected."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        self.path = path
        self.problems = problems
        super().__init__("\n".join(self._line(problem) for problem in problems))

    def _line(self, problem: Problem) -> str:
        place = f"{self.path}, line {problem.line}" if problem.line else f"{self.path}"
        return f"{place}: {problem.key} {problem.text}" if problem.key else f"{place}: {problem.text}"


def load(path: Path = DEFAULT_PATH) -> Station:
    """Raises ConfigError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(path, (Problem("", None, _unreadable(path, error)),)) from error
    return parse(content, path)


def parse(untrusted_content: bytes, path: Path) -> Station:
    """`path` is for the messages. Raises ConfigError with every mistake."""
    try:
        # Windows editors begin a file with a byte order mark, which TOML does not allow.
        text = untrusted_content.decode("utf-8-sig").replace("\r\n", "\n")
        untrusted_table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = untrusted_content.count(b"\n", 0, error.start) + 1
        problem = Problem("", line, "is not UTF-8 text: save the file as UTF-8 and try again")
        raise ConfigError(path, (problem,)) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, (_syntax(str(error), text),)) from None
    except RecursionError:
        raise ConfigError(path, (Problem("", None, "has brackets nested too deep"),)) from None
    station, found = toml_check.convert(untrusted_table, Station)
    bad = [problem.path for problem in found]
    for concerned, words in mistakes(station):
        # A key that is wrong already has a stand-in here, of which nothing need be said.
        if not any(_related(one, other) for one in concerned for other in bad):
            found.append(toml_check.Problem(concerned[0], words))
    if not found:
        return station
    lines = key_lines(text)
    problems = (Problem(toml_check.dotted(p.path), line_of(p.path, lines), p.text) for p in found)
    raise ConfigError(path, tuple(sorted(problems, key=lambda problem: problem.line or 0)))


def _related(one: tuple[str | int, ...], other: tuple[str | int, ...]) -> bool:
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def _unreadable(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        place = shlex.quote(str(path))
        return f"there is no such file. Make one: marchepied config default | sudo tee {place}"
    if isinstance(error, PermissionError):
        return "may not be read by this user. Try again as root (sudo)"
    return f"cannot be read: {error.strerror}"


def _syntax(message: str, text: str) -> Problem:
    """tomllib's words, with the line taken out of "Invalid value (at line 3, column 7)"."""
    matched = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    if matched is None:
        return Problem("", None, f"is not TOML: {message}")
    words = message[: matched.start()]
    if matched[1] is None:
        return Problem("", text.rstrip("\n").count("\n") + 1, f"is not TOML: {words}, at the end of the file")
    return Problem("", int(matched[1]), f"is not TOML: {words}, at column {matched[2]}")


def settings(station: Station) -> pages.Settings:
    """What the processes of the screen need. Minutes are rounded up to whole ones, for saying them."""
    return pages.Settings(
        station=station.station.name,
        language=station.station.language,
        sites=tuple(
            pages.Site(site.id, site.title, site.url, site.hosts, site.camera, site.upload_limit)
            for site in station.sites
        ),
        session_minutes=math.ceil(station.session.minutes),
        idle_minutes=math.ceil(station.session.idle_minutes),
        bar_height=station.display.bar_height,
        width=station.display.width,
        height=station.display.height,
        demonstration=station.demonstration.enabled,
        interview=station.interview.enabled,
        dpi=station.display.dpi,
        scanner=station.scanner.kind != "none",
    )


def reference() -> str:
    """docs/configuration.md."""
    return toml_text.reference(Station, _REFERENCE)


def default_toml() -> str:
    """A commented file that means the same as the defaults."""
    return toml_text.default_toml(Station, _DEFAULT)


_REFERENCE = """
# Configuration of a station

<!-- Made from session/station.py by
python -c "from session import config; print(config.reference(), end='')" -->

One file, `/etc/marchepied/station.toml`, in [TOML](https://toml.io). It is read when Marchepied starts.
`marchepied config default` prints one with every key and its meaning; `marchepied config check` tells every
mistake in it, with its line. A key that is left out has its default; a key that Marchepied does not know is a
mistake, and with a mistake in the file the station does not start. The file holds nothing secret.
"""

_DEFAULT = """
Configuration of this Marchepied station: /etc/marchepied/station.toml.

Every key is here with its default; what you leave out keeps it. Check your changes: marchepied config check
"""
