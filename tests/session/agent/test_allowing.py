"""What an agent allows, as the daemon sees it: a kind, counted, and nothing else."""

from __future__ import annotations

import pytest

from session import events
from session.model import ALLOWANCES, Act, EndReason
from session.rpc import Refused
from tests.session.agent.test_assistance import at_pad, in_panel
from tests.session.test_machine import STATES, active, run


def test_it_is_counted_for_the_receipt_and_shows_nowhere_else() -> None:
    before = in_panel(active())
    station, effects = run(
        before,
        events.AgentAllowed(Act.ALLOWED_HOST),
        events.AgentAllowed(Act.ALLOWED_HOST),
        events.AgentAllowed(Act.ALLOWED_CAMERA),
    )
    assert (station.public, effects) == (before.public, [])
    _, effects = run(station, events.AgentEnded())
    assert effects[0] == events.Wipe(
        EndReason.AGENT, ((Act.ALLOWED_CAMERA, 1), (Act.ALLOWED_HOST, 2), (Act.ENTERED, 1))
    )


@pytest.mark.parametrize("act", ALLOWANCES)
def test_nobody_allows_without_a_panel_in_a_visit(act: Act) -> None:
    closed, _ = run(in_panel(active()), events.AgentLeft(), now=12.0)
    for station in (*(make() for make in STATES.values()), at_pad(active()), closed):
        with pytest.raises(Refused, match="wrong_state"):
            run(station, events.AgentAllowed(act), now=71.0)


def test_only_an_allowance_is_one() -> None:
    for act in set(Act) - ALLOWANCES:
        with pytest.raises(Refused, match="wrong_state"):
            run(in_panel(active()), events.AgentAllowed(act))
