"""What the desk and the reader of a key say to each other: datagrams, with an open file where one is handed over.

SOCK_SEQPACKET: a message is whole, and the other end's death is an end of the stream (unix(7)).
"""

from __future__ import annotations

import array
import contextlib
import os
import socket
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from session import wire
from session.papers import MAX_KEY_FILES, KeyFile, KeyProblem

_T = TypeVar("_T")
CHUNK = 1 << 20
"""Bytes read and written at once."""
MAX_TAKEN = 200 << 20
"""Bytes of a file that may be taken from a key: more is no paper."""
_SCM = 4


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The desk to the reader.

    look: what is on the key. take: the file `file`, into the open file that comes with this. begin: a new folder for
    `size` bytes. put: the open file that comes with this, as `name`, into that folder. settle: all of it onto the disk.
    drop: that folder away. check: read `name` in `folder` back.
    """

    do: Literal["look", "take", "begin", "put", "settle", "drop", "check"]
    file: str = ""
    name: str = ""
    folder: str = ""
    size: int = 0


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reader to the desk. Any number with `done` false, and the last one."""

    done: bool
    so_far: int = 0
    """Bytes."""
    problem: KeyProblem | None = None
    files: Annotated[tuple[KeyFile, ...], Meta(max_length=MAX_KEY_FILES)] = ()
    more: bool = False
    name: Annotated[str, Meta(max_length=255)] = ""
    """Of the folder, or of the file, that was made."""
    kind: str = ""
    digest: str = ""
    """SHA-256, in hexadecimal."""


def send(end: socket.socket, message: Ask | Answer, file: int | None = None) -> None:
    """Raises OSError."""
    frame = wire.encode(message)
    rights = [] if file is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))]
    end.sendmsg([frame], rights)


def receive(end: socket.socket, kind: type[_T]) -> tuple[_T, int | None] | None:
    """A message, and the descriptor that came with it, which is now ours; None at the end.

    Raises OSError, WireError.
    """
    untrusted_data, descriptors, flags, _address = socket.recv_fds(end, 4 * wire.MAX_FRAME, _SCM)
    keep = None
    try:
        if not untrusted_data:
            return None
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC) or len(descriptors) > 1:
            raise wire.WireError("not one message with one file at most")
        message = wire.decode(untrusted_data.removesuffix(b"\0"), kind)
        keep = descriptors[0] if descriptors else None
        return message, keep
    finally:
        for descriptor in descriptors:
            if descriptor != keep:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
