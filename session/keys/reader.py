"""The one process that reads and writes a visitor's key. `python -m session.keys.reader`, in a sandbox.

It sees the key, its own socket, and no other file: what is taken is written into a file that the desk has opened, what
is copied is read from one. It ends with the key's mount.

Environment: MARCHEPIED_KEY (directory of the volumes), MARCHEPIED_DOOR (the socket that it makes), MARCHEPIED_SCREEN
(the user who may talk to it). One byte on stdout says that it listens. It logs nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import os
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path

from session import wire
from session.keys import files
from session.keys.exchange import CHUNK, MAX_TAKEN, Answer, Ask, receive, send
from session.papers import KeyFile, KeyProblem

_SPARE = 1 << 20
"""Bytes of a key that stay free: directories grow too."""
_ASIDE = 20
"""How many names are tried for a new file or folder before it is given up."""

_PROBLEMS = {
    errno.ENOSPC: KeyProblem.FULL,
    errno.EDQUOT: KeyProblem.FULL,
    errno.EFBIG: KeyProblem.FULL,
    errno.EROFS: KeyProblem.PROTECTED,
    errno.EPERM: KeyProblem.PROTECTED,
    errno.EACCES: KeyProblem.PROTECTED,
    errno.ENODEV: KeyProblem.PULLED,
    errno.ENXIO: KeyProblem.PULLED,
    errno.ENOMEDIUM: KeyProblem.PULLED,
}


class Reader:
    """`key` is the directory of the volumes; a copy goes to the first of them."""

    def __init__(self, key: Path) -> None:
        self._key = key
        self._found: dict[str, files.Found] = {}
        self._folder: tuple[str, int] | None = None
        """Of the present copy: its name and a descriptor."""
        self._written: list[str] = []

    def answer(self, ask: Ask, file: int | None, tell: Callable[[Answer], None]) -> Answer:
        """Does what is asked; `tell` hears how far it is. Never raises for what a key does."""
        try:
            match ask.do:
                case "look":
                    return self._look()
                case "take" if file is not None:
                    return self._take(ask.file, file, tell)
                case "begin":
                    return self._begin(ask.folder, ask.size)
                case "put" if file is not None:
                    return self._put(ask.name, file, tell)
                case "settle":
                    return self._settle()
                case "drop":
                    return self._drop()
                case "check":
                    return self._check(ask.folder, ask.name, tell)
        except OSError as error:
            return Answer(True, problem=_PROBLEMS.get(error.errno or 0, _otherwise(ask)))
        return Answer(True, problem=KeyProblem.FAILED)

    def _look(self) -> Answer:
        found, more = files.look(self._key)
        # Never the same again, of this key or of another: pictures are kept by them.
        tag = os.urandom(6).hex()
        self._found = {f"{tag}-{number}": one for number, one in enumerate(found)}
        shown = tuple(KeyFile(id=number, name=one.name, size=one.size) for number, one in self._found.items())
        return Answer(True, files=shown, more=more)

    def _take(self, number: str, into: int, tell: Callable[[Answer], None]) -> Answer:
        found = self._found.get(number)
        if found is None:
            return Answer(True, problem=KeyProblem.FAILED)
        if found.size > MAX_TAKEN:
            return Answer(True, problem=KeyProblem.LARGE)
        with os.fdopen(files.open_file(found.volume, found.parts), "rb", buffering=0) as source:
            if files.kind_of(source.read(16)) != found.kind:
                return Answer(True, problem=KeyProblem.UNREADABLE)
            source.seek(0)
            # So many bytes and no more, whatever the file system says of the file by then.
            try:
                digest, size = _copy(source.fileno(), into, found.size, tell)
            except OSError as error:
                if error.errno == errno.ENOSPC:  # here, not on the key
                    return Answer(True, problem=KeyProblem.LARGE)
                raise
        if size != found.size:
            return Answer(True, problem=KeyProblem.UNREADABLE)
        return Answer(True, so_far=size, name=found.name, kind=found.kind, digest=digest)

    def _begin(self, folder: str, size: int) -> Answer:
        if self._folder is not None:
            os.close(self._folder[1])
            self._folder = None
        volume = min(os.scandir(self._key), key=lambda entry: entry.name).path
        room = os.statvfs(volume)
        if room.f_bavail * room.f_frsize < size + _SPARE:
            return Answer(True, problem=KeyProblem.FULL)
        name = self._made(plain(folder), lambda name: os.mkdir(Path(volume, name), 0o777))
        opened = files.open_directory(os.fsencode(volume), (os.fsencode(name),))
        self._folder, self._written = (name, opened), []
        return Answer(True, name=name)

    def _put(self, name: str, source: int, tell: Callable[[Answer], None]) -> Answer:
        if self._folder is None:
            return Answer(True, problem=KeyProblem.FAILED)
        _, folder = self._folder
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        opened: list[int] = []
        made = self._made(plain(name), lambda name: opened.append(os.open(name, flags, 0o666, dir_fd=folder)))
        self._written.append(made)
        try:
            digest, size = _copy(source, opened[0], os.fstat(source).st_size, tell)
            os.fsync(opened[0])
        finally:
            os.close(opened[0])
        return Answer(True, so_far=size, name=made, digest=digest)

    def _settle(self) -> Answer:
        if self._folder is None:
            return Answer(True, problem=KeyProblem.FAILED)
        _, folder = self._folder
        os.fsync(folder)
        _syncfs(folder)
        return Answer(True)

    def _drop(self) -> Answer:
        """A copy that did not come off leaves nothing of itself."""
        if self._folder is None:
            return Answer(True)
        name, folder = self._folder
        for written in self._written:
            os.unlink(written, dir_fd=folder)
        os.close(folder)
        self._folder = None
        volume = min(os.scandir(self._key), key=lambda entry: entry.name).path
        os.rmdir(Path(volume, name))
        return self._synced(volume)

    @staticmethod
    def _synced(volume: str) -> Answer:
        directory = os.open(volume, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _syncfs(directory)
        finally:
            os.close(directory)
        return Answer(True)

    def _check(self, folder: str, name: str, tell: Callable[[Answer], None]) -> Answer:
        wanted = (os.fsencode(plain(folder)), os.fsencode(plain(name)))
        for volume in sorted(entry.path for entry in os.scandir(os.fsencode(self._key))):
            with contextlib.suppress(FileNotFoundError):
                file = files.open_file(volume, wanted)
                try:
                    digest, size = _copy(file, None, MAX_TAKEN, tell)
                finally:
                    os.close(file)
                return Answer(True, so_far=size, digest=digest)
        return Answer(True, problem=KeyProblem.FAILED)

    @staticmethod
    def _made(name: str, make: Callable[[str], object]) -> str:
        """The name under which `make` made something new: another one where that name is taken. Raises OSError."""
        stem, ending = os.path.splitext(name)
        for number in range(1, _ASIDE):
            tried = name if number == 1 else f"{stem} ({number}){ending}"
            with contextlib.suppress(FileExistsError):
                make(tried)
                return tried
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def plain(name: str) -> str:
    """A name that every file system of a key takes: none of FAT's forbidden characters, no dot or space at the end."""
    kept = "".join("-" if character in '\\/:*?"<>|' or character < " " else character for character in name)
    # 150 characters are at most 255 UTF-16 units, and names are ours: this is a bound, not a style.
    return kept.strip(" .")[:150] or "document"


def _copy(source: int, into: int | None, most: int, tell: Callable[[Answer], None]) -> tuple[str, int]:
    """SHA-256 and size of what was read, `most` bytes at most, and written where `into` says. Raises OSError."""
    digest, size = hashlib.sha256(), 0
    while size < most and (chunk := os.read(source, min(CHUNK, most - size))):
        digest.update(chunk)
        size += len(chunk)
        rest = memoryview(chunk)
        while into is not None and rest:
            rest = rest[os.write(into, rest) :]
        tell(Answer(False, so_far=size))
    return digest.hexdigest(), size


def _otherwise(ask: Ask) -> KeyProblem:
    return KeyProblem.UNREADABLE if ask.do in ("look", "take") else KeyProblem.FAILED


def _syncfs(descriptor: int) -> None:
    """syncfs(2): since Linux 5.8 it tells of pages that could not be written. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syncfs(descriptor) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def serve(listener: socket.socket, reader: Reader, screen: int) -> None:
    """One caller after the other, for ever: a desk that was started again comes back."""
    while True:
        caller, _ = listener.accept()
        with caller, contextlib.suppress(OSError, wire.WireError):
            _pid, uid, _gid = struct.unpack("iII", caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            if uid == screen:
                _converse(caller, reader)


def _converse(caller: socket.socket, reader: Reader) -> None:
    """Until the caller hangs up, which stops what is being done too: nobody hears of it any more."""
    while (received := receive(caller, Ask)) is not None:
        ask, file = received
        try:
            last = reader.answer(ask, file, lambda answer: send(caller, answer))
        finally:
            if file is not None:
                os.close(file)
        send(caller, last)


def main() -> int:
    os.umask(0o007)
    door = Path(os.environ["MARCHEPIED_DOOR"])
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(door))
        listener.listen(2)
        os.write(1, b"!")
        serve(listener, Reader(Path(os.environ["MARCHEPIED_KEY"])), int(os.environ["MARCHEPIED_SCREEN"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
