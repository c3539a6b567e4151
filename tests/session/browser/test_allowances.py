"""What an agent allows for one visit, on a real browser: a host, and Chromium's fake camera and microphone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from session import rpc
from session.browser.visit import IN_FORCE_SECONDS
from session.model import AgentStage, AgentState, Snapshot
from session.pages import Allowable, Capture, PageState, Settings, Site
from tests.portal import Portal
from tests.session.browser.conftest import Daemon, Visitor, needs_browser
from tests.session.browser.harness import PATIENCE, Browser, Screen
from tests.session.browser.test_desk_pages import front, is_in, shows

pytestmark = needs_browser

PANEL = Snapshot(agent=AgentState(stage=AgentStage.PANEL))
SLOW = PATIENCE + 3 * IN_FORCE_SECONDS


@pytest.fixture(scope="module")
def settings(settings: Settings, portal: Portal) -> Settings:
    video = Site("video", "Rendez-vous", f"http://connexion.localhost:{portal.port}/entretien", camera=True)
    other = Site("entretien", "Entretien", f"http://portail.localhost:{portal.port}/entretien")
    return msgspec.structs.replace(
        settings, sites=(*settings.sites, video, other), demonstration=True, interview=True
    )


@pytest.fixture(scope="module")
def browser(screen: Screen) -> Iterator[Browser]:
    with Browser(screen, flags=("--use-fake-device-for-media-stream",)) as one:
        yield one


@pytest.fixture
async def agent(daemon: Daemon, visitor: Visitor) -> AsyncIterator[Daemon]:
    """An agent is in the panel: the desk has heard so."""
    await daemon.becomes(PANEL)
    yield daemon
    await daemon.becomes(Snapshot())


async def refused(visitor: Visitor, **parameters: str) -> str:
    with pytest.raises(rpc.Refused) as refusal:
        await visitor.call("Allow", **parameters)
    return refusal.value.code


async def to_blocked(visitor: Visitor, screen: Screen) -> str:
    """A link to a host that no site of the station has; the host."""
    await visitor.call("Open", site="interdits")
    await visitor.sees(shows("Adresses interdites"))
    seen = await visitor.by_key(screen, "Return", is_in(PageState.BLOCKED), "blocked")
    seen = await visitor.sees(lambda one: one.allowable is not None, "what may be allowed")
    assert seen.allowable is not None
    assert seen.allowable.host is not None
    return seen.allowable.host


async def test_nobody_but_an_agent_allows_a_host(daemon: Daemon, visitor: Visitor, screen: Screen) -> None:
    assert (await to_blocked(visitor, screen)).startswith("interdit.localhost:")
    assert await refused(visitor, what="host") == "wrong_state"
    assert daemon.allowed == []
    assert await refused(visitor, what="camera") == "no_camera"


async def test_an_allowed_host_opens_when_the_agent_has_left(agent: Daemon, visitor: Visitor, screen: Screen) -> None:
    await to_blocked(visitor, screen)
    await visitor.call("Allow", what="host")
    assert agent.allowed == ["allowed_host"]
    seen = await visitor.sees(lambda one: one.allowable == Allowable(host=""), "allowed once")
    assert await refused(visitor, what="host") == "unsafe_host"
    blocked = seen.active
    await agent.becomes(Snapshot())
    seen = await visitor.sees(shows("INTERDIT ATTEINT"), "the allowed page", SLOW)
    assert seen.active != blocked
    # It is this host alone that is open now: its neighbours are not.
    other = Snapshot(agent=AgentState(called_at=1.0))
    await agent.becomes(other)
    assert len(visitor.snapshot.pages) == 2


async def test_a_site_for_interviews_has_the_camera_and_its_use_is_seen(
    daemon: Daemon, visitor: Visitor, screen: Screen
) -> None:
    await visitor.call("Open", site="video")
    await visitor.sees(shows("Entretien par vidéo"))
    await visitor.sees(lambda one: one.capture is Capture.POSSIBLE, "it may be used")
    await visitor.by_key(screen, "Return", shows("On vous voit"), "the video")
    seen = await visitor.sees(lambda one: one.capture is Capture.ON, "the sign")
    assert daemon.activities == 1, "who talks to a camera is there"
    assert seen.active is not None
    await visitor.call("Close", page=seen.active)
    await visitor.sees(lambda one: one.capture is Capture.OFF, "off with its page")


async def test_another_site_has_none(visitor: Visitor, screen: Screen) -> None:
    await visitor.call("Open", site="entretien")
    await visitor.sees(shows("Entretien par vidéo"))
    await visitor.by_key(screen, "Return", shows("Caméra refusée"), "refused to another site")
    assert visitor.snapshot.capture is Capture.OFF
    assert visitor.snapshot.allowable == Allowable(camera=True)
    page = front(visitor.snapshot)
    assert page is not None
    await visitor.call("Close", page=page.id)


async def test_an_agent_gives_a_site_the_camera_and_the_visitor_takes_it_back(
    agent: Daemon, visitor: Visitor, screen: Screen
) -> None:
    await visitor.call("Open", site="entretien")
    await visitor.sees(shows("Entretien par vidéo"))
    await visitor.sees(lambda one: one.allowable == Allowable(camera=True), "what may be allowed")
    await visitor.call("Allow", what="camera")
    assert agent.allowed == ["allowed_camera"]
    seen = await visitor.sees(lambda one: one.capture is Capture.POSSIBLE, "it may be used")
    assert seen.allowable is None
    await agent.becomes(Snapshot())
    async with asyncio.timeout(SLOW):
        while not shows("On vous voit")(visitor.snapshot):
            await asyncio.to_thread(screen.key, "Return")
            await asyncio.sleep(1)  # as a person tries again
    await visitor.sees(lambda one: one.capture is Capture.ON, "the sign")

    await visitor.call("StopCapture")
    await visitor.sees(lambda one: not one.pages and one.capture is Capture.OFF, "closed and off")
    await visitor.call("Open", site="entretien")
    await visitor.sees(shows("Entretien par vidéo"))
    async with asyncio.timeout(SLOW):
        while not shows("Caméra refusée")(visitor.snapshot):
            await asyncio.to_thread(screen.key, "Return")
            await asyncio.sleep(1)  # until the policy is in force
    assert front(visitor.snapshot) is not None
