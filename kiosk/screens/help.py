"""Help: call the agent, or take the call back; a few hints; and the way to the agent's own panel."""

from __future__ import annotations

from kiosk.screens.sheet import FullSheet, load_rules
from kiosk.widgets import look
from session.model import AgentState, State


class Help(FullSheet):
    @property
    def _agent(self) -> AgentState:
        return self.host.snapshot.agent if self.host.snapshot is not None else AgentState()

    def refresh(self) -> None:
        super().refresh()
        called = self._agent.called_at is not None
        self.ids.lead.text = self.say("help.called" if called else "help.lead")
        self.ids.call.text = self.say("help.cancel" if called else "help.call")
        self.ids.call.style = "plain" if called else "main"
        in_warning = self.host.snapshot is not None and self.host.snapshot.state is State.WARNING
        if in_warning and self.ids.words.parent is not None:
            self.ids.ways.remove_widget(self.ids.words)  # there, the warning is what to read
        over = self.ids.private
        over.text = self.say("help.private_over") if self._agent.private else ""
        over.width = look.u(330) if self._agent.private else 0
        over.opacity, over.disabled = (1, False) if self._agent.private else (0, True)

    def press(self) -> None:
        """The big button: whichever of the two it says."""
        if self._agent.called_at is None:
            self.host.agent.call()
        else:
            self.host.agent.cancel()


load_rules(__file__)
SCREEN = Help
