"""The `marchepied` command in a test, and a daemon for it to talk to on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from session import receipts, records, rpc
from session.cli import main as cli
from session.model import (
    EndReason,
    Snapshot,
    State,
    WipeSummary,
)
from session.records import Check, CheckResult, ReceiptsQuery, Records, Step
from session.rpc import Caller, NoParameters

ROOT = Path(__file__).parents[3]
LOG = "The log says more: journalctl -u marchepied"
READY = Snapshot(
    state=State.READY,
    generation=12,
    last_wipe=WipeSummary(True, 1_795_301_885.0, 412, EndReason.VISITOR, "1a24395e4342"),
)


class Why(msgspec.Struct, forbid_unknown_fields=True):
    why: str


class FakeDaemon:
    """Answers as the daemon would, and remembers what it was asked."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "control"
        self.snapshots = [READY]
        self.asked: list[tuple[str, str]] = []
        self.error: Exception | None = None
        self.watched = asyncio.Event()
        self.store = Records(directory / "state", "0123abcd")
        self.page = self.store.page
        self.service = rpc.Service(cli.INTERFACE)
        self.service.add("Status", self._status, uids=None)
        self.service.add("Watch", self._watch, uids=None)
        self.service.add("Receipts", self._receipts, parameters=ReceiptsQuery, uids=None)
        for name in ("End", "InService"):
            self.service.add(name, self._asked(name), uids=None)
        for name in ("OutOfService", "Maintenance"):
            self.service.add(name, self._asked(name), parameters=Why, uids=None)

    def _status(self, _caller: Caller, _parameters: NoParameters) -> Snapshot:
        self._fail()
        return self.snapshots[-1]

    async def _watch(self, _caller: Caller, _parameters: NoParameters) -> AsyncIterator[Snapshot]:
        for snapshot in self.snapshots:
            yield snapshot
        self.watched.set()
        await asyncio.Event().wait()

    def _receipts(self, _caller: Caller, parameters: ReceiptsQuery) -> records.ReceiptsPage:
        return self.page(parameters)

    def _asked(self, name: str) -> Any:
        def handler(_caller: Caller, parameters: Any) -> None:
            self._fail()
            self.asked.append((name, getattr(parameters, "why", "")))

        return handler

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error

    def add(self, **changes: Any) -> receipts.Receipt:
        values: dict[str, Any] = {
            "generation": 1,
            "reason": EndReason.VISITOR,
            "ended_at": 1_795_301_885.0,
            "milliseconds": 412,
            "steps": [Step("kill", 57, True)],
            "checks": [Check("processes", CheckResult.OK)],
            "verified": True,
            **changes,
        }
        return self.store.append(**values)


class Result(msgspec.Struct):
    code: int
    out: str
    err: str


class Run:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Result:
        try:
            code = cli.main(arguments)
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        captured = self._capsys.readouterr()
        return Result(code, captured.out, captured.err)

    async def beside(self, *arguments: str) -> Result:
        """While the fake daemon's loop goes on."""
        return await asyncio.to_thread(self, *arguments)
