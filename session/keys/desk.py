"""The desk's side of USB keys: what the screens show of one, taking files from it, copying documents to it.

The desk hands open files to the reader and gets them back; it never sees the key itself. A copy is done when it was
read back from the key after it was unmounted once, so from the key and not from memory, and is unmounted again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path

import msgspec

from session import rpc, wire
from session.heart import INTERFACE
from session.keys import door
from session.keys.door import Reader, Trouble, digest_of, opened_document
from session.keys.exchange import Ask
from session.keys.model import SOCKETS, Fault, Mode, Plugged, PluggedKeys
from session.papers import KeyFile, KeyProblem, KeyStage, KeyState

logger = logging.getLogger(__name__)

WRITTEN = 70
"""Percent of a copy when all is written; the rest is reading it back."""
MAX_PEEK = 20 << 20
"""Bytes of a file of which a picture is made before it is taken: keys are slow."""
_AGAIN_SECONDS = 1.0
_SAME_SECONDS = 3.0
LEAST_ROOM = 0.2
"""The part of the session's memory disk that taking a file leaves free: a session without room is ended."""

_FAULTS = {
    Fault.FORMAT: KeyProblem.FORMAT,
    Fault.UNREADABLE: KeyProblem.UNREADABLE,
    Fault.PROTECTED: KeyProblem.PROTECTED,
    Fault.LEFT: KeyProblem.LEFT,
    Fault.FAILED: KeyProblem.FAILED,
}


class Outgoing(msgspec.Struct, frozen=True):
    """A document that is to be copied."""

    id: str
    path: Path
    name: str
    """Under which it is on the key, ending included."""


class Arrived(msgspec.Struct, frozen=True):
    """A file that was taken from a key."""

    path: Path
    name: str
    """What the key called it, cleaned."""
    kind: str
    """Its ending, without the dot: what its first bytes said too."""


class KeyDesk:
    """`state` is what `Papers.key` is to be; `changed` is called after each change of it.

    `control` is the daemon's socket, `sockets` the directory of the environment's. What is taken is written into
    `directory`, and told to `arrived`; documents that a copy has put on the key are told to `copied`, by id.
    """

    def __init__(
        self,
        control: Path,
        sockets: Path,
        directory: Path,
        changed: Callable[[], None],
        arrived: Callable[[Arrived], None],
        copied: Callable[[Sequence[str]], None],
    ) -> None:
        self._control, self._sockets, self._directory = control, sockets / SOCKETS, directory
        self._changed, self._arrived, self._copied = changed, arrived, copied
        self.state = KeyState()
        self._key: Plugged | None = None
        """The newest one that is in: it is the one that somebody holds in mind."""
        self._work: asyncio.Task[None] | None = None
        self._broke_at = float("-inf")
        self._taken: set[tuple[int, str, int]] = set()
        """Key, name and size of files: a key that is looked at again gives them other numbers."""

    # -- calls: each returns at once, and what comes of it is seen in `state` ----------------------------------

    def take_from_key(self, file: str) -> None:
        """Copies a file of the key into the documents. Raises Refused: no_key, busy, no_file."""
        self._need(KeyStage.READY)
        chosen = next((one for one in self.state.files if one.id == file), None)
        if chosen is None:
            raise rpc.Refused("no_file")
        if not chosen.taken:
            self._start(self._take(chosen), KeyProblem.FAILED)

    def copy_to_key(self, documents: Sequence[Outgoing]) -> None:
        """Copies them into a new folder of the key. Raises Refused: no_key, busy, no_document."""
        self._need(KeyStage.READY)
        if not documents:
            raise rpc.Refused("no_document")
        self._start(self._copy(tuple(documents)), KeyProblem.FAILED)

    def leave_key(self) -> None:
        """What was said of a copy, or of a problem, was read: what is on the key is shown again."""
        if self.state.stage not in (KeyStage.DONE, KeyStage.PROBLEM):
            return
        if self._key is None:
            self._show(KeyState())
        elif self._key.fault is not Fault.LEFT:
            self._start(self._read(self._key.id), KeyProblem.UNREADABLE)

    async def peek(self, file: str) -> Path | None:
        """A copy of a file of the key, to make its picture of; whoever asks deletes it.

        None where the file is too large for that, or is not to be had now.
        """
        chosen = next((one for one in self.state.files if one.id == file), None)
        if self._key is None or self.state.stage is not KeyStage.READY or chosen is None or chosen.size > MAX_PEEK:
            return None
        try:
            return (await self._fetch(self._key.id, file))[0]
        except (Trouble, OSError, wire.WireError, rpc.Refused, rpc.Denied, rpc.CallFailed):
            return None

    def pictured(self, file: str) -> None:
        """There is a picture of it now: the screens may ask for it."""
        files = tuple(msgspec.structs.replace(one, picture=1) if one.id == file else one for one in self.state.files)
        self._show(msgspec.structs.replace(self.state, files=files))

    def _need(self, stage: KeyStage) -> None:
        if self._key is None:
            raise rpc.Refused("no_key")
        if self.state.stage is not stage:
            raise rpc.Refused("busy")

    # -- what is plugged in ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follows the daemon. Ends by cancellation, which leaves the key to the daemon."""
        try:
            while True:
                try:
                    client = await rpc.Client.connect(self._control, INTERFACE)
                    try:
                        async for keys in client.stream("WatchKeys", PluggedKeys):
                            self._heard(keys)
                    finally:
                        await client.close()
                except (OSError, wire.WireError, rpc.Refused, rpc.Denied, rpc.CallFailed) as error:
                    logger.debug("the daemon is not heard: %s", type(error).__name__)
                await asyncio.sleep(_AGAIN_SECONDS)
        finally:
            await self._stop()

    def _heard(self, keys: PluggedKeys) -> None:
        now = keys.keys[-1] if keys.keys else None
        before, self._key = self._key, now
        if now is None or before is None or now.id != before.id:
            self._other(before, now)
        elif self._work is None and now.fault is not None and before.fault is None:
            self._trouble(now.fault)  # it went wrong without our doing

    def _other(self, before: Plugged | None, now: Plugged | None) -> None:
        """Another key than before, or none."""
        # A key that is pulled out fails in many ways a moment before it is known to be gone.
        now_failed = asyncio.get_running_loop().time() - self._broke_at < _SAME_SECONDS
        working = self.state.stage in (KeyStage.READING, KeyStage.COPYING) or now_failed
        if self._work is not None:
            self._work.cancel()
            self._work = None
        if now is not None:
            if now.fault is not None:
                self._trouble(now.fault)
            else:
                self._start(self._read(now.id), KeyProblem.UNREADABLE)
        elif before is not None:
            # In the middle of something that is worth a word; a key that was done with may go.
            self._show(KeyState(KeyStage.PROBLEM, problem=KeyProblem.PULLED) if working else KeyState())

    def _trouble(self, fault: Fault) -> None:
        self._show(KeyState(KeyStage.PROBLEM, problem=_FAULTS[fault]))

    # -- work --------------------------------------------------------------------------------------------------

    def _start(self, work: Coroutine[object, object, None], otherwise: KeyProblem) -> None:
        """`otherwise` is what is said where nothing better is known."""
        if self._work is not None:
            self._work.cancel()
        task = asyncio.create_task(self._guarded(work, otherwise))
        self._work = task

        def ended(task: asyncio.Task[None]) -> None:
            if self._work is task:
                self._work = None

        task.add_done_callback(ended)

    async def _stop(self) -> None:
        work, self._work = self._work, None
        if work is not None:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _guarded(self, work: Coroutine[object, object, None], otherwise: KeyProblem) -> None:
        pulled = True
        try:
            await work
        except Trouble as trouble:
            problem = trouble.problem
            pulled = problem in (KeyProblem.FAILED, KeyProblem.UNREADABLE, KeyProblem.PULLED)
        except (OSError, wire.WireError, rpc.CallFailed, rpc.Denied) as error:
            logger.warning("a key: %s", type(error).__name__)
            problem = KeyProblem.FAILED
        except rpc.Refused as refusal:
            if refusal.code == "no_key":
                return  # the stream says so too
            pulled = False
            problem = _FAULTS[Fault(refusal.code)] if refusal.code in _CODES else KeyProblem.FAILED
        else:
            return
        if pulled:
            self._broke_at = asyncio.get_running_loop().time()
        self._show(KeyState(KeyStage.PROBLEM, problem=otherwise if problem is KeyProblem.FAILED else problem))

    async def _read(self, key: int) -> None:
        self._show(KeyState(KeyStage.READING))
        async with self._reader(key, Mode.READ) as reader:
            answer = await reader.ask(Ask("look"))
        files = tuple(
            msgspec.structs.replace(file, taken=(key, file.name, file.size) in self._taken) for file in answer.files
        )
        self._show(KeyState(KeyStage.READY, files=files, more=answer.more))

    async def _take(self, file: KeyFile) -> None:
        assert self._key is not None  # noqa: S101 - looked at by whoever starts this
        key = self._key.id
        ready = self.state
        disk = os.statvfs(self._directory)
        if disk.f_bavail * disk.f_frsize - file.size < LEAST_ROOM * disk.f_blocks * disk.f_frsize:
            raise Trouble(KeyProblem.LARGE)
        self._show(msgspec.structs.replace(ready, stage=KeyStage.READING))
        new, kind = await self._fetch(key, file.id)
        final = new.with_name(f"{new.name.removeprefix('.')}.{kind}")
        new.rename(final)
        self._taken.add((key, file.name, file.size))
        files = tuple(msgspec.structs.replace(one, taken=one.taken or one.id == file.id) for one in ready.files)
        self._show(msgspec.structs.replace(ready, files=files))
        self._arrived(Arrived(final, file.name, kind))

    async def _fetch(self, key: int, file: str) -> tuple[Path, str]:
        """A new hidden file with what is in a file of the key, and its kind. Raises Trouble and what `_bring` does."""
        descriptor, name = tempfile.mkstemp(prefix=".key-", dir=self._directory)
        new = Path(name)
        try:
            with os.fdopen(descriptor, "r+b", buffering=0) as written:
                os.fchmod(descriptor, 0o640)  # the directory's group: what makes pictures and documents of it
                async with self._reader(key, Mode.READ) as reader:
                    answer = await reader.ask(Ask("take", file=file), written.fileno())
                # The reader may be taken over by what is on a key: what it says it wrote is looked at.
                digest = await digest_of(written.fileno())
                if not answer.kind.isalnum() or digest != (answer.digest, answer.so_far):
                    raise Trouble(KeyProblem.FAILED)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        return new, answer.kind

    async def _copy(self, documents: tuple[Outgoing, ...]) -> None:
        assert self._key is not None  # noqa: S101 - looked at by whoever starts this
        key = self._key.id
        self._show(KeyState(KeyStage.COPYING))
        with contextlib.ExitStack() as opened:
            sources = [opened.enter_context(opened_document(document.path)) for document in documents]
            total = sum(os.fstat(source).st_size for source in sources)
            try:
                folder, made = await self._write(key, documents, sources, total)
            except (Trouble, OSError):
                await self._leave(key)
                raise
        await self._read_back(key, folder, made, total)
        await self._bring(key, Mode.OFF)
        self._copied([document.id for document in documents])
        self._show(KeyState(KeyStage.DONE, percent=100, copied=len(documents)))

    async def _write(
        self, key: int, documents: tuple[Outgoing, ...], sources: list[int], total: int
    ) -> tuple[str, list[tuple[str, str]]]:
        """The folder on the key, and name and digest of each file in it."""
        made = []
        async with self._reader(key, Mode.WRITE) as reader:
            before = 0
            wanted = f"Marchepied {time.strftime('%Y-%m-%d')}"
            folder = (await reader.ask(Ask("begin", folder=wanted, size=total))).name
            try:
                for document, source in zip(documents, sources, strict=True):
                    digest, size = await digest_of(source)
                    os.lseek(source, 0, os.SEEK_SET)

                    def told(so_far: int, before: int = before) -> None:
                        self._come_to(WRITTEN * (before + so_far) // max(1, total))

                    answer = await reader.ask(Ask("put", name=document.name), source, told)
                    if (answer.digest, answer.so_far) != (digest, size):
                        raise Trouble(KeyProblem.FAILED)
                    made.append((answer.name, digest))
                    before += size
                await reader.ask(Ask("settle"))
            except Trouble:
                with contextlib.suppress(Trouble, OSError):
                    await reader.ask(Ask("drop"))
                raise
        return folder, made

    async def _read_back(self, key: int, folder: str, made: list[tuple[str, str]], total: int) -> None:
        async with self._reader(key, Mode.READ) as reader:
            before = 0
            for name, digest in made:

                def told(so_far: int, before: int = before) -> None:
                    self._come_to(WRITTEN + (100 - WRITTEN) * (before + so_far) // max(1, total))

                answer = await reader.ask(Ask("check", folder=folder, name=name), told=told)
                if answer.digest != digest:
                    raise Trouble(KeyProblem.FAILED)
                before += answer.so_far

    async def _leave(self, key: int) -> None:
        """After a copy that failed the key is not left writable."""
        with contextlib.suppress(OSError, wire.WireError, rpc.Refused, rpc.Denied, rpc.CallFailed):
            await self._bring(key, Mode.OFF)

    # -- means -------------------------------------------------------------------------------------------------

    async def _bring(self, key: int, mode: Mode) -> Plugged:
        client = await rpc.Client.connect(self._control, INTERFACE)
        try:
            return await client.call("BringKey", Plugged, key=key, mode=mode.value)
        finally:
            await client.close()

    @contextlib.asynccontextmanager
    async def _reader(self, key: int, mode: Mode) -> AsyncIterator[Reader]:
        plugged = await self._bring(key, mode)
        with door.enter(self._sockets / str(plugged.door)) as end:
            yield Reader(end)

    def _come_to(self, percent: int) -> None:
        if self.state.stage is KeyStage.COPYING and percent > self.state.percent:
            self._show(msgspec.structs.replace(self.state, percent=min(99, percent)))

    def _show(self, state: KeyState) -> None:
        state = msgspec.structs.replace(state, plugged=self._key is not None)
        if state != self.state:
            self.state = state
            self._changed()


_CODES = frozenset(fault.value for fault in Fault)
