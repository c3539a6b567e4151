"""Which screen is shown: a pure function of the snapshots and of a little that only this process knows.

No Kivy here. A UI that was killed and started again gets the same screen from the same snapshots; what it loses
(a list that was open, a notice that was read) costs one tap.
"""

from __future__ import annotations

import enum

import msgspec

from kiosk import theme
from kiosk.glossary import Term
from session.model import AgentStage, Snapshot, State
from session.pages import BrowserState, DeskSnapshot, Page, PageState


class Screen(enum.StrEnum):
    PREPARING = "preparing"
    WELCOME = "welcome"
    NOTICE = "notice"
    WAITING = "waiting"
    """In a session whose pages are not known yet: this process has just been started again."""
    WHAT_FOR = "what_for"
    BAR = "bar"
    """The site fills the screen; only a bar of ours is over it."""
    PAGES = "pages"
    DOCUMENTS = "documents"
    CRASHED = "crashed"
    RESTARTING = "restarting"
    DISPLAY = "display"
    """The size of words, and the colours."""
    WARNING = "warning"
    CONFIRM_END = "confirm_end"
    HELP = "help"
    GLOSSARY = "glossary"
    MEANING = "meaning"
    """Of one word of the glossary."""
    PIN = "pin"
    AGENT_PANEL = "agent_panel"
    PRIVATE = "private"
    """The agent steps back: said once over everything, before the site is there again."""
    ERASING = "erasing"
    OUT_OF_SERVICE = "out_of_service"
    MAINTENANCE = "maintenance"


FOR_AGENTS = (Screen.PIN, Screen.AGENT_PANEL)


class Mode(enum.StrEnum):
    """How much of the display the guard gives this window."""

    FULL = "full"
    BAR = "bar"


class Side(enum.StrEnum):
    """What the visitor opened beside the site, and closes again."""

    PAGES = "pages"
    DOCUMENTS = "documents"
    DISPLAY = "display"
    CONFIRM_END = "confirm_end"
    HELP = "help"
    GLOSSARY = "glossary"


class Panel(enum.StrEnum):
    """What the agent's panel shows."""

    ACTS = "acts"
    OUTCOME = "outcome"
    CLOSING = "closing"
    MAINTENANCE = "maintenance"
    ENDING = "ending"


class Local(msgspec.Struct, frozen=True):
    """What only this process knows."""

    language: str
    connected: bool = False
    """Whether the session daemon is at the other end of the line."""
    notice_read: bool = False
    text_size: theme.TextSize = theme.TextSize.NORMAL
    colours: theme.Colours = theme.Colours.CALM
    side: Side | None = None
    opening: str | None = None
    """Id of the site that was tapped and whose page is not there yet: its bar is."""
    term: Term | None = None
    """The word whose meaning is shown, over whatever was there before."""
    private_read: bool = False
    panel: Panel = Panel.ACTS


def active_page(desk: DeskSnapshot | None) -> Page | None:
    """The page in front, if there is one."""
    if desk is None or desk.active is None:
        return None
    return next((page for page in desk.pages if page.id == desk.active), None)


def screen_for(snapshot: Snapshot | None, desk: DeskSnapshot | None, local: Local) -> Screen:
    """The one screen for this state. Total: every combination has one."""
    if snapshot is None:
        return Screen.PREPARING
    if snapshot.agent.stage is AgentStage.PANEL:
        return Screen.AGENT_PANEL
    if snapshot.agent.stage is AgentStage.PIN:
        return Screen.PIN
    match snapshot.state:
        case State.PREPARING:
            return Screen.PREPARING
        case State.READY:
            # A station whose daemon is away cannot vouch for its cleanness: nobody may start on it.
            if not local.connected:
                return Screen.PREPARING
            return Screen.DISPLAY if local.side is Side.DISPLAY else Screen.WELCOME
        case State.ACTIVE:
            alone = snapshot.agent.private and not local.private_read
            return Screen.PRIVATE if alone else _in_session(desk, local)
        case State.WARNING:
            return _ASKED.get(local.side, Screen.WARNING)
        case State.ENDING:
            return Screen.ERASING
        case State.OUT_OF_SERVICE:
            return Screen.OUT_OF_SERVICE
        case State.MAINTENANCE:
            return Screen.MAINTENANCE


_ASKED: dict[Side | None, Screen] = {Side.CONFIRM_END: Screen.CONFIRM_END, Side.HELP: Screen.HELP}
"""What the visitor asked for and gets in every state of a session, in a warning too."""


def _in_session(desk: DeskSnapshot | None, local: Local) -> Screen:
    if local.side in _ASKED:
        return _ASKED[local.side]
    if local.term is not None:
        return Screen.DISPLAY if local.side is Side.DISPLAY else Screen.MEANING
    if local.side is Side.GLOSSARY:
        return Screen.GLOSSARY
    if desk is None:
        return Screen.WAITING
    if not (local.notice_read or desk.pages or desk.documents):
        return Screen.NOTICE
    if desk.browser is BrowserState.RESTARTING:
        return Screen.RESTARTING
    if local.side is Side.DISPLAY:
        return Screen.DISPLAY
    if local.side is Side.DOCUMENTS:
        return Screen.DOCUMENTS
    if local.side is Side.PAGES and desk.pages:
        return Screen.PAGES
    page = active_page(desk)
    if page is None:
        return Screen.WHAT_FOR if local.opening is None else Screen.BAR
    return Screen.CRASHED if page.state is PageState.CRASHED else Screen.BAR


def mode_for(screen: Screen) -> Mode:
    return Mode.BAR if screen is Screen.BAR else Mode.FULL


def settle(local: Local, before: Snapshot | None, after: Snapshot) -> Local:
    """What stays of `local` when the session's snapshot changes.

    Outside a session nothing of a visit stays. A question about ending is dropped when a warning comes or goes:
    its answer would be to something else than what the visitor read; so is the help, which would hide the warning.
    When an agent has left, what was beside the site is closed.
    """
    if not after.agent.private:
        local = msgspec.structs.replace(local, private_read=False)
    if _at_screen(before) and not _at_screen(after):
        local = msgspec.structs.replace(local, side=None, term=None, panel=Panel.ACTS)
    in_session = after.state in (State.ACTIVE, State.WARNING)
    same = before is None or before.generation == after.generation
    if not (in_session and same):
        return msgspec.structs.replace(local, side=None, term=None, notice_read=False, opening=None)
    if before is not None and before.state is not after.state and local.side in _ASKED and not _at_screen(after):
        return msgspec.structs.replace(local, side=None)
    return local


def _at_screen(snapshot: Snapshot | None) -> bool:
    return snapshot is not None and snapshot.agent.stage is not AgentStage.AWAY
