"""Where a visitor stands after the scanner was used or looked for."""

from __future__ import annotations

import pytest

from scanner.model import ScanProblem, ScanStage
from scanner.outcomes import after_plug, after_use

READY, DONE, PROBLEM = ScanStage.READY, ScanStage.DONE, ScanStage.PROBLEM


@pytest.mark.parametrize("before", [READY, DONE, PROBLEM])
def test_after_a_use(before: ScanStage) -> None:
    before_it = READY if before is PROBLEM else before
    nothing = {"looked": False, "pages": False, "face": False}
    assert after_use(before, ScanProblem.JAMMED, **{**nothing, "pages": True}) == (PROBLEM, ScanProblem.JAMMED)
    assert after_use(before, None, **{**nothing, "pages": True}) == (DONE, None)
    assert after_use(before, None, **{**nothing, "face": True}) == (READY, None)
    assert after_use(before, None, **nothing) == (before_it, None), "it was stopped"
    assert after_use(before, None, **{**nothing, "looked": True}) == (before_it, None)


@pytest.mark.parametrize(
    ("stage", "problem", "found", "after"),
    [
        (READY, None, None, (READY, None)),
        (READY, None, ScanProblem.NOT_FOUND, (PROBLEM, ScanProblem.NOT_FOUND)),
        (READY, None, ScanProblem.BUSY, (READY, None)),
        (PROBLEM, ScanProblem.NOT_FOUND, None, (READY, None)),
        (PROBLEM, ScanProblem.UNPLUGGED, None, (READY, None)),
        (PROBLEM, ScanProblem.UNPLUGGED, ScanProblem.NOT_FOUND, (PROBLEM, ScanProblem.UNPLUGGED)),
        (PROBLEM, ScanProblem.JAMMED, None, (PROBLEM, ScanProblem.JAMMED)),
        (PROBLEM, ScanProblem.JAMMED, ScanProblem.NOT_FOUND, (PROBLEM, ScanProblem.NOT_FOUND)),
        (DONE, None, ScanProblem.NOT_FOUND, (DONE, None)),
        (ScanStage.KEEPING, None, ScanProblem.NOT_FOUND, (ScanStage.KEEPING, None)),
    ],
)
def test_after_something_was_plugged_in_or_out(
    stage: ScanStage,
    problem: ScanProblem | None,
    found: ScanProblem | None,
    after: tuple[ScanStage, ScanProblem | None],
) -> None:
    assert after_plug(stage, problem, found) == after
