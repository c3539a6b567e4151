"""Calls that a tap makes: nobody waits for them, and what is refused is said."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from kiosk import client

logger = logging.getLogger(__name__)


def _nothing() -> None: ...


class Caller:
    """`refused` is called with the code of each refusal. Makes no call before `tasks` is set."""

    def __init__(self, refused: Callable[[str], None]) -> None:
        self.tasks: asyncio.TaskGroup | None = None
        """Holds the calls that are under way."""
        self._refused = refused
        self._under_way: set[tuple[str, str]] = set()

    def call(
        self,
        path: Path,
        interface: str,
        name: str,
        *,
        done: Callable[[], None] = _nothing,
        failed: Callable[[], None] = _nothing,
        **parameters: object,
    ) -> None:
        """Makes a call without waiting. The same call is not made twice at once: a second tap adds nothing."""
        key = (name, "".join(map(str, parameters.values())))
        if self.tasks is None or key in self._under_way:
            return
        self._under_way.add(key)
        call = client.Call(path, interface, name, **parameters)
        # A task that is cancelled before its first step closes nothing.
        self.tasks.create_task(self._carry(key, call, done, failed)).add_done_callback(lambda _task: call.close())

    async def _carry(
        self,
        key: tuple[str, str],
        call: client.Call,
        done: Callable[[], None],
        failed: Callable[[], None],
    ) -> None:
        try:
            await call.done()
        except client.CallError as error:
            logger.info("%s: %s", key[0], error.code)
            failed()
            self._refused(error.code)
        else:
            done()
        finally:
            self._under_way.discard(key)
