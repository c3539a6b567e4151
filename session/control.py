"""The control socket: who may ask what of the daemon.

The whole public face of the root process is here. It answers with states, codes and counts; nothing that a caller
sends but an operator's note is kept.
"""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from session import events
from session.agent.attendance import Attendance
from session.agent.control import AgentControl
from session.environment.users import Users
from session.hearts import Hearts
from session.keys.control import KeyControl
from session.keys.port import Port
from session.model import Component, EndReason, Snapshot, State, Trouble
from session.plugs import PlugControl
from session.published import Published
from session.receipts import ReceiptsPage, ReceiptsQuery, RecordsError
from session.records import Records
from session.rpc import Caller, Denied, NoParameters, Refused, Service

INTERFACE = "org.marchepied.Session"
ROOT = 0


class ReadyParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    component: Component


class TroubleParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    trouble: Trouble


class WhyParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    why: Annotated[str, Meta(max_length=200)] = ""


class Asked(Protocol):
    """What the control socket needs of the daemon."""

    published: Published[Snapshot]
    hearts: Hearts
    keys: Port

    @property
    def records(self) -> Records: ...

    @property
    def attendance(self) -> Attendance: ...

    async def ask(self, event: events.Event) -> None: ...


class Control:
    """The methods of org.marchepied.Session, each with who may call it."""

    def __init__(self, daemon: Asked, users: Users) -> None:
        self._daemon = daemon
        self._users = users
        self.service = Service(INTERFACE)
        screen = frozenset({users.screen})
        root = frozenset({ROOT})
        both = screen | root
        add = self.service.add
        add("Status", self._status, uids=both)
        add("Watch", self._watch, uids=both)
        add("Start", self._start, uids=screen)
        add("MoreTime", self._more_time, uids=screen)
        add("Activity", self._activity, uids=screen)
        add("End", self._end, uids=both)
        add("Ready", self._ready, parameters=ReadyParameters, uids=screen)
        add("Alive", self._alive, parameters=ReadyParameters, uids=screen | {users.scanning})
        add("BrowserHung", self._browser_hung, uids=screen)
        add("Fail", self._fail, parameters=TroubleParameters, uids=screen)
        add("Receipts", self._receipts, parameters=ReceiptsQuery, uids=root)
        add("OutOfService", self._out_of_service, parameters=WhyParameters, uids=root)
        add("Maintenance", self._maintenance, parameters=WhyParameters, uids=root)
        add("InService", self._in_service, uids=root)
        AgentControl(self.service, daemon, both, self._require_screen, self._require_desk)
        KeyControl(self.service, daemon.keys, screen, self._require_desk)
        PlugControl(self.service, screen, self._require_desk)

    async def start(self, path: Path) -> None:
        await self.service.start(path, mode=0o660, group=self._users.screen)

    def _status(self, _caller: Caller, _parameters: NoParameters) -> Snapshot:
        """The present snapshot."""
        return self._daemon.published.value

    async def _watch(self, _caller: Caller, _parameters: NoParameters) -> AsyncIterator[Snapshot]:
        """Every snapshot from now on."""
        async with contextlib.aclosing(self._daemon.published.follow()) as snapshots:
            async for snapshot in snapshots:
                yield snapshot

    async def _start(self, _caller: Caller, _parameters: NoParameters) -> None:
        """ "Commencer". READY only."""
        await self._daemon.ask(events.Started())

    async def _more_time(self, _caller: Caller, _parameters: NoParameters) -> None:
        """ "Encore du temps". WARNING only."""
        await self._daemon.ask(events.MoreTimeAsked())

    async def _activity(self, _caller: Caller, _parameters: NoParameters) -> None:
        """Somebody touched something."""
        await self._daemon.ask(events.Activity())

    async def _end(self, caller: Caller, _parameters: NoParameters) -> None:
        """ "J'ai fini", or `marchepied end`. ACTIVE or WARNING only."""
        await self._daemon.ask(events.EndAsked(EndReason.AGENT if caller.uid == ROOT else EndReason.VISITOR))

    async def _ready(self, caller: Caller, parameters: ReadyParameters) -> None:
        """A component of the present environment is up."""
        self._require_present(caller, parameters.component)
        await self._daemon.ask(events.ComponentReady(parameters.component))

    def _alive(self, caller: Caller, parameters: ReadyParameters) -> None:
        """A component of the present environment does its work: to be said every few seconds."""
        self._require_present(caller, parameters.component)
        self._daemon.hearts.beat(parameters.component)

    async def _browser_hung(self, caller: Caller, _parameters: NoParameters) -> None:
        """The desk of the present environment asks the browser in vain: in a session it is started anew."""
        generation = self._require_present(caller, Component.DESK)
        await self._daemon.ask(events.BrowserHung(generation))

    async def _fail(self, caller: Caller, parameters: TroubleParameters) -> None:
        """The desk of the present environment found that no visitor may use its browser."""
        generation = self._require_present(caller, Component.DESK)
        await self._daemon.ask(events.BuildFailed(generation, parameters.trouble))

    def _receipts(self, _caller: Caller, parameters: ReceiptsQuery) -> ReceiptsPage:
        """The newest receipts, oldest first."""
        try:
            return self._daemon.records.page(parameters)
        except RecordsError:
            raise Refused("state_unwritable") from None

    async def _out_of_service(self, _caller: Caller, parameters: WhyParameters) -> None:
        """Ends a session if there is one, and offers no other."""
        await self._daemon.ask(events.ServiceAsked(State.OUT_OF_SERVICE, _printable(parameters.why)))

    async def _maintenance(self, _caller: Caller, parameters: WhyParameters) -> None:
        """As OutOfService, and the screen says that somebody is at work."""
        await self._daemon.ask(events.ServiceAsked(State.MAINTENANCE, _printable(parameters.why)))

    async def _in_service(self, _caller: Caller, _parameters: NoParameters) -> None:
        """Back to service, from a new environment."""
        await self._daemon.ask(events.ServiceAsked(State.READY))

    def _require_screen(self, caller: Caller) -> None:
        """Only the kiosk of the present environment speaks for the hands at it; and root."""
        if caller.uid != ROOT:
            self._require_present(caller, Component.UI)

    def _require_desk(self, caller: Caller) -> None:
        self._require_present(caller, Component.DESK)

    def _require_present(self, caller: Caller, component: Component) -> int:
        """Only a process of the present environment speaks for it, and only for its own component.

        One of a dying environment has lost its voice. The desk answers for the browser too.
        """
        generation = self._daemon.published.value.generation
        try:
            lines = Path(f"/proc/{caller.pid}/cgroup").read_text("utf-8").splitlines()
            cgroup = next(line for line in lines if line.startswith("0::"))
        except (OSError, StopIteration):
            raise Denied from None
        place, _, name = cgroup.strip().rpartition("/")
        speaker = Component.DESK if component is Component.BROWSER else component
        if not place.endswith(f"/environment-{generation}") or name != speaker:
            raise Denied
        return generation


def _printable(untrusted_note: str) -> str:
    # Controls, what is not assigned, and the separators of lines and paragraphs: it is shown as one line.
    if any(unicodedata.category(character)[0] == "C" or character in "\u2028\u2029" for character in untrusted_note):
        raise Refused("unprintable")
    return untrusted_note
