"""The agent's panel: what only an agent may do. Each thing is one tap; what cannot be taken back is two."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

from kivy.factory import Factory
from kivy.uix.widget import Widget

from kiosk import leaving, plain
from kiosk.inert import INERT_SECONDS
from kiosk.screens.sheet import FullSheet, Host, load_rules
from kiosk.view import Panel
from session.model import OUTCOMES, Act, AgentState, ClosedWhy, State
from session.pages import Allowable

EXTENSION_MINUTES = 15
CELLS = 6
HOST_LENGTH = 60
_ENDING = (Panel.ENDING, Panel.CLOSING, Panel.MAINTENANCE)
"""What ends the visit that is going on: it is said what would be lost."""
_SHOWN = [act for act in Act if act in OUTCOMES]

Choice = tuple[str, str, Callable[[], None]]
"""A key of the words, a style, and what a tap does."""


class AgentPanel(FullSheet):
    def __init__(self, host: Host) -> None:
        self._shown: object = None
        self._shown_at = 0.0
        super().__init__(host)

    @property
    def _agent(self) -> AgentState:
        return self.host.snapshot.agent if self.host.snapshot is not None else AgentState()

    @property
    def _state(self) -> State | None:
        return self.host.snapshot.state if self.host.snapshot is not None else None

    @property
    def _allowable(self) -> Allowable:
        """What of the page in front may be allowed."""
        return (self.host.desk.allowable if self.host.desk is not None else None) or Allowable()

    def refresh(self) -> None:
        super().refresh()
        panel = self.host.local.panel
        self.ids.lead.text = self._lead(panel)
        wanted = (panel, self._state, self._agent.outcome, self._allowable)
        if wanted == self._shown:
            return
        self._shown, self._shown_at = wanted, time.monotonic()
        self.ids.title.text = self.say(f"agent_panel.title_{panel}")
        self.ids.back.text = self.say("agent_panel.leave" if panel is Panel.ACTS else "common.back")
        self.ids.acts.clear_widgets()
        for key, style, chosen in self._choices(panel):
            button = Factory.Act(text=self.say(f"agent_panel.{key}"), style=style)
            button.bind(on_release=lambda _button, chosen=chosen: chosen())
            self.ids.acts.add_widget(button)
        while len(self.ids.acts.children) < CELLS:
            self.ids.acts.add_widget(Widget())  # one choice is as large as one of six

    def _lead(self, panel: Panel) -> str:
        snapshot = self.host.snapshot
        if panel is Panel.ACTS and snapshot is not None and snapshot.ends_at is not None:
            # The clock stands still: what is left is what was left as the agent came.
            left = plain.minutes_left(snapshot.ends_at, self._agent.held_since or 0.0)
            return self.say.count("agent_panel.lead", left)
        if panel is Panel.ALLOWING and self._allowable == Allowable():
            return self.say("agent_panel.nothing")
        if panel is Panel.HOST:
            host = plain.clean(self._allowable.host or "", HOST_LENGTH)
            return self.say("agent_panel.lead_host", host=host) if host else self.say("agent_panel.unsafe")
        lead = self.say(f"agent_panel.lead_{panel}")
        if panel in _ENDING and self.host.occupied:
            told = leaving.briefly(self.say, self.host.rooms.papers)
            # The reasons for closing leave no room for both.
            lead = told if told and panel is Panel.CLOSING else f"{lead} {told}".strip()
        return lead

    def _choices(self, panel: Panel) -> Iterator[Choice]:
        agent, turn = self.host.agent, self.host.turn_panel
        match panel:
            case Panel.ACTS if self._state in (State.OUT_OF_SERVICE, State.MAINTENANCE):
                yield "reopen", "plain", agent.reopen
            case Panel.ACTS if self._state is State.ACTIVE:
                yield "extend", "plain", partial(agent.extend, EXTENSION_MINUTES)
                yield "private", "plain", agent.step_back
                yield "outcome", "chosen" if self._agent.outcome else "plain", partial(turn, Panel.OUTCOME)
                yield "end", "finish", partial(turn, Panel.ENDING)
                yield "close", "plain", partial(turn, Panel.CLOSING)
                yield "allow", "plain", partial(turn, Panel.ALLOWING)
            case Panel.ACTS:
                yield "close", "plain", partial(turn, Panel.CLOSING)
                yield "maintain", "plain", partial(turn, Panel.MAINTENANCE)
            case Panel.OUTCOME:
                for act in _SHOWN:
                    style = "chosen" if act is self._agent.outcome else "plain"
                    yield act.value, style, partial(agent.note, act, partial(turn, Panel.ACTS))
            case Panel.ALLOWING:
                if self._allowable.host is not None:
                    yield "allow_host", "plain", partial(turn, Panel.HOST)
                if self._allowable.camera:
                    yield "allow_camera", "plain", partial(turn, Panel.CAMERA)
            case Panel.HOST:
                if self._allowable.host:
                    yield "allow_host_yes", "plain", partial(self.host.allow, "host")
            case Panel.CAMERA:
                if self._allowable.camera:
                    yield "allow_camera_yes", "plain", partial(self.host.allow, "camera")
            case Panel.CLOSING:
                for why in ClosedWhy:
                    yield f"close_{why}", "plain", partial(agent.close, why)
                if self._state is State.ACTIVE:
                    yield "maintain", "plain", partial(turn, Panel.MAINTENANCE)
            case Panel.MAINTENANCE:
                yield "maintain_yes", "grave", agent.maintain
            case Panel.ENDING:
                yield "end_yes", "grave", agent.end

    def on_touch_down(self, touch: object) -> bool:
        # The second half of a double tap was meant for the choices that were there before.
        if time.monotonic() - self._shown_at < INERT_SECONDS:
            return True
        return bool(super().on_touch_down(touch))

    def back(self) -> None:
        if self.host.local.panel is Panel.ACTS:
            self.host.agent.leave()
        else:
            self.host.turn_panel(Panel.ACTS)


load_rules(__file__)
SCREEN = AgentPanel
