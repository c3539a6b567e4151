"""What a tap asks for that concerns the agent: the calls, and what is said when they are done. No Kivy here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kiosk.words import Words
from session.model import Act, ClosedWhy


def _nothing() -> None: ...


class Asks(Protocol):
    """Makes a call of the session's without waiting for it."""

    def __call__(
        self,
        name: str,
        *,
        done: Callable[[], None] = _nothing,
        failed: Callable[[], None] = _nothing,
        **parameters: object,
    ) -> None: ...


class Agent:
    """`ask` makes the calls, `say` shows a short word, `words` gives the present language's."""

    def __init__(self, ask: Asks, say: Callable[[str], None], words: Callable[[], Words]) -> None:
        self._ask, self._say, self._words = ask, say, words

    # The visitor's

    def call(self) -> None:
        self._ask("CallAgent")

    def cancel(self) -> None:
        self._ask("CancelCall")

    def end_private(self) -> None:
        self._ask("AgentPrivate", on=False)

    # The agent's

    def open_pad(self) -> None:
        self._ask("AgentAsk")

    def enter(self, pin: str, failed: Callable[[], None]) -> None:
        """`failed` is called if it was not taken, whatever the reason; what is said of it is said here."""
        self._ask("AgentEnter", failed=failed, pin=pin)

    def leave(self) -> None:
        self._ask("AgentLeave")

    def extend(self, minutes: int) -> None:
        self._ask("AgentExtend", done=lambda: self._say(self._words()("agent_panel.extended")), minutes=minutes)

    def step_back(self) -> None:
        self._ask("AgentPrivate", on=True)

    def note(self, outcome: Act, done: Callable[[], None]) -> None:
        def noted() -> None:
            self._say(self._words()("agent_panel.noted"))
            done()

        self._ask("AgentOutcome", done=noted, kind=outcome.value)

    def end(self) -> None:
        self._ask("AgentEnd")

    def close(self, why: ClosedWhy) -> None:
        self._ask("AgentOutOfService", why=why.value)

    def maintain(self) -> None:
        self._ask("AgentMaintenance")

    def reopen(self) -> None:
        self._ask("AgentInService")
