"""Which screen is shown: a pure function of the snapshots and of a little that only this process knows.

No Kivy here. A UI that was killed and started again gets the same screen from the same snapshots; what it loses
(a list that was open, a notice that was read) costs one tap.
"""

from __future__ import annotations

import enum

import msgspec

from kiosk import theme
from kiosk.glossary import Term
from kiosk.papers import Rooms
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
    CRASHED = "crashed"
    HUNG = "hung"
    RESTARTING = "restarting"
    DISPLAY = "display"
    """The size of words, and the colours."""
    WARNING = "warning"
    CONFIRM_END = "confirm_end"
    HELP = "help"
    INTERVIEW = "interview"
    """Camera and microphone: what will happen, or how to stop it."""
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
    # Of papers and of procedures: only where their rooms are there.
    THEMES = "themes"
    SITES = "sites"
    PROCEDURES = "procedures"
    CARD = "card"
    DOSSIER = "dossier"
    PAPER = "paper"
    """One paper of the dossier."""
    SCANNER = "scanner"
    REVIEW = "review"
    """The pages of a scan."""
    SCAN_PAGE = "scan_page"
    FIXES = "fixes"
    """What was done to a page by itself."""
    SHELF = "shelf"
    """The documents, as large pictures."""
    DOCUMENT = "document"
    LOOK = "look"
    """A document's pages, large."""
    READ = "read"
    """The words of a page, in large letters."""
    NAME = "name"
    ARRANGE = "arrange"
    """Whether documents are to be joined, or one is to be cut."""
    MERGE = "merge"
    SPLIT = "split"
    FIT = "fit"
    DROP = "drop"
    """The question before a document, or a page of a scan, is deleted."""
    PICKER = "picker"
    PRINT = "print"
    PRINT_CHOICES = "print_choices"
    KEY = "key"


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
    INTERVIEW = "interview"
    SITES = "sites"
    """All sites, where procedures are what is offered first."""
    PROCEDURES = "procedures"
    CARD = "card"
    DOSSIER = "dossier"
    PAPER = "paper"
    SCANNER = "scanner"
    REVIEW = "review"
    SCAN_PAGE = "scan_page"
    FIXES = "fixes"
    DOCUMENT = "document"
    LOOK = "look"
    READ = "read"
    NAME = "name"
    ARRANGE = "arrange"
    MERGE = "merge"
    SPLIT = "split"
    DROP = "drop"
    PRINT_CHOICES = "print_choices"
    KEY = "key"
    GLOSSARY = "glossary"


class Panel(enum.StrEnum):
    """What the agent's panel shows."""

    ACTS = "acts"
    OUTCOME = "outcome"
    ALLOWING = "allowing"
    HOST = "host"
    """The question whether this host may be opened."""
    CAMERA = "camera"
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
    chosen: str = ""
    """Id of what the side is about: a theme, a procedure, a paper, a page, a document."""
    under: tuple[Side | None, str] = (None, "")
    """The side, and what it was about, that a question or the help lies over, and gives way to again."""
    picked: tuple[str, ...] = ()
    """Ids of the documents that were tapped in the picker."""
    opening: str | None = None
    """Id of the site that was tapped and whose page is not there yet: its bar is."""
    interview: str | None = None
    """Id of the site for interviews that was tapped last: its visitor is told first what will happen."""
    term: Term | None = None
    """The word whose meaning is shown, over whatever was there before."""
    private_read: bool = False
    panel: Panel = Panel.ACTS


NO_ROOMS = Rooms()


def active_page(desk: DeskSnapshot | None) -> Page | None:
    """The page in front, if there is one."""
    if desk is None or desk.active is None:
        return None
    return next((page for page in desk.pages if page.id == desk.active), None)


def screen_for(
    snapshot: Snapshot | None, desk: DeskSnapshot | None, local: Local, rooms: Rooms = NO_ROOMS
) -> Screen:
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
            return Screen.PRIVATE if alone else _in_session(desk, local, rooms)
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


def _in_session(desk: DeskSnapshot | None, local: Local, rooms: Rooms) -> Screen:
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
    if local.side is Side.INTERVIEW:
        return Screen.INTERVIEW
    if (papers := _of_papers(local, rooms)) is not None:
        return papers
    if local.side is Side.PAGES and desk.pages:
        return Screen.PAGES
    page = active_page(desk)
    if page is None and local.opening is None:
        return Screen.WHAT_FOR if rooms.procedures is None else Screen.THEMES
    if page is None:
        return Screen.BAR
    return _STOPPED.get(page.state, Screen.BAR)


_STOPPED = {PageState.CRASHED: Screen.CRASHED, PageState.HUNG: Screen.HUNG}


def _of_papers(local: Local, rooms: Rooms) -> Screen | None:
    """The screen of papers or of procedures, if one was asked for, by a tap or by a site, and its room is there."""
    papers, side = rooms.papers, local.side
    job = papers.printing is not None and papers.printing.job is not None
    if job and side not in (Side.LOOK, Side.PRINT_CHOICES):
        return Screen.PRINT
    if papers.fit is not None and side is not Side.LOOK:
        return Screen.FIT
    scans = (Side.SCANNER, Side.REVIEW, Side.SCAN_PAGE, Side.FIXES, Side.DROP)
    if papers.picker is not None and not (side in scans and papers.scanner is not None):
        return Screen.PICKER
    match side:
        case Side.SCANNER | Side.REVIEW | Side.SCAN_PAGE | Side.FIXES:
            there = papers.scanner is not None
        case Side.DOCUMENTS:
            return Screen.SHELF if papers.documents is not None else None
        case Side.DOCUMENT | Side.NAME:
            there = papers.documents is not None
        case Side.READ | Side.ARRANGE | Side.MERGE | Side.SPLIT:
            there = papers.documents is not None and papers.workable
        case Side.DROP:
            there = papers.documents is not None or papers.scanner is not None
        case Side.LOOK:
            there = papers.documents is not None or job
        case Side.PRINT_CHOICES:
            there = job
        case Side.KEY:
            there = papers.key is not None
        case Side.PROCEDURES | Side.CARD | Side.SITES | Side.DOSSIER | Side.PAPER:
            there = rooms.procedures is not None
        case _:
            there = False
    return Screen(side.value) if side is not None and there else None


OF_PAPERS = frozenset(
    {
        *(Screen.THEMES, Screen.SITES, Screen.PROCEDURES, Screen.CARD, Screen.DOSSIER, Screen.PAPER),
        *(Screen.SCANNER, Screen.REVIEW, Screen.SCAN_PAGE, Screen.FIXES),
        *(Screen.SHELF, Screen.DOCUMENT, Screen.LOOK, Screen.READ, Screen.NAME, Screen.FIT, Screen.DROP),
        *(Screen.ARRANGE, Screen.MERGE, Screen.SPLIT),
        *(Screen.PICKER, Screen.PRINT, Screen.PRINT_CHOICES, Screen.KEY),
    }
)
"""None of these is ever shown on a station without rooms."""


def mode_for(screen: Screen) -> Mode:
    return Mode.BAR if screen is Screen.BAR else Mode.FULL


def turned(local: Local, side: Side | None, chosen: str) -> Local:
    """After a tap that opens a side, or closes one (None): what lay under the help or a question is there again."""
    over = local.side in _OVER
    if side is None and over:
        side, chosen = local.under
    elif side in _OVER and not over:
        local = msgspec.structs.replace(local, under=(local.side, local.chosen))
    return msgspec.structs.replace(local, side=side, chosen=chosen)


_OVER = (Side.HELP, Side.GLOSSARY, Side.CONFIRM_END, Side.DISPLAY)


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
        return msgspec.structs.replace(
            local,
            side=None,
            chosen="",
            under=(None, ""),
            picked=(),
            notice_read=False,
            opening=None,
            interview=None,
            term=None,
        )
    if before is not None and before.state is not after.state and local.side in _ASKED and not _at_screen(after):
        return msgspec.structs.replace(local, side=None)
    return local


def _at_screen(snapshot: Snapshot | None) -> bool:
    return snapshot is not None and snapshot.agent.stage is not AgentStage.AWAY
