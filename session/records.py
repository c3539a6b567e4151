"""The station's receipts (see `session.receipts`) on the disk: appended, bounded, repaired after a power cut.

Everything here blocks for the time of an fsync.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from session import receipts
from session.model import EndReason
from session.receipts import (
    MOST,
    ORIGIN,
    Act,
    Anchor,
    AnchorReason,
    Break,
    Chain,
    Check,
    CheckResult,
    Receipt,
    ReceiptsPage,
    ReceiptsQuery,
    RecordsError,
    Step,
    canonical,
    decode,
    digest,
    summary,
)

__all__ = [
    "FILE",
    "MOST",
    "Check",
    "CheckResult",
    "Receipt",
    "ReceiptsPage",
    "ReceiptsQuery",
    "Records",
    "RecordsError",
    "Step",
    "boot_mark",
    "summary",
    "verify_chain",
]

logger = logging.getLogger(__name__)

FILE = "receipts.jsonl"
KEPT = 2_500
HIGHEST_TRUSTED = 10**12
"""A broken file cannot make us begin with a number so high that none is left."""
BROKEN_KEPT = 5
"""Broken files kept aside; the oldest goes first."""
PAGE_BYTES = 48 * 1024
"""Of receipts in one answer, so that it fits in a frame of the wire (64 KiB)."""


def verify_chain(path: Path) -> Chain:
    """Reads and checks a whole file of receipts; changes nothing. Raises RecordsError."""
    try:
        return receipts.verify_chain(path)
    except OSError as error:
        raise _failed("read", path, error) from error


def boot_mark(boot_id: Path = Path("/proc/sys/kernel/random/boot_id")) -> str:
    """8 hexadecimal digits that tell this run of the machine from others, and nothing else about it."""
    text = boot_id.read_text("ascii").strip()
    return hashlib.sha256(b"marchepied boot " + text.encode()).hexdigest()[:8]


class Records:
    """The station's receipts, in one directory. One process writes."""

    def __init__(self, directory: Path, boot: str | None = None) -> None:
        """Opens or begins the chain. A torn last line is cut off; a broken chain is kept aside and a new one
        begun.

        Raises RecordsError.
        """
        self.directory = directory
        self.path = directory / FILE
        self.broken: Break | None = None
        """What was wrong with the chain that was found, if anything."""
        self.kept_aside: Path | None = None
        self._known: tuple[int, ...] | None = None
        self._number, self._hash, self._count = 0, ORIGIN, 0
        self.latest: Receipt | None = None
        try:
            self._boot = boot or boot_mark()
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._load()
        except OSError as error:
            raise _failed("open", self.path, error) from error

    def append(
        self,
        *,
        generation: int,
        reason: EndReason,
        ended_at: float,
        milliseconds: int,
        steps: Iterable[Step],
        checks: Iterable[Check],
        verified: bool,
        acts: Iterable[Act] = (),
    ) -> Receipt:
        """Adds a receipt; on return it is on the disk. `ended_at` is in seconds since the epoch.

        Raises RecordsError when the disk does not take it, ValueError for anything but codes and numbers.
        """
        try:
            # A failed write, or somebody else's hand, since the last time.
            if self._known != _identity(self.path):
                self._load()
            receipt = Receipt(
                number=self._number + 1,
                generation=generation,
                boot=self._boot,
                reason=reason,
                ended_at=datetime.fromtimestamp(ended_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                milliseconds=milliseconds,
                steps=tuple(steps),
                checks=tuple(checks),
                verified=verified,
                acts=tuple(acts),
                previous=self._hash,
                hash=ORIGIN,
            )
            receipt = msgspec.structs.replace(receipt, hash=digest(receipt))
            msgspec.json.decode(canonical(receipt), type=Receipt)
            _append(self.path, canonical(receipt) + b"\n")
        except msgspec.ValidationError as error:
            raise ValueError(f"a receipt holds codes and numbers only: {error}") from None
        except OSError as error:
            self._known = None
            raise _failed("write", self.path, error) from error
        self._known = _identity(self.path)
        self._number, self._hash, self._count = receipt.number, receipt.hash, self._count + 1
        self.latest = receipt
        if self._count > MOST:
            self._rotate()
        return receipt

    def page(self, query: ReceiptsQuery | None = None) -> ReceiptsPage:
        """The newest receipts that fit in one answer. Raises RecordsError."""
        query = query or ReceiptsQuery()
        found: list[Receipt] = []
        room = PAGE_BYTES
        for line in reversed(self._lines()):
            receipt = decode(line)
            if receipt is None:
                raise RecordsError(f"{self.path} was changed by another hand: restart Marchepied to check it")
            if query.before is not None and receipt.number >= query.before:
                continue
            room -= len(line) + 1
            if len(found) == query.last or (room < 0 and found):
                break
            found.append(receipt)
        return ReceiptsPage(tuple(reversed(found)))

    def verify(self) -> Chain:
        return verify_chain(self.path)

    def _lines(self) -> list[bytes]:
        """Of the receipts, without their ends."""
        try:
            return self.path.read_bytes().split(b"\n")[1:-1]
        except OSError as error:
            raise _failed("read", self.path, error) from error

    def _load(self) -> None:
        if not self.path.exists():
            reason = AnchorReason.AFTER_BREAK if self._number else AnchorReason.NEW
            self._begin(Anchor(reason, self._number, ORIGIN))
            return
        chain = verify_chain(self.path)
        if chain.broken is not None:
            self._set_aside(chain.broken)
            # Numbers are never given twice, so those of the lines after the break are skipped too.
            number = min(max(self._number, chain.anchor.number + chain.lines), HIGHEST_TRUSTED)
            self._begin(Anchor(AnchorReason.AFTER_BREAK, number, ORIGIN))
            return
        if chain.torn_bytes:
            logger.warning("%s: cut off %d bytes of a torn last receipt", self.path, chain.torn_bytes)
            with self.path.open("r+b") as file:
                file.truncate(chain.whole_bytes)
                os.fsync(file.fileno())
        self._number, self._hash, self._count = chain.last_number, chain.last_hash, chain.receipts
        lines = self._lines()
        self.latest = decode(lines[-1]) if lines else None
        self._known = _identity(self.path)

    def _set_aside(self, broken: Break) -> None:
        aside = sorted(self.directory.glob("receipts.broken-*.jsonl"), key=_serial)
        self.kept_aside = self.directory / f"receipts.broken-{_serial(aside[-1]) + 1 if aside else 1}.jsonl"
        self.path.rename(self.kept_aside)
        for old in aside[: max(0, len(aside) + 1 - BROKEN_KEPT)]:
            old.unlink()
        self.broken = broken
        logger.error("%s: %s; kept as %s, a new chain begins", self.path, broken, self.kept_aside.name)

    def _begin(self, anchor: Anchor, lines: Iterable[bytes] = ()) -> None:
        """Puts a new file in place of the old one, whole or not at all."""
        lines = list(lines)
        new = self.directory / f"{FILE}.new"
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(b"".join(line + b"\n" for line in (canonical(anchor), *lines)))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
        _sync_directory(self.directory)
        self._known = _identity(self.path)
        self._count = len(lines)
        if not lines:
            self._number, self._hash, self.latest = anchor.number, anchor.previous, None

    def _rotate(self) -> None:
        lines = self._lines()
        last_dropped = decode(lines[-KEPT - 1])
        if last_dropped is None:
            return
        try:
            self._begin(Anchor(AnchorReason.ROTATED, last_dropped.number, last_dropped.hash), lines[-KEPT:])
        except OSError as error:
            # The receipt itself is safe; the next one tries again.
            logger.warning("%s cannot be shortened: %s", self.path, error.strerror)


def _append(path: Path, line: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
    size = os.fstat(descriptor).st_size
    try:
        written = 0
        while written < len(line):
            written += os.write(descriptor, line[written:])
        os.fsync(descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, size)
        raise
    finally:
        os.close(descriptor)


def _identity(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _serial(path: Path) -> int:
    digits = path.name.removeprefix("receipts.broken-").removesuffix(".jsonl")
    return int(digits) if digits.isdecimal() else 0


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_MENDS = {
    errno.ENOSPC: "the disk is full: free some space on it",
    errno.EDQUOT: "the disk quota is used up: free some space",
    errno.EROFS: "the file system is read-only: check the disk and remount it",
    errno.EACCES: "permission denied: the directory must belong to the user that Marchepied runs as (root)",
    errno.EPERM: "not permitted: check the file's attributes (lsattr)",
    errno.ENOTDIR: "a part of this path is not a directory",
    errno.EEXIST: "something that is not a directory is in the way",
}


def _failed(what: str, path: Path, error: OSError) -> RecordsError:
    mend = _MENDS.get(error.errno or 0, error.strerror or "the disk failed")
    return RecordsError(f"cannot {what} the receipts {path}: {mend}")
