"""Snapshots of papers and procedures as the desk would send them: the JSON files in snapshots/, one for each screen.

Demonstration data only: nobody's papers. They are decoded by the code that decodes the wire.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from kiosk.papers import Rooms
from kiosk.view import Side
from session import wire
from session.papers import Papers
from session.procedures.model import Procedures

DIRECTORY = Path(__file__).parent / "snapshots"


class Recorded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One state, and what the visitor had tapped before."""

    papers: Papers = Papers()
    side: Side | None = None
    chosen: str = ""
    picked: tuple[str, ...] = ()
    called: bool = False
    """Whether the agent is."""
    procedures: bool = False
    """Whether the station has the procedures of procedures.json."""


PROCEDURES = wire.decode((DIRECTORY / "procedures.json").read_bytes(), Procedures)

STATES: dict[str, Recorded] = {
    name: state
    for path in sorted(DIRECTORY.glob("*.json"))
    if path.stem != "procedures"
    for name, state in wire.decode(path.read_bytes(), dict[str, Recorded]).items()
}
"""By the name of their case: what the screen is, and the state."""

FIRST = frozenset({name.partition("_")[0]: name for name in reversed(STATES)}.values())
"""The first state of each screen."""
PICTURE = (1280, 800)
PICTURED = frozenset(
    {
        *("dossier_half", "scanner_glass", "scanner_scanning", "scanner_jammed", "review_many", "shelf_many"),
        *("fit_done", "picker_limits", "print_asking", "print_no_paper", "key_done"),
    }
)
"""Those besides that are among the pictures of docs/screens, and the size in which these are drawn."""


def rooms(state: Recorded) -> Rooms:
    return Rooms(state.papers, PROCEDURES if state.procedures else None)
