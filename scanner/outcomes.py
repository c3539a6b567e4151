"""Where a visitor stands after the scanner was used, or looked for: pure, as the state machine of a session is."""

from __future__ import annotations

from scanner.model import ScanProblem, ScanStage

Standing = tuple[ScanStage, ScanProblem | None]

_ABSENT = (ScanProblem.NOT_FOUND, ScanProblem.UNPLUGGED, ScanProblem.FAILED)
"""Problems that are over when a scanner answers."""


def after_use(before: ScanStage, problem: ScanProblem | None, *, looked: bool, pages: bool, face: bool) -> Standing:
    """After somebody asked for it: for a look only (`looked`); `pages` have come, or the first `face` of a card has."""
    if problem is not None:
        return ScanStage.PROBLEM, problem
    if pages and not looked:
        return ScanStage.DONE, None
    if face and not looked:
        return ScanStage.READY, None  # for the second face
    return ScanStage.READY if before is ScanStage.PROBLEM else before, None


def after_plug(stage: ScanStage, problem: ScanProblem | None, found: ScanProblem | None) -> Standing:
    """After a look for which nobody waits, which came to `found`: what is said of a scanner that came or went."""
    if found is None and stage is ScanStage.PROBLEM and problem in _ABSENT:
        return ScanStage.READY, None
    gone = found is ScanProblem.NOT_FOUND and problem is not ScanProblem.UNPLUGGED
    if gone and stage in (ScanStage.READY, ScanStage.PROBLEM):
        return ScanStage.PROBLEM, found
    return stage, problem
