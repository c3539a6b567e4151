"""What the control socket offers for the agent: calls of the present environment's screens, and of nobody else but
root. What may be done in which stage is the state machine's matter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta

from session import events
from session.agent.attendance import Attendance
from session.model import ALLOWANCES, OUTCOMES, Act, AgentStage, ClosedWhy, Snapshot, State
from session.published import Published
from session.rpc import Caller, NoParameters, Refused, Service


class PinParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pin: Annotated[str, Meta(min_length=1, max_length=20)]

    def __repr__(self) -> str:
        return "PinParameters(...)"  # wherever it may be printed


class MinutesParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    minutes: Annotated[int, Meta(ge=5, le=120)]


class OnParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    on: bool


class OutcomeParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Act


class AllowedParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    act: Act


class ClosedParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    why: ClosedWhy


class Asked(Protocol):
    """What these calls need of the daemon."""

    published: Published[Snapshot]

    @property
    def attendance(self) -> Attendance: ...

    async def ask(self, event: events.Event) -> None: ...


class AgentControl:
    """Adds its methods to `service`. `present` raises Denied for a caller that is no screen of the environment, `desk`
    for one that is not its desk.
    """

    def __init__(
        self,
        service: Service,
        daemon: Asked,
        uids: frozenset[int],
        present: Callable[[Caller], None],
        desk: Callable[[Caller], object],
    ) -> None:
        self._daemon, self._present, self._desk = daemon, present, desk

        def add(name: str, handler: Callable[..., Awaitable[None]], parameters: type[Any] = NoParameters) -> None:
            service.add(name, handler, parameters=parameters, uids=uids)

        add("CallAgent", self._call)
        add("CancelCall", self._cancel)
        add("AgentAsk", self._ask)
        add("AgentEnter", self._enter, PinParameters)
        add("AgentLeave", self._leave)
        add("AgentExtend", self._extend, MinutesParameters)
        add("AgentPrivate", self._private, OnParameters)
        add("AgentAllowed", self._allowed, AllowedParameters)
        add("AgentOutcome", self._outcome, OutcomeParameters)
        add("AgentEnd", self._end)
        add("AgentOutOfService", self._out_of_service, ClosedParameters)
        add("AgentMaintenance", self._maintenance)
        add("AgentInService", self._in_service)

    async def _post(self, caller: Caller, event: events.Event) -> None:
        self._present(caller)
        await self._daemon.ask(event)

    async def _call(self, caller: Caller, _parameters: NoParameters) -> None:
        """ "Appeler l'agent". In a session only."""
        await self._post(caller, events.AgentCalled())

    async def _cancel(self, caller: Caller, _parameters: NoParameters) -> None:
        """The call is no longer needed."""
        await self._post(caller, events.CallCancelled())

    async def _ask(self, caller: Caller, _parameters: NoParameters) -> None:
        """Somebody wants to type a PIN: the browser is stopped, and then the stage is `pin`."""
        self._present(caller)
        self._daemon.attendance.require_agents()
        await self._daemon.ask(events.AgentAsked(self._daemon.attendance.locked_until))

    async def _enter(self, caller: Caller, parameters: PinParameters) -> None:
        """A PIN, in the stage `pin` only. A right one opens the panel; `wrong_pin` and `locked` are refusals."""
        self._present(caller)
        now = self._daemon.published.value
        if now.agent.stage is not AgentStage.PIN:
            raise Refused("wrong_state")
        right = await self._daemon.attendance.proves(parameters.pin)
        locked_until = self._daemon.attendance.locked_until
        await self._daemon.ask(events.PinAnswered(now.generation, right, locked_until))
        if not right:
            raise Refused("wrong_pin" if locked_until is None else "locked")

    async def _leave(self, caller: Caller, _parameters: NoParameters) -> None:
        """Closes the pad or the panel; the browser goes on."""
        await self._post(caller, events.AgentLeft())

    async def _extend(self, caller: Caller, parameters: MinutesParameters) -> None:
        """More time for the session. In the panel only, like all that follow."""
        await self._post(caller, events.AgentExtended(parameters.minutes))

    async def _private(self, caller: Caller, parameters: OnParameters) -> None:
        """The agent steps back, and the panel closes. Who says that it is over (`on` false) need not be an agent."""
        await self._post(caller, events.PrivateAsked(parameters.on))

    async def _allowed(self, caller: Caller, parameters: AllowedParameters) -> None:
        """The desk asks before it allows a host or a camera: what is counted is the kind."""
        self._desk(caller)
        if parameters.act not in ALLOWANCES:
            raise Refused("no_allowance")
        await self._daemon.ask(events.AgentAllowed(parameters.act))

    async def _outcome(self, caller: Caller, parameters: OutcomeParameters) -> None:
        """How the visit went; the last word counts."""
        if parameters.kind not in OUTCOMES:
            raise Refused("no_outcome")
        await self._post(caller, events.OutcomeNoted(parameters.kind))

    async def _end(self, caller: Caller, _parameters: NoParameters) -> None:
        """Ends the session and erases it."""
        await self._post(caller, events.AgentEnded())

    async def _out_of_service(self, caller: Caller, parameters: ClosedParameters) -> None:
        """Ends a session if there is one, and offers no other."""
        await self._post(caller, events.AgentClosed(State.OUT_OF_SERVICE, parameters.why))

    async def _maintenance(self, caller: Caller, _parameters: NoParameters) -> None:
        """As AgentOutOfService, and the screen says that somebody is at work."""
        await self._post(caller, events.AgentClosed(State.MAINTENANCE))

    async def _in_service(self, caller: Caller, _parameters: NoParameters) -> None:
        """Back to service, from a new environment. Where the station is closed only."""
        await self._post(caller, events.AgentClosed(State.READY))
