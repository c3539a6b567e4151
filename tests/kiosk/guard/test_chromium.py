"""The guard with the real browser, as another user: what is believed of Chromium elsewhere is checked here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from kiosk.guard.screen import Screen
from session import wire
from tests.kiosk.guard.stage import Guard, Stage
from tests.kiosk.guard.xclient import BAR, HEIGHT, PATIENCE, WIDTH, XClient, end, until

CHROMIUM = "/usr/lib/chromium/chromium"
VISITOR = 64801

pytestmark = pytest.mark.skipif(
    not os.path.exists(CHROMIUM) or os.getuid() != 0, reason="needs Chromium, and root to run it as another user"
)

PAGE = b"""<!doctype html><title>essai</title>
<style>* { position: absolute; font-size: 40px } body { margin: 0 }</style>
<a href="/other" style="left: 50px; top: 50px">link</a>
<button style="left: 50px; top: 150px" onclick="popup = open('/other', '', 'width=400,height=300')">open</button>
<input type="file" style="left: 50px; top: 250px; width: 300px" oncancel="told.push('cancel')">
<select style="left: 50px; top: 350px"><option>one<option>two<option>three</select>
<button style="left: 50px; top: 450px" onclick="document.documentElement.requestFullscreen()">full</button>
<script>
var told = [], popup
addEventListener('keydown', event => told.push(event.key))
addEventListener('contextmenu', event => told.push('menu'))
</script>"""
OTHER = b"<!doctype html><title>other</title><p>other"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        head = await reader.readuntil(b"\r\n\r\n")
        body = PAGE if head.startswith(b"GET / ") else OTHER
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
    writer.close()


class Browser:
    """Chromium in --kiosk, and its debugging pipe."""

    def __init__(self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, pipe: int) -> None:
        self.process, self._reader, self._pipe = process, reader, pipe
        self._frames = wire.FrameReader(1 << 20)
        self._number = 0
        self._session = ""

    async def command(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        os.write(self._pipe, wire.encode({**message, "sessionId": session} if session else message))
        async with asyncio.timeout(PATIENCE):
            while True:
                for frame in self._frames.feed(await self._reader.read(65536)):
                    answer = wire.decode(frame, dict[str, Any])
                    if answer.get("id") == self._number:
                        return answer["result"]  # type: ignore[no-any-return]

    async def pages(self) -> list[str]:
        infos = (await self.command("Target.getTargets"))["targetInfos"]
        return sorted(info["url"].rpartition("/")[2] for info in infos if info["type"] == "page")

    async def page_targets(self) -> list[str]:
        infos = (await self.command("Target.getTargets"))["targetInfos"]
        return [info["targetId"] for info in infos if info["type"] == "page"]

    async def run(self, script: str, *, gesture: bool = False) -> Any:
        """The value of an expression in the first page."""
        if not self._session:
            (target,) = await self.page_targets()
            attached = await self.command("Target.attachToTarget", targetId=target, flatten=True)
            self._session = attached["sessionId"]
        answer = await self.command(
            "Runtime.evaluate", self._session, expression=script, returnByValue=True, userGesture=gesture
        )
        return answer["result"].get("value")

    async def says(self, script: str, value: Any) -> None:
        """Waits until an expression has a value."""
        found = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while (found := await self.run(script)) != value:
                    await asyncio.sleep(0.01)
        assert found == value, script


@contextlib.asynccontextmanager
async def chromium(display: str) -> AsyncIterator[Browser]:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    home = tempfile.mkdtemp(prefix="marchepied-test-")
    os.chown(home, VISITOR, VISITOR)
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    # Chromium has its ends as descriptors 3 and 4; the shell puts them there.
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", f'exec 3<&{in_read} 4>&{out_write}; exec "$@"', "bash",
        "setpriv", f"--reuid={VISITOR}", f"--regid={VISITOR}", "--clear-groups", "--",
        CHROMIUM, "--remote-debugging-pipe", "--kiosk", "--no-first-run", "--password-store=basic", "--disable-gpu",
        "--disable-background-networking", "--disable-component-update", f"--user-data-dir={home}/profile",
        f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/",
        env={"HOME": home, "PATH": "/usr/bin:/bin", "DISPLAY": display, "LANG": "C.UTF-8"},
        pass_fds=[in_read, out_write], stderr=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    os.close(in_read)
    os.close(out_write)
    reader = asyncio.StreamReader(limit=1 << 20)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(out_read, "rb")
    )
    try:
        yield Browser(process, reader, in_write)
    finally:
        os.close(in_write)
        # Those that it leaves behind still write to its home for a moment.
        family = psutil.Process(process.pid).children(recursive=True)
        await end(process)
        _, left = await asyncio.to_thread(psutil.wait_procs, family, PATIENCE)
        for one in left:
            one.kill()
        transport.close()
        server.close()
        shutil.rmtree(home)


@pytest.fixture
async def browser(stage: Stage) -> AsyncIterator[Browser]:
    async with chromium(stage.server.name) as one:
        yield one


async def test_chromium_is_guarded(stage: Stage, browser: Browser, tmp_path: Path) -> None:
    someone = stage.client()
    ours = stage.client()
    ui = ours.ui().map()

    async def state() -> dict[str, Any]:
        return await stage.guard.call("State")

    async with asyncio.timeout(15):
        while not (await state())["main"]:
            await asyncio.sleep(0.01)
    await stage.guard.layout("bar")
    await _place_and_layout(stage, browser, someone)
    await _keys(stage, browser, someone)
    await _clicks(stage, browser, someone)
    await _popups(stage, browser, someone, ui.id)
    await _full(stage, browser, ours)
    now = await state()
    assert (now["refused"], now["choosers"]) == (1, 1), "the file chooser"


async def test_pages_come_to_the_front_whichever_came_first(stage: Stage) -> None:
    """Chromium asks for its windows in one way of a window manager that it knows, and in another without one."""
    stage.guard.process.kill()
    await stage.guard.process.wait()
    async with chromium(stage.server.name) as browser:
        someone = stage.client()
        await until(lambda: someone.stack, "the browser's window")
        await browser.says("document.readyState", "complete")
        for _ in range(3):
            stage.control.ready.clear()
            stage.guard = await Guard.start(stage.server, stage.run)
            await until(lambda: stage.control.ready, "Ready")
            ui = stage.client().ui().map()
            await stage.shows(ui)
            await stage.guard.layout("bar")
            await _each_comes_forward(stage, browser, someone, ui.id)
            stage.guard.process.kill()
            await stage.guard.process.wait()
            ui.client.close()
        stage.guard = await Guard.start(stage.server, stage.run)


async def _each_comes_forward(stage: Stage, browser: Browser, someone: XClient, ui: int) -> None:
    main = await until(lambda: someone.focus if someone.focus > 1 else None, "the page")
    before = await browser.page_targets()
    await browser.run("!(popup = open('/other', '', 'width=400,height=300'))", gesture=True)
    await until(lambda: someone.focus not in (main, ui), "the pop-up")
    popup = someone.focus
    (second,) = set(await browser.page_targets()) - set(before)
    for mode in ("bar", "full"):
        for target, window in ((before[0], main), (second, popup)):
            await stage.guard.layout(mode)
            await browser.command("Target.activateTarget", targetId=target)
            await stage.guard.layout("bar")
            await _has_focus(someone, window, f"the page asked for in {mode}")
    await browser.run("popup.close()")
    await until(lambda: someone.focus == main, "the page")


async def _has_focus(someone: XClient, window: int, what: str) -> None:
    await until(lambda: someone.focus == window, what)


async def _place_and_layout(stage: Stage, browser: Browser, someone: XClient) -> None:
    size = "[innerWidth, innerHeight, screenX, screenY].join()"
    await browser.says(size, f"{WIDTH},{HEIGHT - BAR},0,{BAR}")
    await stage.guard.layout("bar", height=300)
    await browser.says(size, f"{WIDTH},{HEIGHT - 300},0,300")
    await stage.guard.layout("full")
    await stage.guard.layout("bar")
    await browser.says(size, f"{WIDTH},{HEIGHT - BAR},0,{BAR}")
    await browser.says("document.hasFocus()", True)
    # Its connection is known to be another user's: it could not pass for the UI.
    screen = Screen(stage.server.name)
    assert screen.known_stranger(someone.focus)
    assert not screen.known_stranger(someone.root.create_window(0, 0, 1, 1, 0, 0).id)
    screen.display.close()


async def _keys(stage: Stage, browser: Browser, someone: XClient) -> None:
    await browser.run("told.length = 0")
    for chord in (
        ("Control_L", "t"), ("Control_L", "n"), ("Control_L", "Shift_L", "n"), ("Alt_L", "F4"), ("Control_L", "w"),
        ("Alt_L", "Left"), ("F11",), ("F12",), ("Control_L", "Shift_L", "i"), ("Control_L", "p"), ("Alt_L",),
        ("F6",), ("F6",), ("Shift_L", "Escape"), ("q",),
    ):  # fmt: skip
        someone.type(*chord)
    await browser.says("told.filter(key => !/Control|Shift/.test(key)).join()", "q")
    assert await browser.pages() == [""]
    for action, ratio in (("larger", "1.1"), ("smaller", "1.0"), ("smaller", "0.9"), ("normal", "1.0")):
        await stage.guard.call("Press", action=action)
        await browser.says("devicePixelRatio.toFixed(1)", ratio)
    await browser.run("history.pushState(1, '')")
    await stage.guard.call("Press", action="back")
    await browser.says("history.state", None)
    await stage.guard.call("Press", action="forward")
    await browser.says("history.state", 1)
    await browser.run("before = true")
    await stage.guard.call("Press", action="reload")
    await browser.says("typeof before", "undefined")
    await browser.says("document.readyState", "complete")


async def _clicks(stage: Stage, browser: Browser, someone: XClient) -> None:
    link = (80, BAR + 75)
    await stage.takes_taps(someone.focus)
    for modifier in ("Shift_L", "Control_L"):
        someone.hold(modifier)
        someone.click(*link)
        someone.let_go(modifier)
        await until(lambda: someone.root.query_pointer().mask & 0xFF == 0)
    for button in (2, 3):
        someone.click(*link, button)
    # The file chooser is never seen, and does not block its page.
    someone.click(100, BAR + 275)
    await browser.says("told.filter(key => !/Control|Shift/.test(key)).join()", "cancel")
    assert await browser.pages() == [""]


async def _popups(stage: Stage, browser: Browser, someone: XClient, ui: int) -> None:
    main = someone.focus
    await stage.takes_taps(main)
    someone.click(100, BAR + 175)
    await until(lambda: someone.focus not in (main, ui), "the pop-up")
    # The page of a pop-up has what the bar leaves, to the pixel: its strip is exactly under the bar.
    await browser.says("popup.innerHeight + ',' + popup.screenY", f"{HEIGHT - BAR},{BAR - 35}")
    assert someone.at(20, BAR - 5) == ui
    await browser.run("popup.close()")
    await until(lambda: someone.focus == main, "the page")
    await stage.takes_taps(main)
    someone.click(100, BAR + 475)
    await browser.says("!!document.fullscreenElement", True)
    assert await browser.run("innerHeight + ',' + screenY") == f"{HEIGHT - BAR},{BAR}"
    someone.type("Escape")
    await browser.says("!!document.fullscreenElement", False)
    assert someone.at(20, BAR - 5) == ui
    # A drop-down is seen, and goes when the UI takes the screen.
    before = set(someone.stack)
    someone.click(100, BAR + 375)
    await until(lambda: set(someone.stack) - before, "the drop-down")
    await stage.guard.layout("full")
    assert someone.stack[-1] == ui
    await until(lambda: set(someone.stack) == before, "no drop-down")


async def _full(stage: Stage, browser: Browser, ours: XClient) -> None:
    await browser.run("told.length = 0")
    ui = next(iter(ours.windows.values()))
    ours.type("a")
    await ours.until(lambda: ui.keys == ["a"])
    await browser.run("focus()")
    ours.type("b")
    await ours.until(lambda: ui.keys == ["a", "b"])
    assert await browser.run("told.length") == 0
