"""The recorded snapshots: all states that the rooms can be in, in the shape of the wire, with words for each."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from kiosk.widgets.pictograms import NEEDS, STROKES, THEMES
from kiosk.words import load
from printing.model import PrintJob, PrintProblem, PrintRefusal, PrintStage, PrintState
from scanner.model import Corrected, Correction, Refusal, ScannedPage, ScannerState, ScanProblem, ScanStage, Source
from session import papers, wire
from session.papers import FitStage, KeyProblem, KeyStage, Label, Origin, Papers, Unfit
from session.procedures.model import Dossier, DossierLine, Need, Status, Theme
from tests.kiosk import recorded

WORDS: dict[type[enum.StrEnum], tuple[str, ...]] = {
    ScanProblem: ("scan_problem.", "scan_remedy."),
    Correction: ("correction.", "correction.no_"),
    PrintProblem: ("print_problem.", "print_remedy."),
    PrintRefusal: ("print_refusal.",),
    KeyProblem: ("key_problem.", "key_remedy."),
    Label: ("label.",),
    Origin: ("origin.",),
    Unfit: ("unfit.",),
    Refusal: ("closed.", "closed_next."),
    Status: ("status.",),
    Theme: ("theme.",),
    Need: ("need.",),
}
CODES = (*(kind for kind in WORDS if kind is not Label), ScanStage, Source, PrintStage, FitStage, KeyStage)
"""All labels are on one screen, to be chosen from."""


def values(thing: Any) -> Iterator[Any]:
    yield thing
    if isinstance(thing, msgspec.Struct):
        yield from (value for part in msgspec.structs.astuple(thing) for value in values(part))
    elif isinstance(thing, tuple):
        yield from (value for part in thing for value in values(part))


@pytest.mark.parametrize("kind", CODES)
def test_every_code_is_in_a_recording(kind: type[enum.StrEnum]) -> None:
    there = [value for state in (*recorded.STATES.values(), recorded.PROCEDURES) for value in values(state)]
    # Not a set of all: members of two enumerations with the same text are equal.
    assert {value for value in there if isinstance(value, kind)} == set(kind)


@pytest.mark.parametrize("kind", WORDS)
def test_every_code_has_words(kind: type[enum.StrEnum]) -> None:
    assert {f"{group}{code}" for group in WORDS[kind] for code in kind} <= set(load("fr").texts)


def test_no_words_are_left_of_codes_that_are_gone() -> None:
    groups = {group for names in WORDS.values() for group in names if not group.endswith("_")}
    known = {f"{group}{code}" for kind, names in WORDS.items() for group in names for code in kind}
    assert {key for key in load("fr").texts if key.startswith(tuple(groups))} == known


def test_themes_and_needs_have_pictograms() -> None:
    assert set(THEMES) == set(Theme)
    assert set(NEEDS) == set(Need)
    assert set(THEMES.values()) | set(NEEDS.values()) <= {*STROKES, "home"}


def test_the_wire_refuses_what_it_does_not_know() -> None:
    sent = wire.encode(Papers(scanner=ScannerState()))[:-1]
    assert wire.decode(sent, Papers) == Papers(scanner=ScannerState())
    for wrong in (b'{"scaner":null}', b'{"scanner":{"stage":"dancing"}}', b'{"documents":[{"id":"x"}]}'):
        with pytest.raises(wire.WireError):
            wire.decode(wrong, Papers)


def test_the_longest_snapshot_fits_into_a_frame() -> None:
    name = "\N{GRINNING FACE}" * papers.MAX_NAME
    ids = [f"{number:032x}" for number in range(papers.MAX_PAGES)]
    corrections = tuple(Corrected(one, False) for one in Correction)
    pages = [ScannedPage(one, 1, True, corrections) for one in ids]
    full = Papers(
        documents=tuple(
            papers.Paper(one, Origin.DOWNLOAD, 10**9, 10**4, Label.IDENTITY, name, 10**6, closed=Refusal.TOO_MANY_PAGES)
            for one in ids[: papers.MAX_DOCUMENTS]
        ),
        scanner=ScannerState(
            ScanStage.PROBLEM, problem=ScanProblem.NOT_FOUND, newest=ids[0], pages=tuple(pages)
        ),
        printing=PrintState(PrintStage.STOPPED, PrintJob(ids[0], ids[0], printer=name), 1, PrintProblem.WRONG_PAPER),
        fit=papers.Fit(ids[0], FitStage.UNREADABLE, (10**9,) * 4, parts=10**4, why=Refusal.TOO_LONG),
        reading=papers.Reading(ids[0], 10**4, papers.ReadStage.WORKING, ("x" * papers.MAX_TEXT,)),
        picker=papers.Picker(
            ids[0],
            name,
            kinds=("JPEG",) * 10,
            choices=tuple(papers.Choice(one, Unfit.ARRIVING) for one in ids[: papers.MAX_DOCUMENTS]),
        ),
        key=papers.KeyState(
            files=tuple(papers.KeyFile(one, name, 10**9, 10**6, True) for one in ids[: papers.MAX_KEY_FILES])
        ),
        dossier=Dossier(ids[0], tuple(DossierLine(one, Status.UNKNOWN, one) for one in ids[: papers.MAX_LINES])),
    )
    assert len(wire.encode(full)) < wire.MAX_FRAME
