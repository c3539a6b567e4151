"""The other processes of a station, as far as the UI sees them: real sockets, and snapshots that the tests set."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from kiosk.client import GuardNews
from session.model import Snapshot
from session.pages import DeskSnapshot
from session.papers import Papers
from session.rpc import Caller, Refused, Service

PATIENCE = 10.0
"""Seconds that anything may take before a test gives up."""


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = PATIENCE) -> bool:
    """Waits until `condition` holds; False when it did not in that time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        held = condition()
        if held is True or (not isinstance(held, bool) and await held):
            return True
        await asyncio.sleep(0.01)
    return False


class _Any(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    component: str | None = None
    site: str | None = None
    page: str | None = None
    mode: str | None = None
    foot: int | None = None
    text: str | None = None
    key: str | None = None
    window: int | None = None
    height: int | None = None
    action: str | None = None
    pin: str | None = None
    minutes: int | None = None
    on: bool | None = None
    kind: str | None = None
    why: str | None = None
    what: str | None = None
    document: str | None = None
    label: str | None = None
    picker: str | None = None
    documents: list[dict[str, str]] | None = None


AGENT = (
    *("CallAgent", "CancelCall", "AgentAsk", "AgentEnter", "AgentLeave", "AgentExtend", "AgentPrivate", "AgentOutcome"),
    *("AgentEnd", "AgentOutOfService", "AgentMaintenance", "AgentInService"),
)


class Fake:
    """One service. Records calls as ("Name", parameters); `refuse` makes the next ones of that name be refused."""

    def __init__(
        self, interface: str, path: Path, methods: tuple[str, ...], snapshot: Any = None, papers: Any = None
    ) -> None:
        self.path, self.calls = path, list[tuple[str, dict[str, Any]]]()
        self.refuse: dict[str, str] = {}
        self.on_call: Callable[[str, dict[str, Any]], None] = lambda _name, _parameters: None
        self.watchers = 0
        self._interface, self._methods, self._snapshot, self._papers = interface, methods, snapshot, papers
        self._news = asyncio.Event()
        self._service: Service | None = None

    async def start(self) -> None:
        service = Service(self._interface)
        for name in self._methods:
            service.add(name, self._handler(name), parameters=_Any, uids=None)
        if self._snapshot is not None:
            service.add("Watch", self._watch, uids=None)
        if self._papers is not None:
            service.add("WatchPapers", self._watch_papers, uids=None)
        await service.start(self.path)
        self._service = service

    async def stop(self) -> None:
        if self._service is not None:
            await self._service.stop()
            self.path.unlink(missing_ok=True)
            self._service = None

    def publish(self, snapshot: Any = None, papers: Any = None) -> None:
        self._snapshot, self._papers = snapshot or self._snapshot, papers or self._papers
        self._news.set()
        self._news = asyncio.Event()

    def called(self, name: str, **parameters: Any) -> bool:
        return (name, parameters) in self.calls

    def count(self, name: str) -> int:
        return sum(called == name for called, _ in self.calls)

    def _handler(self, name: str) -> Callable[[Caller, _Any], None]:
        def handle(_caller: Caller, parameters: _Any) -> None:
            given = {key: value for key, value in msgspec.structs.asdict(parameters).items() if value is not None}
            self.calls.append((name, given))
            if name in self.refuse:
                raise Refused(self.refuse[name])
            self.on_call(name, given)

        return handle

    async def _watch_papers(self, _caller: Caller, _parameters: Any) -> AsyncIterator[Any]:
        while True:
            news = self._news
            yield self._papers
            await news.wait()

    async def _watch(self, _caller: Caller, _parameters: Any) -> AsyncIterator[Any]:
        self.watchers += 1
        try:
            while True:
                news = self._news
                yield self._snapshot
                await news.wait()
        finally:
            self.watchers -= 1


class FakeStation:
    """The three services of a station's run directory."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.control = Fake(
            "org.marchepied.Session",
            run / "control",
            ("Ready", "Alive", "Start", "End", "MoreTime", *AGENT),
            Snapshot(),
        )
        self.desk = Fake(
            "org.marchepied.Desk",
            run / "desk",
            ("Open", "Home", "Show", "Close", "Retry", "Bear", "Allow", "StopCapture", "Name", "Drop", "Send"),
            DeskSnapshot(),
            Papers(),
        )
        self.guard = Fake("org.marchepied.Guard", run / "guard", ("Layout", "Press", "Type"), GuardNews())

    async def start(self) -> None:
        for fake in (self.control, self.desk, self.guard):
            await fake.start()

    async def stop(self) -> None:
        for fake in (self.control, self.desk, self.guard):
            await fake.stop()

    async def __aenter__(self) -> FakeStation:
        await self.start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.stop()
