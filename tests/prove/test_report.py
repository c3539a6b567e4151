"""What the verdict follows from: one mark after a wipe, a blind control or a place not searched is no proof."""

from __future__ import annotations

import sys

import pytest

from tests.prove import __main__ as command
from tests.prove import report
from tests.prove.planter import DECOYS, ROUTES, Planted
from tests.prove.report import DECOY_PLACES, ORDER, Result, Search
from tests.prove.seeker import DISKS, MEMORY, PLACES, SESSION, Find, Looked, Report

LOOKED = tuple(Looked(place, 1, 1) for place in PLACES)


def found(*finds: Find, looked: tuple[Looked, ...] = LOOKED, unreadable: tuple[str, ...] = ()) -> Report:
    return Report(finds, looked, unreadable, ("a note",), 1.0)


def everything(missing: int = 0, owner: str = "64881 chromium") -> Report:
    finds = [Find(route, "UTF-8", SESSION, "browser/History", 2) for route in list(ROUTES)[missing:]]
    finds += [Find(route, "UTF-16LE", MEMORY, owner, 3) for route in list(ROUTES)[missing:]]
    finds += [Find(name, "UTF-8", DECOY_PLACES[name], "decoy", 1) for name in DECOYS]
    return found(*finds)


def result(**reports: Report) -> Result:
    usual = {"alive": everything(), "killed": everything(), "erased": found(), "crashed": found()}
    searches = [Search(name, (usual | reports)[name]) for name in ORDER]
    return Result(searches=searches, planted=[Planted(tuple(ROUTES))] * 2)


def test_a_proof() -> None:
    assert report.failures(result()) == []
    text = list(report.lines(result()))
    assert text[-1].startswith("wipe: proved")
    assert any(line.startswith("address") and "2/2/0/0" in line and "3/3/0/0" in line for line in text)


def test_there_are_marks_enough() -> None:
    assert len(ROUTES) >= report.LEAST_MARKS
    assert DECOY_PLACES.keys() == DECOYS.keys()


@pytest.mark.parametrize("name", ["erased", "crashed"])
def test_one_mark_is_one_too_many(name: str) -> None:
    bad = result(**{name: found(Find("address", "HEX, UTF-8", DISKS, "/tmp/x", 1))})
    assert report.failures(bad) == [f"{name}: 1 marks found after the wipe"]
    assert any("FOUND" in line and "/tmp/x" in line for line in report.lines(bad))


@pytest.mark.parametrize("name", ["alive", "killed"])
def test_a_control_that_finds_too_little(name: str) -> None:
    (failure,) = report.failures(result(**{name: everything(missing=3)}))
    assert f"control {name}" in failure
    assert report.failures(result(**{name: everything(missing=1)})) == []


def test_every_mark_of_papers_must_be_found_alive() -> None:
    alive = everything()
    unread = found(*(one for one in alive.finds if one.route != "words of a scan"))
    (failure,) = report.failures(result(alive=unread))
    assert failure == "control papers: only 4 of 5 found; missed: words of a scan"


def test_a_decoy_must_be_found_where_it_lies() -> None:
    alive = everything()
    elsewhere = found(*(one for one in alive.finds if one.route != "open file"))
    (failure,) = report.failures(result(alive=elsewhere))
    assert "open file" in failure


def test_what_was_not_searched_is_not_clean() -> None:
    nothing = found(looked=tuple(Looked(place, 0, 0) for place in PLACES))
    assert len(report.failures(result(erased=nothing))) == 3
    (failure,) = report.failures(result(crashed=found(unreadable=("memory of x (1)",))))
    assert "memory of x (1) could not be searched" in failure


def test_the_daemon_is_blind() -> None:
    (failure,) = report.failures(result(alive=everything(owner="root python")))
    assert "processes of root" in failure


def test_a_proof_that_was_not_made_is_none() -> None:
    assert report.failures(Result()) == ["not every search was made"]
    assert list(report.lines(Result()))[-1].startswith("wipe: NOT proved")


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["wipe", "--nothing"]])
def test_wrong_usage(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["prove", *arguments])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
