"""What a UI that died leaves to the one that follows it in the same environment: how its visitor wants the screens.

A file in the UI's home, hence in the session's memory disk: it goes with the environment, and nothing of a visitor but
these choices is in it.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from kiosk import theme
from kiosk.view import Local
from kiosk.words import LANGUAGES


class Choices(msgspec.Struct, frozen=True):
    language: str
    text_size: theme.TextSize
    colours: theme.Colours
    notice_read: bool


def choices_of(local: Local) -> Choices:
    return Choices(local.language, local.text_size, local.colours, local.notice_read)


def load(path: Path, local: Local) -> Local:
    """`local` with what was remembered; as it is where nothing was, or nothing that can be read."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Choices)
    except (OSError, msgspec.DecodeError):
        return local
    if kept.language not in LANGUAGES:
        return local
    return msgspec.structs.replace(local, **msgspec.structs.asdict(kept))


def save(path: Path, choices: Choices) -> None:
    """A few bytes to a memory disk. One that is full loses the choice at worst."""
    with contextlib.suppress(OSError):
        path.write_bytes(msgspec.json.encode(choices))
