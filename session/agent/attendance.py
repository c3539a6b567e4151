"""The daemon's side of the agent: proves a PIN, counts the tries, and tells the outside that somebody is called."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import msgspec

from session.agent import agents
from session.agent.agents import AgentsError
from session.agent.tries import Locked, Tries
from session.environment import aside
from session.environment.cgroup import CgroupError
from session.events import Sign
from session.rpc import Refused

logger = logging.getLogger(__name__)

PROOF_SECONDS = 20.0
"""Argon2 for each agent takes 0.1 s of a processor that may be busy."""
HOOK_SECONDS = 10.0


class Attendance:
    """`state` has the agents and the count of tries; `cgroups` is below where programs are run aside."""

    def __init__(self, state: Path, cgroups: Path, hook: str = "") -> None:
        self._state, self._cgroups, self._hook = state, cgroups, hook
        self._known_tries: Tries | None = None
        self._proving = asyncio.Lock()
        self._sign: Sign | None = None
        self._telling: asyncio.Task[None] | None = None

    async def sweep(self) -> None:
        """At the start: what an earlier daemon left running ends, and so does a call that it left shining."""
        try:
            await aside.sweep(self._cgroups)
        except OSError as error:
            logger.error("what an earlier daemon ran aside could not be ended: %s", error.strerror)
        self.signal(Sign.CANCELLED)

    @property
    def locked_until(self) -> float | None:
        """When the next PIN is taken (CLOCK_MONOTONIC seconds); None if one is now."""
        return self._tries.locked_until

    @property
    def _tries(self) -> Tries:
        if self._known_tries is None:
            self._known_tries = Tries(self._state)
        return self._known_tries

    def require_agents(self) -> None:
        """Raises Refused("no_agents") where no PIN could ever be right."""
        if not self._hashes():
            raise Refused("no_agents")

    async def proves(self, untrusted_pin: str) -> bool:
        """Whether the PIN is an agent's. Raises Refused: `locked`, `busy`, `state_unwritable`, `failed`."""
        if self._proving.locked():
            raise Refused("busy")
        async with self._proving:
            try:
                self._tries.begin()
                right = await self._compare(untrusted_pin)
                if right:
                    self._tries.right()
            except Locked:
                raise Refused("locked") from None
            except OSError as error:
                logger.error("the tries cannot be counted: %s", error.strerror)
                raise Refused("state_unwritable") from None
            return right

    async def _compare(self, untrusted_pin: str) -> bool:
        question = msgspec.json.encode({"pin": untrusted_pin, "hashes": self._hashes()})
        argv = aside.module("session.agent.pins")
        try:
            code, said = await aside.run(self._cgroups, argv, told=question, seconds=PROOF_SECONDS)
        except (aside.AsideError, CgroupError) as error:
            logger.error("a PIN could not be compared: %s", error)
            raise Refused("failed") from None
        if code != 0:
            logger.error("a PIN could not be compared: session.agent.pins ended with code %d", code)
            raise Refused("failed")
        return said == b"1"

    def _hashes(self) -> list[str]:
        try:
            return [agent.pin for agent in agents.load(self._state)]
        except AgentsError as error:
            logger.error("%s", error)
            return []

    def signal(self, sign: Sign) -> None:
        """Has the hook told, one thing at a time. What was overtaken meanwhile is not told any more."""
        if not self._hook:
            return
        self._sign = sign
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        while self._sign is not None:
            sign, self._sign = self._sign, None
            try:
                argv = aside.as_nobody(self._hook, sign.value)
                code, _ = await aside.run(self._cgroups, argv, seconds=HOOK_SECONDS)
            except (aside.AsideError, CgroupError) as error:
                logger.error("the hook was not told %s: %s", sign, error)
            else:
                if code != 0:
                    logger.error("the hook, told %s, ended with code %d", sign, code)

    async def stop(self) -> None:
        """What runs aside ends; on return nothing of it is left."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
