"""What is left of a visit when a renderer, the browser or the desk is killed, and how fast it is back."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

from session.pages import BrowserState, PageState, Settings
from tests.session.browser.conftest import Daemon, Visitor, needs_browser
from tests.session.browser.harness import PATIENCE, Browser, DeskProcess, Screen, descendants
from tests.session.browser.test_desk_pages import front, is_in, shows

pytestmark = needs_browser

BACK_SECONDS = 6.0
"""2 s are promised on an idle machine (measured: about 1 s); tests share theirs."""


def renderers(browser: Browser) -> list[int]:
    """Of pages, not of our guide."""
    found = []
    for pid in descendants(browser.process.pid):
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
        if b"--type=renderer" in words and b"--extension-process" not in words:
            found.append(pid)
    return found


async def test_a_renderer_dies_and_the_page_is_opened_again(visitor: Visitor, browser: Browser) -> None:
    await visitor.call("Open", site="portail")
    await visitor.sees(shows("Accueil"))
    for pid in renderers(browser):
        os.kill(pid, signal.SIGKILL)
    page = front(await visitor.sees(is_in(PageState.CRASHED)))
    assert page is not None
    await visitor.call("Retry", page=page.id)
    seen = await visitor.sees(lambda s: shows("Accueil")(s) and is_in(PageState.OPEN)(s))
    assert len(seen.pages) == 1


async def test_the_desk_dies_and_another_takes_over(screen: Screen, browser: Browser, daemon: Daemon) -> None:
    with DeskProcess(screen, screen.root / "control", screen.root / "desk.log") as first:
        first.give(browser)
        visitor = await Visitor.connect(first)
        await visitor.sees(lambda s: s.browser is BrowserState.RUNNING)
        await visitor.call("Open", site="portail")
        before = front(await visitor.sees(shows("Accueil")))
        await visitor.close()
    # Its last words, cut short.
    os.write(browser.write, b'{"id": 1, "method": "Target.getTar')
    began = time.monotonic()
    with DeskProcess(screen, screen.root / "control", screen.root / "desk.log") as second:
        second.give(browser)
        visitor = await Visitor.connect(second)
        seen = await visitor.sees(lambda s: s.browser is BrowserState.RUNNING and len(s.pages) == 1)
        assert time.monotonic() - began < BACK_SECONDS
        assert before is not None
        assert seen.pages[0].id == before.id
        assert seen.pages[0].title == before.title
        await visitor.call("Close", page=before.id)
        await visitor.sees(lambda s: not s.pages)
        await visitor.close()


async def test_the_browser_dies_and_comes_back_with_its_pages(settings: Settings, daemon: Daemon) -> None:
    with Screen(settings) as screen:
        await daemon.service.stop()
        await daemon.service.start(screen.root / "control", mode=0o666)
        with DeskProcess(screen, screen.root / "control", screen.root / "desk.log") as desk:
            with Browser(screen) as browser:
                desk.give(browser)
                visitor = await Visitor.connect(desk)
                async with asyncio.timeout(PATIENCE):
                    await daemon.told.wait()
                await visitor.call("Open", site="portail")
                await visitor.sees(shows("Accueil"))
                await visitor.call("Open", site="fenetres")
                await visitor.sees(shows("Onglets"))
                began = time.monotonic()
                browser.kill()
                await visitor.sees(lambda s: s.browser is BrowserState.RESTARTING and not s.pages)
            with Browser(screen) as browser:
                desk.give(browser)
                seen = await visitor.sees(lambda s: s.browser is BrowserState.RUNNING and shows("Onglets")(s))
                took = time.monotonic() - began
                print("back after", took)
                assert took < BACK_SECONDS
                assert [page.state for page in seen.pages] == [PageState.OPEN] * 2
                # A second death soon after: the pages may be what kills it, so they are left away.
                browser.kill()
                await visitor.sees(lambda s: s.browser is BrowserState.RESTARTING)
            with Browser(screen) as browser:
                desk.give(browser)
                seen = await visitor.sees(lambda s: s.browser is BrowserState.RUNNING)
                await visitor.sees(lambda s: not s.pages)
                await visitor.close()
