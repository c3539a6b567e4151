"""Ten papers, one after the other, to a finished PDF: by the scan worker, and by the usual programs.

Both get each page from SANE's `pnm` backend, which gives it as fast as it can: a real scanner takes 5 to 15 s a page,
and the work on the pages before is hidden by that. So this is about the work. `pnm` gives one page and then none, to
`scanimage --batch` as well: that, like our feed, is started anew for each page.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psutil

from scanner import calls
from scanner.model import ScannerSettings, ScannerState, ScanStage
from session import rpc
from tests.bench.scan_pages import DPI, Glass
from tests.station.harness import ROOT

_IN_USE = (ScanStage.LOOKING, ScanStage.SCANNING)


class Ours(NamedTuple):
    """Seconds."""

    whole: float
    """From the first tap to the finished PDF: the next page is scanned as soon as the scanner is free."""
    scanned: float
    """Of these, until the last page had come."""
    ahead: int
    """How many pages came before the one before them could be seen."""
    work: float
    """Of processors, for the whole: what does not depend on what else a machine does."""
    in_turn: float
    """The same pages once more, each scanned only when the one before can be seen."""
    pdf: Path


class Theirs(NamedTuple):
    """Seconds, as of ours, and what came of it."""

    whole: float
    work: float
    parts: str
    pdf: Path


class _Worker:
    """The scan worker, as a process of its own, asked as the desk asks it."""

    def __init__(self, client: rpc.Client, pid: int) -> None:
        self._client, self._process = client, psutil.Process(pid)
        self.state = ScannerState()
        self._news = asyncio.Event()

    async def follow(self, socket: Path) -> None:
        client = await rpc.Client.connect(socket, calls.INTERFACE)
        try:
            async for self.state in client.stream("Watch", ScannerState):
                self._news.set()
        finally:
            await client.close()

    async def until(self, holds: Callable[[ScannerState], bool]) -> None:
        async with asyncio.timeout(120):
            while not holds(self.state):
                self._news.clear()
                await self._news.wait()

    async def call(self, name: str, kind: type[Any], **parameters: object) -> Any:
        return await self._client.call(name, kind, **parameters)

    async def scan(self) -> None:
        """One page, until the scanner is free."""
        count = len(self.state.pages)
        await self.call("Scan", rpc.NoParameters, source="glass")
        await self.until(lambda now: now.problem is not None or (len(now.pages) > count and now.stage not in _IN_USE))
        if self.state.problem is not None:
            raise RuntimeError(f"no page: {self.state.problem}")

    @property
    def work(self) -> float:
        """Seconds of processors that it and its children have taken, those that have ended too."""
        times = [one.cpu_times() for one in (self._process, *self._process.children(recursive=True))]
        return float(sum(one.user + one.system + one.children_user + one.children_system for one in times))

    @property
    def made(self) -> int:
        """How many pages can be seen."""
        return sum(1 for page in self.state.pages if page.picture)


@contextlib.asynccontextmanager
async def _worker(glass: Glass, directory: Path) -> AsyncIterator[_Worker]:
    settings = ScannerSettings(options=(glass.option,), resolution=DPI, asker=os.getuid())
    (directory / "scanner.json").write_bytes(msgspec.json.encode(settings))
    places = {}
    for name in ("pages", "papers", "pictures", "documents"):
        (directory / name).mkdir()
        places[f"MARCHEPIED_{name.upper()}"] = str(directory / name)
    socket = directory / "socket"
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "scanner"],
        env={
            **places, "PATH": "/usr/bin", "LANG": "C.UTF-8", "HOME": str(directory), "PYTHONPATH": str(ROOT),
            "SANE_CONFIG_DIR": str(glass.directory), "MARCHEPIED_RUN": str(directory),
            "MARCHEPIED_SCANNER": str(directory / "scanner.json"), "MARCHEPIED_SCANNER_SOCKET": str(socket),
        },
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        while not socket.exists():
            if process.poll() is not None:
                raise RuntimeError("the scan worker has ended")
            await asyncio.sleep(0.02)
        client = await rpc.Client.connect(socket, calls.INTERFACE)
        one = _Worker(client, process.pid)
        following = asyncio.create_task(one.follow(socket))
        try:
            yield one
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await client.close()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ours(glass: Glass, papers: Sequence[Path], directory: Path) -> Ours:
    """As the screens do it: a look when the scanner's screen is opened, then a tap for each page, then one to keep."""
    return asyncio.run(_ours(glass, papers, directory))


async def _ours(glass: Glass, papers: Sequence[Path], directory: Path) -> Ours:
    async with _worker(glass, directory) as worker:
        glass.lay(papers[0])
        await worker.call("Look", rpc.NoParameters)
        await worker.until(lambda now: now.stage is ScanStage.READY)
        await asyncio.sleep(2)  # somebody lays a paper down: the press has started
        began, worked, ahead = time.perf_counter(), worker.work, 0
        for number, paper in enumerate(papers):
            glass.lay(paper)
            await worker.scan()
            ahead += worker.made < number
        scanned = time.perf_counter() - began
        await worker.call("Keep", calls.Kept)
        whole, work = time.perf_counter() - began, worker.work - worked
        await worker.until(lambda now: not now.pages)
        (pdf,) = (directory / "papers").iterdir()
        began = time.perf_counter()
        for number, paper in enumerate(papers):
            glass.lay(paper)
            await worker.scan()
            await worker.until(lambda _, number=number: worker.made > number)  # type: ignore[misc]
        await worker.call("Keep", calls.Kept)
        return Ours(whole, scanned, ahead, work, time.perf_counter() - began, pdf)


def scanimage(glass: Glass, papers: Sequence[Path], directory: Path, kind: str = "jpeg") -> list[Path]:
    """The same pages by SANE's own program."""
    made = []
    for number, paper in enumerate(papers, 1):
        glass.lay(paper)
        _run(
            "scanimage", "--device-name=pnm:0", f"--filename={glass.file}", f"--format={kind}",
            f"--batch={directory}/page-%d.{kind}", f"--batch-start={number}", "--batch-count=1",
            env={**os.environ, "SANE_CONFIG_DIR": str(glass.directory)},
        )  # fmt: skip
        made.append(directory / f"page-{number}.{kind}")
    return made


STRAIGHTENS = """\
from ocrmypdf._exec import tesseract
_before = tesseract.get_deskew
def _get_deskew(*asked, **options):
    return _before(*asked, **{**options, "timeout": 180.0})
tesseract.get_deskew = _get_deskew
"""
"""A plug-in for ocrmypdf. Before 14.1 (Debian 12 has 14.0.1) `--tesseract-timeout 0` also keeps tesseract from finding
out how far a page is askew, so that nothing is straightened (OCRmyPDF issue 966); this is what 14.1 does.
"""


def straightens(directory: Path) -> tuple[str, ...]:
    """Options with which ocrmypdf does straighten, and what makes it quickest: no PDF/A."""
    plugin = directory / "straightens.py"
    plugin.write_text(STRAIGHTENS)
    return "--plugin", str(plugin), "--output-type", "pdf"


def ocrmypdf(glass: Glass, papers: Sequence[Path], directory: Path, *options: str) -> Theirs:
    """`scanimage`, `img2pdf`, `ocrmypdf --deskew`, with JPEGs of quality 75 between them: from raw pages it takes more
    than twice as long. ocrmypdf works on as many pages at once as there are processors.
    """
    began, worked = time.perf_counter(), _work_of_children()
    scans = scanimage(glass, papers, directory)
    scanned = time.perf_counter()
    together, pdf = directory / "in.pdf", directory / "out.pdf"
    _img2pdf(scans, together)
    joined = time.perf_counter()
    _run(
        *("ocrmypdf", "--quiet", "--deskew", "--tesseract-timeout", "0", *options, str(together), str(pdf)),
        env={**os.environ, "TMPDIR": str(directory)},
    )
    ended = time.perf_counter()
    parts = f"scanimage {scanned - began:.1f} s, img2pdf {joined - scanned:.1f} s, ocrmypdf {ended - joined:.1f} s"
    return Theirs(ended - began, _work_of_children() - worked, parts, pdf)


def imagemagick(glass: Glass, papers: Sequence[Path], directory: Path) -> Theirs:
    """The quickest that was found: `convert -deskew 40%` on each page as it came, as many at once as there are
    processors, then `img2pdf`. It straightens, and neither cuts nor lights the page.
    """
    began, worked = time.perf_counter(), _work_of_children()
    scans = scanimage(glass, papers, directory, "pnm")
    scanned = time.perf_counter()
    made = [path.with_suffix(".jpg") for path in scans]

    def work(number: int) -> None:
        _run(
            *("convert", str(scans[number]), "-deskew", "40%", "-quality", "75", str(made[number])),
            env={**os.environ, "MAGICK_THREAD_LIMIT": "1"},
        )

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(work, range(len(scans))))
    converted = time.perf_counter()
    pdf = directory / "out.pdf"
    _img2pdf(made, pdf)
    parts = f"scanimage {scanned - began:.1f} s, convert {converted - scanned:.1f} s"
    return Theirs(time.perf_counter() - began, _work_of_children() - worked, parts, pdf)


def _work_of_children() -> float:
    """Seconds of processors that children of this process, which have ended, took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _img2pdf(pictures: Sequence[Path], pdf: Path) -> None:
    img2pdf = Path(sys.executable).with_name("img2pdf")
    _run(str(img2pdf), "--imgsize", f"{DPI}dpi", *map(str, pictures), "-o", str(pdf))


def _run(*argv: str, env: dict[str, str] | None = None) -> None:
    if shutil.which(argv[0]) is None:
        raise RuntimeError(f"{argv[0]} is not installed")
    done = subprocess.run(argv, env=env, check=False, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"{argv[0]} failed: {done.stderr.decode('utf-8', 'replace')[-400:]}")
