"""The desk's side of what an agent allows for one visit: a host, the camera and the microphone; and who uses these.

Which host or site it is, the desk alone knows. That an agent is at the screen, the daemon alone can say: it is asked
first, and counts the act by its kind.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from session import rpc
from session.browser import policy
from session.browser.devtools import BrowserGone, CallRefused
from session.browser.driver import Driver
from session.browser.hosts import Unsafe, host_to_allow, origin_of, origin_to_trust
from session.browser.pages import Tracker
from session.browser.visit import IN_FORCE_SECONDS, VisitPolicy
from session.desk.daemon_line import DaemonLine
from session.model import Act, AgentStage, Snapshot
from session.pages import Allowable, Capture, PageState, Settings
from session.wire import WireError

logger = logging.getLogger(__name__)

TRIES = 5
"""How often the visit's policy is written until the browser has seen it."""
LOOK_SECONDS = 1.0
THERE_SECONDS = 30.0
"""Who talks to a camera touches nothing, and is there: so often the daemon is told so."""
_BROWSER_ERRORS = (BrowserGone, CallRefused, TimeoutError, WireError)


def cameras_of(settings: Settings) -> tuple[str, ...]:
    """Origins of the sites that are for interviews."""
    return tuple(dict.fromkeys(origin_of(site.url) for site in settings.sites if site.camera))


class Allowances:
    """`driver` gives the browser, or None; `changed` is called when the public picture may be another."""

    def __init__(
        self,
        settings: Settings,
        visit: VisitPolicy,
        line: DaemonLine,
        tracker: Tracker,
        driver: Callable[[], Driver | None],
        changed: Callable[[], None],
    ) -> None:
        self._settings, self._visit, self._line, self._tracker = settings, visit, line, tracker
        self._driver, self._changed = driver, changed
        self._waiting: list[str] = []
        """Addresses of hosts that were allowed, and are to be opened when the policy is in force."""
        self._written = False
        """There is a policy that the browser may not have seen."""
        self._insisting: asyncio.Task[None] | None = None
        self.capture = Capture.OFF

    # -- what may be allowed ---------------------------------------------------------------------------------

    def allowable(self) -> Allowable | None:
        """What of the page in front an agent may allow; None for nothing."""
        page, address = self._front()
        if page is PageState.BLOCKED:
            return Allowable(host=self._host(address))
        camera = page is PageState.OPEN and self._camera(address) is not None
        return Allowable(camera=True) if camera else None

    async def allow_host(self) -> None:
        """The host of the page in front, for this visit. Raises rpc.Refused."""
        page, address = self._front()
        host = self._host(address) if page is PageState.BLOCKED else ""
        if not host:
            raise rpc.Refused("unsafe_host")
        await self._prove(Act.ALLOWED_HOST)
        try:
            self._visit.allow(host)
        except (policy.BadHost, OSError):
            logger.error("the visit's policy cannot be written")
            raise rpc.Refused("failed") from None
        self._waiting.append(address)
        self._wrote()

    async def allow_camera(self) -> None:
        """Camera and microphone for the site in front, for this visit. Raises rpc.Refused."""
        page, address = self._front()
        origin = self._camera(address) if page is PageState.OPEN else None
        if origin is None:
            raise rpc.Refused("no_camera")
        await self._prove(Act.ALLOWED_CAMERA)
        self._set_cameras((*self._visit.cameras, origin))

    async def stop_capture(self) -> None:
        """The visitor's own right, at any moment: nobody may use them any more, and the pages that could are closed.

        A policy takes seconds, and ends no capture that is under way (measured); a page that is closed ends at once.
        """
        pages = self._trusted()
        self._set_cameras(())
        driver = self._driver()
        try:
            for target in pages if driver is not None else ():
                await driver.close_page(target)  # type: ignore[union-attr]
        except _BROWSER_ERRORS:
            raise rpc.Refused("no_browser") from None

    def _front(self) -> tuple[PageState | None, str]:
        active = self._tracker.active
        page = next((page for page in self._tracker.pages() if page.id == active), None)
        return (page.state, self._tracker.address_of(page.id)[0]) if page is not None else (None, "")

    def _host(self, address: str) -> str:
        try:
            host = host_to_allow(address, demonstration=self._settings.demonstration)
            return "" if self._visit.allows(host) else host
        except (Unsafe, policy.BadHost):
            return ""

    def _camera(self, address: str) -> str | None:
        if not self._settings.interview:
            return None
        try:
            origin = origin_to_trust(address, demonstration=self._settings.demonstration)
        except Unsafe:
            return None
        return None if origin in self._visit.cameras else origin

    async def _prove(self, act: Act) -> None:
        try:
            await self._line.ask("AgentAllowed", act=act.value)
        except (rpc.Denied, rpc.CallFailed, OSError, WireError):
            raise rpc.Refused("failed") from None

    def _set_cameras(self, origins: tuple[str, ...]) -> None:
        try:
            self._visit.set_cameras(origins)
        except OSError:
            logger.error("the visit's policy cannot be written")
            raise rpc.Refused("failed") from None
        self._wrote()

    # -- what follows ----------------------------------------------------------------------------------------

    def heard(self, snapshot: Snapshot) -> None:
        """The browser stands still while an agent is there, and reads its policy when it goes on."""
        idle = self._insisting is None or self._insisting.done()
        if snapshot.agent.stage is AgentStage.AWAY and self._written and idle:
            self._wrote()

    def _wrote(self) -> None:
        """Waits anew until what was written just now is in force."""
        self._written = True
        self._changed()
        if self._insisting is not None:
            self._insisting.cancel()
        now = self._line.snapshot
        if now is None or now.agent.stage is AgentStage.AWAY:
            self._insisting = asyncio.create_task(self._insist())
            self._insisting.add_done_callback(_tell_failure)

    async def _insist(self) -> None:
        for _ in range(TRIES):
            await asyncio.sleep(IN_FORCE_SECONDS)
            self._waiting = [address for address in self._waiting if not await self._opens(address)]
            self._visit.insist()
        self._written, self._waiting = False, []

    async def _opens(self, address: str) -> bool:
        """In a page in front of the one that was refused; one that is refused still is closed again."""
        driver = self._driver()
        if driver is None:
            return False
        target = await driver.open(address, None)
        if not await driver.becomes(target, PageState.BLOCKED, LOOK_SECONDS):
            return True
        await driver.close_page(target)
        return False

    async def watch(self) -> None:
        """Looks whether the camera is used, while a page is open that may use it. Ends by cancellation."""
        told_at = float("-inf")
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            capture = await self._look()
            now = asyncio.get_running_loop().time()
            if capture is Capture.ON and now - told_at >= THERE_SECONDS:
                told_at = now
                await self._line.tell("Activity")
            if capture is not self.capture:
                self.capture = capture
                self._changed()

    async def _look(self) -> Capture:
        """A microphone that is used alone cannot be told from sound that is played: what may be is said to be."""
        if not self._trusted():
            return Capture.OFF
        driver = self._driver()
        try:
            return Capture.ON if driver is not None and await driver.captures() else Capture.POSSIBLE
        except _BROWSER_ERRORS:
            return Capture.POSSIBLE

    def _trusted(self) -> list[str]:
        """Open pages that may use camera and microphone."""
        origins = set(self._visit.cameras)
        return [target for target, address in self._tracker.addresses() if origin_of(address) in origins]


def _tell_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        logger.warning("what was allowed may not be in force: %s", type(task.exception()).__name__)
