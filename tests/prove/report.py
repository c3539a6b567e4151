"""What a proof of the wipe found, what follows from it, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from session.receipts import Receipt
from tests.prove import papers
from tests.prove.marks import CUT, encodings
from tests.prove.planter import DECOYS, ROUTES, Planted
from tests.prove.seeker import DELETED, DISKS, KERNEL, MEMORY, PLACES, RAW, ROOT, SESSION, Report

LEAST_MARKS = 12
LEAST_FOUND = 0.9
"""Part of the marks that a control must find."""

DECOY_PLACES = {
    "deleted file": RAW,
    "file name": DISKS,
    "shared file": DISKS,
    "shared segment": KERNEL,
    "open file": DELETED,
}
ORDER = ("alive", "killed", "erased", "crashed")
TITLES = {
    "alive": "control: the session lives",
    "killed": "control: its processes killed, nothing unmounted (the daemon was stopped)",
    "erased": "proof: after « J'ai fini » and the wipe",
    "crashed": "proof: after the wipe of the session whose processes were all killed",
}
ALL = ("papers", "decoys")
"""Controls that must find everything."""
CONTROLS, PROOFS = ("alive", "killed"), ("erased", "crashed")


class Search(msgspec.Struct, frozen=True):
    name: str
    """One of ORDER."""
    report: Report


class Result(msgspec.Struct):
    searches: list[Search] = []
    planted: list[Planted] = []
    receipts: list[Receipt] = []
    troubles: list[str] = []
    end_seconds: float = 0.0
    """From the tap on "yes" to the next welcome screen."""
    seconds: float = 0.0

    def report(self, name: str) -> Report:
        return next(one.report for one in self.searches if one.name == name)


class Control(msgspec.Struct, frozen=True):
    """How much a control found of what was to be found."""

    name: str
    found: int
    wanted: int
    missed: tuple[str, ...]

    @property
    def enough(self) -> bool:
        return self.wanted > 0 and self.found >= LEAST_FOUND * self.wanted


def controls(result: Result) -> tuple[Control, ...]:
    """Alive: every route, and those of papers alone. Killed: the routes that were in the session's files before, for
    memory went with the kill.
    """
    alive, killed = result.report("alive"), result.report("killed")
    stored = [route for route in ROUTES if alive.places_of(route).get(SESSION)]
    return (
        _control("alive", [route for route in ROUTES if alive.places_of(route)], list(ROUTES)),
        _control("killed", [route for route in stored if killed.places_of(route).get(SESSION)], stored),
        _control("papers", [route for route in papers.ROUTES if alive.places_of(route)], list(papers.ROUTES)),
        _control("decoys", [name for name in DECOYS if alive.places_of(name).get(DECOY_PLACES[name])], list(DECOYS)),
    )


def _control(name: str, found: list[str], wanted: list[str]) -> Control:
    return Control(name, len(found), len(wanted), tuple(one for one in wanted if one not in found))


def seen_by_root(result: Result) -> list[str]:
    """Processes of root that had a mark in memory while the session lived: the daemon must be blind."""
    finds = result.report("alive").finds
    return sorted({one.where for one in finds if one.place == MEMORY and one.where.startswith(f"{ROOT} ")})


def failures(result: Result) -> list[str]:
    """Why this is no proof; empty when it is one."""
    found = list(result.troubles)
    if {one.name for one in result.searches} != set(ORDER):
        return [*found, "not every search was made"]
    if len(ROUTES) < LEAST_MARKS or any(len(planted.routes) < len(ROUTES) for planted in result.planted):
        found.append("not every mark was planted")
    for name in PROOFS:
        report = result.report(name)
        if report.total:
            found.append(f"{name}: {report.total} marks found after the wipe")
    for search in result.searches:
        for place in (MEMORY, RAW, DISKS):
            if not any(looked.size for looked in search.report.looked if looked.place == place):
                found.append(f"{search.name}: nothing was searched in {place}")
        found += [f"{search.name}: {path} could not be searched" for path in search.report.unreadable]
    if seen := seen_by_root(result):
        found.append(f"processes of root had marks in their memory while the session lived: {', '.join(seen)}")
    for control in controls(result):
        needed = control.found == control.wanted if control.name in ALL else control.enough
        if not needed:
            missed = ", ".join(control.missed)
            found.append(f"control {control.name}: only {control.found} of {control.wanted} found; missed: {missed}")
    return found


def lines(result: Result) -> Iterator[str]:
    """The whole report, for a person."""
    if {one.name for one in result.searches} == set(ORDER):
        yield from _table(result)
        yield from _amounts(result)
        for control in controls(result):
            missed = f"; not found: {', '.join(control.missed)}" if control.missed else ""
            yield f"control {control.name}: {control.found} of {control.wanted}{missed}"
        yield f"processes of root that had a mark while the session lived: {len(seen_by_root(result))}"
    for receipt in result.receipts:
        steps = ", ".join(f"{step.name} {step.milliseconds} ms" for step in receipt.steps)
        yield (
            f"receipt {receipt.number}: session {receipt.generation}, ended by {receipt.reason}, verified "
            f"{str(receipt.verified).lower()}, {receipt.milliseconds} ms ({steps})"
        )
    if result.end_seconds:
        yield f"from « yes » to the next welcome screen: {result.end_seconds} s"
    for search in result.searches:
        if search.name in PROOFS:
            yield from (f"FOUND ({search.name}): {one}" for one in search.report.finds)
    for search in result.searches:
        new = [note for note in search.report.notes if note not in result.searches[0].report.notes]
        yield from (f"note: {note}" for note in (search.report.notes if search is result.searches[0] else new))
    bad = failures(result)
    yield from (f"FAILED: {failure}" for failure in bad)
    yield f"wipe: {'NOT proved' if bad else 'proved'} in {result.seconds} s"


def _table(result: Result) -> Iterator[str]:
    reports = [result.report(name) for name in ORDER]
    yield (
        f"{len(ROUTES)} marks by real use, {len(list(encodings()))} encodings and what zlib and gzip make of them. "
        "Each cell counts the marks found:"
    )
    yield from (f"  {number}. {TITLES[name]}" for number, name in enumerate(ORDER, 1))
    names = [*ROUTES, *(f"{name} (decoy)" for name in DECOYS), CUT]
    width = max(map(len, names))
    rows = [["route", *PLACES]]
    for name in names:
        counts = [report.places_of(name.removesuffix(" (decoy)")) for report in reports]
        rows.append([name, *("/".join(str(count.get(place, 0)) for count in counts) for place in PLACES)])
    widths = [width, *(max(len(row[at]) for row in rows) for at in range(1, len(PLACES) + 1))]
    for row in rows:
        yield "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()


def _amounts(result: Result) -> Iterator[str]:
    for name in ORDER:
        report = result.report(name)
        parts = [f"{looked.place} {looked.things} ({looked.size / 1e6:.0f} MB)" for looked in report.looked]
        yield f"searched ({name}, {report.seconds} s): {'; '.join(parts)}"
