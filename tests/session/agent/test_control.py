"""The agent's part of the control socket: who may call it, by the kernel's word, and what becomes of a PIN."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from session import events, rpc
from session.agent import agents, pins
from session.agent.agents import Agent
from session.agent.attendance import Attendance
from session.agent.control import PinParameters
from session.control import INTERFACE, Control
from session.environment.cgroup import Cgroup, find_base
from session.model import Act, AgentStage, AgentState, ClosedWhy, Snapshot, State
from tests.session import test_control
from tests.session.talk import connected, other_tasks, until
from tests.session.test_control import DENIED, GENERATION, ROOT, SCREEN, USERS, VISITOR, call_from

PIN = "280471"

CALLS: dict[str, tuple[dict[str, Any], events.Event]] = {
    "CallAgent": ({}, events.AgentCalled()),
    "CancelCall": ({}, events.CallCancelled()),
    "AgentAsk": ({}, events.AgentAsked(None)),
    "AgentEnter": ({"pin": PIN}, events.PinAnswered(GENERATION, True, None)),
    "AgentLeave": ({}, events.AgentLeft()),
    "AgentExtend": ({"minutes": 15}, events.AgentExtended(15)),
    "AgentPrivate": ({"on": True}, events.PrivateAsked(True)),
    "AgentOutcome": ({"kind": "outcome_done"}, events.OutcomeNoted(Act.OUTCOME_DONE)),
    "AgentEnd": ({}, events.AgentEnded()),
    "AgentOutOfService": ({"why": "paper"}, events.AgentClosed(State.OUT_OF_SERVICE, ClosedWhy.PAPER)),
    "AgentMaintenance": ({}, events.AgentClosed(State.MAINTENANCE)),
    "AgentInService": ({}, events.AgentClosed(State.READY)),
}


class Asked(test_control.Asked):
    """At the pad, with one agent."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        agents.save(directory, (Agent("Jeanne", pins.hashed(PIN)),))
        self._attendance = Attendance(directory, find_base(f"marchepied-test-{os.getpid()}"))
        at_pad = AgentState(stage=AgentStage.PIN, held_since=0.0, leaves_at=1e9)
        self.published.set(Snapshot(generation=GENERATION, state=State.ACTIVE, agent=at_pad))

    @property
    def attendance(self) -> Attendance:
        return self._attendance


@pytest.fixture
async def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path / "state")


@pytest.fixture
async def control(asked: Asked, tmp_path: Path) -> AsyncIterator[Path]:
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(0o755)
    control = Control(asked, USERS)
    path = tmp_path / "control"
    await control.start(path)
    path.chmod(0o666)
    yield path
    await control.service.stop()
    await until(lambda: not other_tasks())
    base = find_base(f"marchepied-test-{os.getpid()}")
    if base.exists():
        base.rmdir()


@pytest.mark.parametrize("name", CALLS)
async def test_only_the_present_kiosk_and_root_may_call(control: Path, asked: Asked, name: str) -> None:
    parameters, event = CALLS[name]
    for uid in (VISITOR, USERS.printing, 1_000, SCREEN):
        async with connected(control, uid) as caller:
            answer = await caller.call(f"{INTERFACE}.{name}", parameters)
        assert answer == {"error": rpc.ERROR_DENIED, "parameters": {}}
    assert asked.events == []
    async with connected(control, ROOT) as caller:
        assert await caller.call(f"{INTERFACE}.{name}", parameters) == {"parameters": {}}
    assert asked.events == [event]
    base = find_base(f"marchepied-test-{os.getpid()}")
    groups = {number: Cgroup(base / f"environment-{number}") for number in (GENERATION - 1, GENERATION)}
    request = json.dumps({"method": f"{INTERFACE}.{name}", "parameters": parameters})
    try:
        for group in groups.values():
            group.create()
        assert await call_from(groups[GENERATION - 1].child("ui"), control, request) == DENIED
        assert await call_from(groups[GENERATION].child("guard"), control, request) == DENIED
        assert asked.events == [event]
        assert await call_from(groups[GENERATION].child("ui"), control, request) == '{"parameters":{}}'
    finally:
        for group in groups.values():
            assert group.remove()
    assert asked.events == [event, event]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("AgentEnter", {"pin": "2" * 21}),
        ("AgentEnter", {"pin": 280471}),
        ("AgentExtend", {"minutes": 4}),
        ("AgentExtend", {"minutes": 121}),
        ("AgentOutcome", {"kind": "great"}),
        ("AgentOutOfService", {"why": "a text"}),
    ],
)
async def test_what_makes_no_sense_is_refused_and_not_repeated(
    control: Path, asked: Asked, name: str, parameters: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with connected(control) as caller:
        answer = await caller.call(f"{INTERFACE}.{name}", parameters)
    assert answer["error"] == rpc.ERROR_PARAMETER
    assert asked.events == []
    if name == "AgentEnter":
        assert str(parameters["pin"]) not in f"{caplog.text} {answer}"


async def test_an_act_is_no_outcome(control: Path, asked: Asked) -> None:
    async with connected(control) as caller:
        answer = await caller.call(f"{INTERFACE}.AgentOutcome", {"kind": "entered"})
    assert answer == {"error": rpc.ERROR_REFUSED, "parameters": {"code": "no_outcome"}}


async def test_wrong_pins_are_told_and_then_the_pause(
    control: Path, asked: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    codes = []
    async with connected(control) as caller:
        for _ in range(4):
            answer = await caller.call(f"{INTERFACE}.AgentEnter", {"pin": "280472"})
            codes.append(answer["parameters"]["code"])
    assert codes == ["wrong_pin", "wrong_pin", "locked", "locked"]
    answers = [event for event in asked.events if isinstance(event, events.PinAnswered)]
    assert [one.right for one in answers] == [False] * 3
    assert [one.locked_until is not None for one in answers] == [False, False, True]
    assert "280472" not in caplog.text
    assert "280472" not in msgspec.json.encode(asked.events).decode()


async def test_away_from_the_pad_no_pin_is_even_compared(control: Path, asked: Asked) -> None:
    asked.published.set(Snapshot(generation=GENERATION, state=State.ACTIVE))
    async with connected(control) as caller:
        answer = await caller.call(f"{INTERFACE}.AgentEnter", {"pin": PIN})
    assert answer == {"error": rpc.ERROR_REFUSED, "parameters": {"code": "wrong_state"}}
    assert asked.events == []


def test_a_pin_is_not_printed() -> None:
    assert PIN not in repr(PinParameters(PIN))
