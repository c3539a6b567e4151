"""What can happen to a station, and what the state machine then wants done. Data only."""

from __future__ import annotations

import msgspec

from session.model import Component, EndReason, State, Trouble, WipeSummary

# -- events ------------------------------------------------------------------------------------------------------


class Began(msgspec.Struct, frozen=True):
    """The daemon started; whatever a previous run left is to be wiped before anything else."""


class Emptied(msgspec.Struct, frozen=True):
    """No process of the ended environment is left: its users and its display may be used again."""


class Wiped(msgspec.Struct, frozen=True):
    summary: WipeSummary


class WipeFailed(msgspec.Struct, frozen=True):
    """A step or a check of the wipe failed, or its receipt could not be written."""

    trouble: Trouble
    summary: WipeSummary | None = None


class BuildFailed(msgspec.Struct, frozen=True):
    generation: int
    trouble: Trouble


class ComponentReady(msgspec.Struct, frozen=True):
    component: Component


class ComponentDied(msgspec.Struct, frozen=True):
    generation: int
    component: Component
    trouble: Trouble = Trouble.COMPONENT_FAILS
    """What it means if it keeps dying."""


class Started(msgspec.Struct, frozen=True):
    """ "Commencer"."""


class EndAsked(msgspec.Struct, frozen=True):
    reason: EndReason


class MoreTimeAsked(msgspec.Struct, frozen=True):
    pass


class Activity(msgspec.Struct, frozen=True):
    """A key, a touch, a move of the pointer."""


class Tick(msgspec.Struct, frozen=True):
    """A deadline of `next_deadline` came."""


class Fault(msgspec.Struct, frozen=True):
    """Something unforeseen, or memory gone: no half session goes on."""

    reason: EndReason


class ServiceAsked(msgspec.Struct, frozen=True):
    """The operator takes the station out of service, into maintenance, or back (`state` READY)."""

    state: State
    note: str = ""


Event = (
    Began
    | Emptied
    | Wiped
    | WipeFailed
    | BuildFailed
    | ComponentReady
    | ComponentDied
    | Started
    | EndAsked
    | MoreTimeAsked
    | Activity
    | Tick
    | Fault
    | ServiceAsked
)

# -- effects -----------------------------------------------------------------------------------------------------


class Build(msgspec.Struct, frozen=True):
    """Make environment `generation`; `reduced` has no browser and no desk and can only show that it is closed."""

    generation: int
    reduced: bool = False


class Wipe(msgspec.Struct, frozen=True):
    """Kill, unmount and verify every environment there is; then say Emptied, and Wiped or WipeFailed."""

    reason: EndReason


class Restart(msgspec.Struct, frozen=True):
    generation: int
    component: Component


class BeginSession(msgspec.Struct, frozen=True):
    pass


Effect = Build | Wipe | Restart | BeginSession
