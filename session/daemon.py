"""`sessiond`: the small root process that outlives every session. `python -m session.daemon`.

One queue of events, one state machine, one place where the state is set. It starts, kills and verifies; it sees
states, ids and counts, and never a name, a URL, a title or a page.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine
from pathlib import Path

import msgspec

from session import events, machine, network, receipts, uplink
from session.agent.attendance import Attendance
from session.builder import BuildError, Environment, Plan
from session.control import Control
from session.environment.cgroup import CgroupError
from session.environment.chime import Sound
from session.environment.tree import Tree
from session.heart import BEAT_SECONDS
from session.hearts import WATCHED, Hearts
from session.keys.port import Port
from session.machine import Limits
from session.model import Component, EndReason, Network, Snapshot, State, Trouble
from session.network import Egress, NetworkError
from session.published import Published
from session.receipts import CheckResult, RecordsError
from session.records import Records
from session.wipe import Outcome, Place, Wipe

logger = logging.getLogger(__name__)

BUILD_SECONDS = 30.0
MEMORY_PERIOD = 2.0
LEAST_MEMORY_MIB = 100
"""Available memory at which a session is ended rather than left to the kernel's choice of victim."""
LEAST_ROOM, LOW_ROOM = 0.02, 0.12
"""The same of the session's memory disk, as a part of it."""
LOW_MEMORY_MIB = 250
"""Available memory at which a visitor is told: a page of a site takes 50 to 150."""

_IN_SESSION = (State.ACTIVE, State.WARNING)


class Station(msgspec.Struct, frozen=True):
    """Everything that the configuration decides, in the daemon's own terms."""

    plan: Plan
    limits: Limits
    place: Place
    egress: Egress
    required: frozenset[str]
    demonstration: bool
    control: Path
    state: Path
    """Directory of the receipts, and of the agents."""
    watches_network: bool = False
    """Whether some site is on another machine: else no cut of the network is one for its visitors."""
    hook: str = ""
    """The program that is told of calls for the agent; empty for none."""
    images: str = ""
    """A directory of files that are USB keys on loop devices; empty for none."""


class Daemon:
    def __init__(self, station: Station) -> None:
        self._station = station
        self._records: Records | None = None
        left = station.place.generations()
        snapshot = Snapshot(generation=max(left, default=0), demonstration=station.demonstration)
        self._machine = machine.Station(public=snapshot)
        self.published = Published(snapshot)
        self._events: asyncio.Queue[tuple[events.Event, asyncio.Future[None] | None]] = asyncio.Queue()
        self._environment: Environment | None = None
        self._building: asyncio.Task[None] | None = None
        self._freezing: asyncio.Task[None] | None = None
        self._acts: dict[str, int] = {}
        """What agents did in sessions whose receipt is not written yet."""
        self.attendance = Attendance(station.state, station.place.cgroups, station.hook)
        self.hearts = Hearts()
        self.keys = Port(station.place, images=station.images)
        self._tasks: set[asyncio.Task[None]] = set()
        self._wiping = asyncio.Lock()
        self._wipes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False
        self._stopped = asyncio.Event()
        self._left_clean = False

    # -- events ----------------------------------------------------------------------------------------------

    def post(self, event: events.Event) -> None:
        self._events.put_nowait((event, None))

    async def ask(self, event: events.Event) -> None:
        """Posts an event that may be refused, and waits until it is carried out. Raises Refused."""
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._events.put_nowait((event, answer))
        await answer

    @property
    def records(self) -> Records:
        """Opened at the first use, so that a daemon without a writable disk still runs and says so."""
        if self._records is None:
            self._records = Records(self._station.state)
        return self._records

    async def run(self) -> bool:
        """Serves until `stop`; True if everything was then wiped, verified and written down.

        Whatever a previous run left is wiped first.
        """
        control = Control(self, self._station.place.users)
        await control.start(self._station.control)
        watching = [asyncio.create_task(self._watch_memory())]
        if self._station.watches_network:
            watching.append(asyncio.create_task(uplink.watch(self._on_network)))
        hearts = self._start(self._watch_hearts())
        self._start(self.keys.run(self.published))
        self.post(events.Began())
        await self.attendance.sweep()
        try:
            while not self._stopped.is_set():
                event, answer = await self._events.get()
                self._apply(event, answer)
        finally:
            for watch in (*watching, hearts):
                watch.cancel()
            await control.service.stop()
            self._station.control.unlink(missing_ok=True)
            for task in self._tasks:
                task.cancel()
            await self.attendance.stop()
        return self._left_clean

    def stop(self) -> None:
        """Ends what there is, wipes it, then lets `run` return."""
        self._stopping = True
        self.post(events.EndAsked(EndReason.STOPPING))

    def _apply(self, event: events.Event, answer: asyncio.Future[None] | None) -> None:
        try:
            after, effects = machine.step(self._machine, event, time.monotonic(), self._station.limits)
        except Exception as error:
            if answer is not None and not answer.done():
                answer.set_exception(error)
            else:
                logger.exception("%s failed", type(event).__name__)
                if not isinstance(event, events.Fault):
                    self.post(events.Fault(EndReason.INTERNAL))
            return
        before = self._machine.public.state
        self._machine = after
        if after.public.state is not before:
            logger.info("%s -> %s (generation %d)", before, after.public.state, after.public.generation)
            if after.public.state is State.WARNING:
                self._play(Sound.WARNING)
        for effect in effects:
            self._carry_out(effect)
        self.published.set(after.public)
        self._arm()
        if answer is not None and not answer.done():
            answer.set_result(None)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = machine.next_deadline(self._machine, self._station.limits)
        if deadline is not None:
            delay = max(0.0, deadline - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay, self.post, events.Tick())

    # -- effects ---------------------------------------------------------------------------------------------

    def _carry_out(self, effect: events.Effect) -> None:
        match effect:
            case events.Wipe(reason, acts):
                for act, times in acts:
                    self._acts[act.value] = self._acts.get(act.value, 0) + times
                self._start(self._wipe(reason))
            case events.Build(generation, reduced):
                if not self._stopping:
                    self._building = self._start(self._build(generation, reduced))
            case events.Restart():
                self._start(self._restart(effect))
            case events.Kill(generation, component):
                self._start(self._kill(generation, component))
            case events.Freeze(generation):
                self._freezing = self._start(self._freeze(generation))
            case events.Thaw(generation):
                self._thaw(generation)
            case events.Signal(sign):
                self.attendance.signal(sign)
                if sign is events.Sign.CALLED:
                    self._play(Sound.CALLED)
            case events.BeginSession():
                pass  # the browser is warm and the screens follow the snapshot

    def _play(self, sound: Sound) -> None:
        if self._environment is not None:
            self._environment.play(sound)

    def _start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, work: Coroutine[object, object, None]) -> None:
        """Any exception ends the session: nothing half-working goes on."""
        try:
            await work
        except Exception:
            logger.exception("unforeseen")
            self.post(events.Fault(EndReason.INTERNAL))

    async def _wipe(self, reason: EndReason) -> None:
        """One at a time, and only the newest is news: one that was overtaken knows nothing of what was built since."""
        self._wipes += 1
        mine = self._wipes
        async with self._wiping:
            if mine != self._wipes:
                return
            try:
                result = await self._wipe_all(reason, mine)
            except Exception:
                logger.exception("the wipe failed in an unforeseen way")
                result = events.WipeFailed(Trouble.WIPE_UNVERIFIED)
        if mine != self._wipes:
            return
        self.post(result)
        if self._stopping:
            self._left_clean = isinstance(result, events.Wiped)
            self._stopped.set()

    async def _wipe_all(self, reason: EndReason, mine: int) -> events.Wiped | events.WipeFailed:
        if self._building is not None:
            self._building.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._building
            self._building = None
        self.keys.abandon()
        if self._environment is not None:
            self._environment.abandon()
            self._environment = None
        generations = self._station.place.generations()
        wipe = Wipe(self._station.place, generations, self._station.required)
        emptied = await wipe.empty()
        if emptied and mine == self._wipes:
            # From here on the new environment is made while the old one's memory is given back.
            self.post(events.Emptied())
        outcome = await wipe.finish()
        return self._conclude(outcome, max(generations, default=0), reason)

    def _conclude(self, outcome: Outcome, generation: int, reason: EndReason) -> events.Wiped | events.WipeFailed:
        failed = [step.name for step in outcome.steps if not step.ok]
        failed += [check.name for check in outcome.checks if check.result is CheckResult.FAILED]
        if failed:
            logger.error("generation %d: the wipe is not verified: %s", generation, ", ".join(failed))
        try:
            receipt = self.records.append(
                generation=generation,
                reason=reason,
                ended_at=time.time(),
                milliseconds=outcome.milliseconds,
                steps=outcome.steps,
                checks=outcome.checks,
                verified=outcome.verified,
                acts=[receipts.Act(name=name, times=times) for name, times in sorted(self._acts.items())],
            )
        except RecordsError as error:
            logger.error("%s", error)
            return events.WipeFailed(Trouble.WIPE_UNVERIFIED if failed else Trouble.STATE_UNWRITABLE)
        self._acts.clear()
        summary = receipts.summary(receipt)
        return events.WipeFailed(Trouble.WIPE_UNVERIFIED, summary) if failed else events.Wiped(summary)

    async def _build(self, generation: int, reduced: bool) -> None:
        station = self._station
        environment = Environment(
            station.plan,
            generation,
            Tree(station.place.tree(generation)),
            station.place.cgroup(generation),
            lambda number, component, trouble: self.post(events.ComponentDied(number, component, trouble)),
        )
        self._environment = environment
        try:
            await environment.build(network.apply(station.egress, station.place.users), reduced=reduced)
        except NetworkError as error:
            self._failed(generation, Trouble.NO_NETWORK_GUARD, error)
        except BuildError as error:
            self._failed(generation, error.trouble, error)
        except Exception as error:
            # Not a Fault: during a wipe that would be no news, and the next environment would be waited for in vain.
            logger.exception("unforeseen")
            self._failed(generation, Trouble.INTERNAL, error)
        else:
            asyncio.get_running_loop().call_later(BUILD_SECONDS, self._too_late, environment)

    def _failed(self, generation: int, trouble: Trouble, error: Exception) -> None:
        logger.error("environment %d: %s", generation, error)
        self.post(events.BuildFailed(generation, trouble))

    def _too_late(self, environment: Environment) -> None:
        missing = machine.NEEDED - set(self._machine.public.ready)
        state = self._machine.public.state
        if environment is self._environment and missing and state in (State.PREPARING, State.ENDING):
            generation = environment.generation
            logger.error("environment %d: not ready after %d s: %s", generation, BUILD_SECONDS, sorted(missing))
            # The desk says that it is ready once the browser has answered it.
            trouble = Trouble.NO_BROWSER if missing == {Component.DESK} else Trouble.COMPONENT_FAILS
            self.post(events.BuildFailed(generation, trouble))

    async def _restart(self, effect: events.Restart) -> None:
        if self._environment is not None and self._environment.generation == effect.generation:
            await self._environment.restart(effect.component)

    async def _kill(self, generation: int, component: Component) -> None:
        environment = self._environment
        if environment is None or environment.generation != generation:
            return
        logger.error("environment %d: %s does not answer any more", generation, component.value)
        try:
            await environment.kill(component)
        except (CgroupError, OSError) as error:  # whoever noticed it does so again
            logger.error("environment %d: %s cannot be ended: %s", generation, component.value, error)

    async def _freeze(self, generation: int) -> None:
        environment = self._environment
        frozen = False
        try:
            if environment is not None and environment.generation == generation:
                frozen = await environment.freeze()
        except (CgroupError, OSError) as error:
            logger.error("environment %d: the browser cannot be stopped: %s", generation, error)
        self.post(events.Frozen(generation, frozen))

    def _thaw(self, generation: int) -> None:
        if self._freezing is not None:
            self._freezing.cancel()
        environment = self._environment
        try:
            if environment is not None and environment.generation == generation:
                environment.thaw()
        except (CgroupError, OSError):
            # A page that stands still for ever is no session.
            logger.exception("environment %d: the browser does not go on", generation)
            self.post(events.Fault(EndReason.INTERNAL))

    def _on_network(self, up: bool) -> None:
        logger.info("the network is %s", "there" if up else "down")
        self.post(events.NetworkChanged(Network.UP if up else Network.DOWN))

    async def _watch_memory(self) -> None:
        """Only while a session runs: at rest nothing wakes the daemon up."""
        async for snapshot in self.published.follow():
            while snapshot.state in _IN_SESSION:
                environment = self._environment
                disk = environment.room_left() if environment is not None else 1.0
                available = _available_memory_mib()
                if disk < LEAST_ROOM or available < LEAST_MEMORY_MIB:
                    self.post(events.Fault(EndReason.NO_MEMORY))
                    break
                slack = 1.25 if snapshot.memory_low else 1.0  # so that it is not said and unsaid all the time
                low = disk < slack * LOW_ROOM or available < slack * LOW_MEMORY_MIB
                if low is not snapshot.memory_low:
                    self.post(events.MemoryChanged(low))
                await asyncio.sleep(MEMORY_PERIOD)
                snapshot = self.published.value


    async def _watch_hearts(self) -> None:
        """Whatever hangs is killed, and its death is then news like any other."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            environment = self._environment
            running = {component: environment.pid(component) if environment else None for component in WATCHED}
            for silent in self.hearts.look(running):
                # A display that hangs stops whoever asks it for something: it is the cause of the other silences.
                if environment is None or environment is not self._environment:
                    break
                answers = await environment.display_answers()
                await self._kill(environment.generation, silent if answers else Component.DISPLAY)
                if not answers:
                    break


def _available_memory_mib() -> int:
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    return 0
