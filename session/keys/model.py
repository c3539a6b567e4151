"""A visitor's USB key as the daemon may know it: plugged in or not, open for what, refused for which reason.

Shared by the daemon, the process that holds a key, and the desk. Nothing here can hold a name of a file or of a key.
"""

from __future__ import annotations

import enum

import msgspec

SOCKETS = "keys"
"""Below the directory of the sockets: one socket for each time that a key is opened, named by its door."""


class Mode(enum.StrEnum):
    OFF = "off"
    """Not mounted: it can be pulled."""
    READ = "read"
    WRITE = "write"
    """Mounted so that it can be written, for one copy."""


class Fault(enum.StrEnum):
    """Why a key is not open."""

    FORMAT = "format"
    """No file system, or none of the kinds that are opened."""
    UNREADABLE = "unreadable"
    """It says what it is, but cannot be mounted."""
    PROTECTED = "protected"
    """It cannot be written."""
    LEFT = "left"
    """It was there in an earlier visit, or before the station started: nobody knows whose it is."""
    FAILED = "failed"


class Plugged(msgspec.Struct, frozen=True):
    """One key."""

    id: int
    """Counts what was plugged in since the daemon started."""
    mode: Mode = Mode.OFF
    door: int = 0
    """Which socket leads to it; 0 while it is off."""
    fault: Fault | None = None
    busy: bool = False
    """It is being opened or closed."""


class PluggedKeys(msgspec.Struct, frozen=True):
    """Every key that the present session has to do with, in the order in which they were plugged in."""

    keys: tuple[Plugged, ...] = ()
