"""One line to speech-dispatcher, in its own protocol (SSIP; doc/ssip.texi of speech-dispatcher): commands with answers
of three digits, and events between them.

What is spoken goes over the socket only; nothing of it is logged or raised.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

MAX_TEXT = 4000
"""Characters of one message; the rest is not spoken."""
ANSWER_SECONDS = 5.0

_EVENT = "7"
_OVER = ("702", "703")
"""END and CANCEL."""


class SsipError(Exception):
    """The line broke, or the server refused or did not answer. The text names the command's first word only."""


class Ssip:
    """One command at a time; the caller sees to that."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._answers: asyncio.Queue[list[str]] = asyncio.Queue()
        self._over: dict[int, asyncio.Event] = {}
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def connect(cls, path: Path) -> Ssip:
        """Raises OSError."""
        return cls(*await asyncio.open_unix_connection(path))

    async def close(self) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def command(self, *words: str) -> list[str]:
        """The lines of the answer, without their codes. Raises SsipError."""
        return await self._send(words[0], " ".join(words))

    async def speak(self, text: str) -> asyncio.Event:
        """Queues a message; the event is set when it is over, spoken or cancelled. Raises SsipError."""
        await self._send("SPEAK", "SPEAK")
        lines = text[:MAX_TEXT].splitlines()
        data = "\r\n".join(f".{line}" if line.startswith(".") else line for line in lines)
        answer = await self._send("SPEAK", f"{data}\r\n.")
        number = int(answer[0]) if answer[0].isdigit() else 0
        # The end of a very short one may have been told already.
        return self._over.setdefault(number, asyncio.Event())

    def forget(self) -> None:
        """What was said before is of no interest any more."""
        self._over.clear()

    async def _send(self, name: str, line: str) -> list[str]:
        try:
            self._writer.write(line.encode("utf-8", "replace") + b"\r\n")
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._writer.drain()
                answer = await self._answers.get()
        except (OSError, TimeoutError):
            raise SsipError(name) from None
        if not answer or not answer[-1].startswith("2"):
            raise SsipError(name)
        return [line[4:] for line in answer]

    async def _listen(self) -> None:
        lines: list[str] = []
        try:
            while untrusted_line := (await self._reader.readline()).decode("utf-8", "replace").rstrip("\r\n"):
                lines.append(untrusted_line)
                if untrusted_line[3:4] == "-":
                    continue
                if untrusted_line.startswith(_EVENT):
                    self._on_event(lines)
                else:
                    self._answers.put_nowait(lines)
                lines = []
        except (OSError, ValueError):
            pass
        # The end of the line: nobody shall wait for what will not come.
        self._answers.put_nowait([])
        for over in self._over.values():
            over.set()

    def _on_event(self, lines: list[str]) -> None:
        """Three lines: the message's number, the client's, what happened to it."""
        number = lines[0][4:]
        if lines[-1].startswith(_OVER) and number.isdigit():
            self._over.setdefault(int(number), asyncio.Event()).set()

    @property
    def broken(self) -> bool:
        return self._listening.done()

    async def ended(self) -> None:
        """Waits until the line breaks."""
        await asyncio.wait({self._listening})
