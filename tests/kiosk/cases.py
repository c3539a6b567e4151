"""States of the station that, together, show every screen: what the gallery draws and the pure tests go through."""

from __future__ import annotations

import time

import msgspec

from kiosk.glossary import Term
from kiosk.papers import Rooms
from kiosk.view import Local, Panel, Side
from session.model import (
    Act,
    AgentStage,
    AgentState,
    ClosedWhy,
    EndReason,
    EndWarning,
    Network,
    Snapshot,
    State,
    Trouble,
    WarningKind,
    WipeSummary,
)
from session.pages import Allowable, BrowserState, Capture, DeskSnapshot, Document, Page, PageState, Settings, Site
from session.papers import Origin, Paper, Papers
from tests.kiosk import recorded

TITLES = (
    "Mon compte ameli",
    "Caisse d'allocations familiales",
    "France Travail",
    "Impôts : déclarer, payer, prélèvement à la source et toutes les autres démarches du foyer",
    "Titres sécurisés",
    "Retraite",
    "Chèque énergie",
    "Demande de logement social",
    "La Poste",
)
SETTINGS = Settings(
    station="Bus de la Meuse, poste 2",
    sites=tuple(Site(f"site{n}", title, f"https://site{n}.invalid/") for n, title in enumerate(TITLES)),
)


class Case(msgspec.Struct, frozen=True):
    snapshot: Snapshot | None
    desk: DeskSnapshot | None = None
    local: Local = Local(language="fr", connected=True, notice_read=True)
    said: str = ""
    """Key of a refusal that is on the screen."""
    rooms: Rooms = Rooms()


def page(
    number: int, state: PageState = PageState.OPEN, *, secure: bool = True, site: str = "ameli.fr", title: str = ""
) -> Page:
    return Page(f"p{number}", title or f"Page {number} : mes derniers remboursements", site, secure, state)


def document(number: int, name: str = "Attestation de droits.pdf", *, complete: bool = True) -> Document:
    return Document(f"d{number}", name, 1234 * 10**number, complete)


def session(state: State = State.ACTIVE, **values: object) -> Snapshot:
    now = time.monotonic()
    base = Snapshot(sequence=3, state=state, generation=1, started_at=now, ends_at=now + 2300, extensions_left=2)
    return msgspec.structs.replace(base, **values)


def warning(kind: WarningKind, *, can_extend: bool = True) -> Snapshot:
    return session(State.WARNING, warning=EndWarning(kind, time.monotonic() + 44.5, can_extend))


def at_site(*pages: Page, **values: object) -> DeskSnapshot:
    base = DeskSnapshot(1, BrowserState.RUNNING, pages, pages[0].id)
    return msgspec.structs.replace(base, **values)


def agent(stage: AgentStage = AgentStage.AWAY, state: State = State.ACTIVE, **values: object) -> Snapshot:
    """A session, or a closed station, at which an agent is, or is called to."""
    now = time.monotonic()
    standing = {"held_since": now, "leaves_at": now + 60} if stage is not AgentStage.AWAY else {}
    there = AgentState(stage=stage, **{**standing, **values})  # type: ignore[arg-type]
    trouble = Trouble.OPERATOR if state is State.OUT_OF_SERVICE else None
    return session(agent=there) if state is State.ACTIVE else Snapshot(state=state, trouble=trouble, agent=there)


def panel(which: Panel) -> Local:
    return Local(language="fr", connected=True, notice_read=True, side=Side.HELP, panel=which)


def side(which: Side) -> Local:
    return Local(language="fr", connected=True, notice_read=True, side=which)


IDLE_DESK = DeskSnapshot(1, BrowserState.RUNNING)
WIPED = WipeSummary(True, 1_763_700_000.0, 430, EndReason.VISITOR, "0123456789ab")


def wiped(reason: EndReason) -> WipeSummary:
    return msgspec.structs.replace(WIPED, reason=reason, milliseconds=12_300)


ALONE = Local(language="fr", connected=True, notice_read=True, private_read=True)
FRESH = Local(language="fr", connected=True)
TWO = at_site(page(1), page(2, site="service-public.fr"), documents=(document(1),))
MANY_PAGES = at_site(
    page(1),
    page(2, PageState.CRASHED, site="caf.fr"),
    page(3, title="مرحبا بكم في الموقع"),
    page(4, title="Une page dont le titre ne finit jamais " * 5),
    page(5),
)
DOCUMENTS = at_site(
    page(1),
    documents=(
        document(1),
        document(3, "Relevé de compte du mois d'octobre, avec un nom bien trop long pour la ligne.pdf"),
        document(2, "Photo.jpg", complete=False),
        document(4, "Bulletin de salaire.pdf"),
        document(2, "Αίτηση.pdf"),
        document(2, "CV.pdf"),
    ),
)

REFUSED = at_site(
    page(1, PageState.BLOCKED), page(2), allowable=Allowable(host="connexion.prefecture-de-la-meuse.gouv.fr")
)
VIDEO = at_site(page(1), allowable=Allowable(camera=True))
APPOINTMENT = Local(language="fr", connected=True, notice_read=True, side=Side.INTERVIEW, interview="site3")

CASES: dict[str, Case] = {
    "preparing": Case(None),
    "welcome": Case(Snapshot(state=State.READY, last_wipe=WIPED), IDLE_DESK, FRESH),
    "welcome_cleaned": Case(Snapshot(state=State.READY, last_wipe=wiped(EndReason.LEFTOVERS)), IDLE_DESK, FRESH),
    "welcome_memory": Case(Snapshot(state=State.READY, last_wipe=wiped(EndReason.NO_MEMORY)), IDLE_DESK, FRESH),
    "welcome_failure": Case(Snapshot(state=State.READY, last_wipe=wiped(EndReason.DISPLAY_LOST)), IDLE_DESK, FRESH),
    "welcome_first_demonstration": Case(Snapshot(state=State.READY, demonstration=True), IDLE_DESK, FRESH),
    "notice": Case(session(), IDLE_DESK, FRESH),
    "waiting": Case(session()),
    "what_for": Case(session(), IDLE_DESK),
    "what_for_pages": Case(session(), msgspec.structs.replace(MANY_PAGES, active=None, documents=DOCUMENTS.documents)),
    "what_for_said": Case(session(demonstration=True), IDLE_DESK, said="no_browser"),
    "bar_opening": Case(session(), IDLE_DESK, msgspec.structs.replace(FRESH, notice_read=True, opening="site3")),
    "bar": Case(session(), at_site(page(1))),
    "bar_full": Case(session(), msgspec.structs.replace(MANY_PAGES, documents=DOCUMENTS.documents)),
    "bar_insecure": Case(session(ends_at=time.monotonic() + 20), at_site(page(1, secure=False), page(2))),
    "bar_blocked": Case(session(), at_site(page(1, PageState.BLOCKED), page(2), documents=DOCUMENTS.documents)),
    "bar_certificate": Case(session(), at_site(page(1, PageState.CERTIFICATE, secure=False))),
    "bar_down": Case(session(), at_site(page(1, PageState.DOWN))),
    "welcome_offline": Case(
        Snapshot(state=State.READY, last_wipe=WIPED, network=Network.DOWN, demonstration=True), IDLE_DESK, FRESH
    ),
    "what_for_offline": Case(session(network=Network.DOWN), msgspec.structs.replace(MANY_PAGES, active=None)),
    "what_for_memory": Case(session(memory_low=True), msgspec.structs.replace(MANY_PAGES, active=None)),
    "bar_offline": Case(session(network=Network.DOWN), at_site(page(1, PageState.OFFLINE), page(2))),
    "bar_offline_open": Case(
        session(network=Network.DOWN), msgspec.structs.replace(MANY_PAGES, documents=DOCUMENTS.documents)
    ),
    "bar_unsent": Case(session(), at_site(page(1, PageState.UNSENT), page(2))),
    "bar_memory": Case(session(memory_low=True), TWO),
    "bar_no_upload": Case(session(), msgspec.structs.replace(TWO, documents=DOCUMENTS.documents), said="no_upload"),
    "bar_no_folder": Case(session(), msgspec.structs.replace(TWO, documents=DOCUMENTS.documents), said="no_folder"),
    "picker_no_room": Case(session(), TWO, said="no_room", rooms=recorded.rooms(recorded.STATES["picker_limits"])),
    "bar_said": Case(session(), TWO, said="away"),
    "bar_said_slow": Case(session(), msgspec.structs.replace(TWO, documents=DOCUMENTS.documents), said="slow"),
    "what_for_papers": Case(session(), IDLE_DESK, rooms=recorded.rooms(recorded.STATES["shelf_none"])),
    "bar_papers": Case(session(), TWO, rooms=recorded.rooms(recorded.STATES["shelf_many"])),
    "bar_papers_none": Case(session(), TWO, rooms=recorded.rooms(recorded.STATES["shelf_none"])),
    "what_for_said_slow": Case(session(), IDLE_DESK, said="slow"),
    "pages": Case(session(), MANY_PAGES, side(Side.PAGES)),
    "display": Case(session(), TWO, side(Side.DISPLAY)),
    "crashed": Case(session(), at_site(page(1, PageState.CRASHED))),
    "hung": Case(session(), at_site(page(1, PageState.HUNG))),
    "restarting": Case(session(), msgspec.structs.replace(TWO, browser=BrowserState.RESTARTING)),
    "warning_idle": Case(warning(WarningKind.IDLE), TWO),
    "warning_over": Case(warning(WarningKind.TIME_OVER), TWO),
    "warning_no_more": Case(warning(WarningKind.TIME_OVER, can_extend=False), TWO),
    "warning_lost": Case(warning(WarningKind.IDLE), TWO, rooms=recorded.rooms(recorded.STATES["confirm_unused"])),
    "warning_copying": Case(
        warning(WarningKind.TIME_OVER, can_extend=False), TWO, rooms=recorded.rooms(recorded.STATES["confirm_copying"])
    ),
    "warning_scanned": Case(
        warning(WarningKind.TIME_OVER), TWO, rooms=recorded.rooms(recorded.STATES["confirm_scanned"])
    ),
    "erasing_key": Case(session(State.ENDING), TWO, rooms=recorded.rooms(recorded.STATES["confirm_unused"])),
    **{
        f"panel_{which}_lost": Case(
            agent(AgentStage.PANEL), TWO, panel(which), rooms=recorded.rooms(recorded.STATES["confirm_copying"])
        )
        for which in (Panel.ENDING, Panel.CLOSING)
    },
    "confirm_end": Case(session(), TWO, side(Side.CONFIRM_END)),
    "help": Case(session(), TWO, side(Side.HELP)),
    "help_called": Case(agent(called_at=1.0), TWO, side(Side.HELP)),
    "help_private": Case(agent(private=True), TWO, msgspec.structs.replace(ALONE, side=Side.HELP)),
    "help_warning": Case(warning(WarningKind.TIME_OVER, can_extend=False), TWO, side(Side.HELP)),
    "help_no_agents": Case(session(), TWO, side(Side.HELP), said="no_agents"),
    "glossary": Case(session(), TWO, side(Side.GLOSSARY)),
    **{
        f"meaning_{term}": Case(session(), TWO, msgspec.structs.replace(side(Side.GLOSSARY), term=term))
        for term in Term
    },
    "bar_called": Case(agent(called_at=1.0), msgspec.structs.replace(MANY_PAGES, documents=DOCUMENTS.documents)),
    "bar_private": Case(agent(private=True), TWO, ALONE),
    "bar_full_short": Case(
        session(ends_at=time.monotonic() + 20), msgspec.structs.replace(MANY_PAGES, documents=DOCUMENTS.documents)
    ),
    "pin": Case(agent(AgentStage.PIN), TWO, side(Side.HELP)),
    "pin_wrong": Case(agent(AgentStage.PIN), TWO, side(Side.HELP), said="wrong_pin"),
    "pin_locked": Case(agent(AgentStage.PIN, locked_until=time.monotonic() + 900), TWO, side(Side.HELP), said="locked"),
    "pin_short": Case(agent(AgentStage.PIN, locked_until=time.monotonic() + 100), TWO, side(Side.HELP)),
    "panel": Case(agent(AgentStage.PANEL), TWO, side(Side.HELP)),
    "panel_noted": Case(agent(AgentStage.PANEL, outcome=Act.OUTCOME_DONE), TWO, side(Side.HELP)),
    "panel_closed": Case(agent(AgentStage.PANEL, State.OUT_OF_SERVICE)),
    "panel_ready": Case(agent(AgentStage.PANEL, State.READY)),
    **{
        f"panel_{which}": Case(agent(AgentStage.PANEL), TWO, panel(which))
        for which in (Panel.OUTCOME, Panel.ALLOWING, Panel.CLOSING, Panel.MAINTENANCE, Panel.ENDING)
    },
    "panel_allowing_host": Case(agent(AgentStage.PANEL), REFUSED, panel(Panel.ALLOWING)),
    "panel_allowing_camera": Case(agent(AgentStage.PANEL), VIDEO, panel(Panel.ALLOWING)),
    "panel_host": Case(agent(AgentStage.PANEL), REFUSED, panel(Panel.HOST)),
    "panel_host_unsafe": Case(
        agent(AgentStage.PANEL), msgspec.structs.replace(REFUSED, allowable=Allowable(host="")), panel(Panel.HOST)
    ),
    "panel_camera": Case(agent(AgentStage.PANEL), VIDEO, panel(Panel.CAMERA)),
    "interview": Case(session(), IDLE_DESK, APPOINTMENT),
    "interview_on": Case(session(), msgspec.structs.replace(TWO, capture=Capture.ON), APPOINTMENT),
    "interview_possible": Case(session(), msgspec.structs.replace(TWO, capture=Capture.POSSIBLE), APPOINTMENT),
    "interview_over": Case(session(), TWO, side(Side.INTERVIEW)),
    "bar_camera": Case(
        session(), msgspec.structs.replace(MANY_PAGES, documents=DOCUMENTS.documents, capture=Capture.ON)
    ),
    "what_for_camera": Case(
        session(network=Network.DOWN), msgspec.structs.replace(MANY_PAGES, active=None, capture=Capture.ON)
    ),
    "what_for_microphone": Case(session(), msgspec.structs.replace(IDLE_DESK, capture=Capture.POSSIBLE)),
    "bar_microphone": Case(session(), msgspec.structs.replace(TWO, capture=Capture.POSSIBLE)),
    "pages_camera": Case(
        session(demonstration=True), msgspec.structs.replace(TWO, capture=Capture.ON), side(Side.PAGES)
    ),
    "confirm_camera": Case(session(), msgspec.structs.replace(TWO, capture=Capture.POSSIBLE), side(Side.CONFIRM_END)),
    "private": Case(agent(private=True), TWO),
    "erasing": Case(session(State.ENDING), TWO),
    "maintenance": Case(Snapshot(state=State.MAINTENANCE)),
    **{
        f"out_of_service_why_{why}": Case(Snapshot(state=State.OUT_OF_SERVICE, trouble=Trouble.OPERATOR, why=why))
        for why in ClosedWhy
    },
    **{
        f"out_of_service_{trouble}": Case(
            Snapshot(state=State.OUT_OF_SERVICE, trouble=trouble, note="Retour prévu lundi matin, à Verdun. " * 3)
        )
        for trouble in Trouble
    },
    **{
        name: Case(
            agent(called_at=1.0) if state.called else session(),
            IDLE_DESK if name.startswith("themes") else TWO,
            Local("fr", True, True, side=state.side, chosen=state.chosen, picked=state.picked),
            rooms=recorded.rooms(state),
        )
        for name, state in recorded.STATES.items()
    },
}


def _told(case: Case) -> Case:
    """With its documents in the snapshot of the papers too: the desk looks at them once."""
    if case.desk is None or not case.desk.documents or case.rooms != Rooms():
        return case
    own = tuple(
        Paper(one.id, Origin.DOWNLOAD, one.size, name=one.name, complete=one.complete) for one in case.desk.documents
    )
    return msgspec.structs.replace(case, rooms=Rooms(Papers(documents=own)))


CASES.update({name: _told(case) for name, case in CASES.items()})
