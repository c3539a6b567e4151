"""The scan worker: ``python -m scanner``. It ends when it is told to, and never by itself.

Environment: MARCHEPIED_RUN (where the daemon's socket `control` is), MARCHEPIED_SCANNER (scanner.json: the station's
settings), MARCHEPIED_SCANNER_SOCKET (where it listens), MARCHEPIED_PAGES, MARCHEPIED_PAPERS, MARCHEPIED_PICTURES,
MARCHEPIED_DOCUMENTS (directories of the memory disk), and SANE's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from pathlib import Path

from scanner.model import ScannerSettings
from scanner.store import Places
from scanner.supervisor import Supervisor
from session import heart, wire
from session.model import Component


async def serve(supervisor: Supervisor, socket: Path, control: Path) -> None:
    """Until a signal."""
    loop = asyncio.get_running_loop()
    tasks = [
        asyncio.create_task(supervisor.run(socket)),
        asyncio.create_task(heart.beat(control, Component.SCANNER)),
    ]
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, tasks[0].cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await tasks[0]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="scanner: %(levelname)s %(message)s")
    settings = wire.decode(Path(os.environ["MARCHEPIED_SCANNER"]).read_bytes(), ScannerSettings)
    places = Places(*(Path(os.environ[f"MARCHEPIED_{name}"]) for name in ("PAGES", "PAPERS", "PICTURES", "DOCUMENTS")))
    socket, control = Path(os.environ["MARCHEPIED_SCANNER_SOCKET"]), Path(os.environ["MARCHEPIED_RUN"]) / "control"

    async def run() -> None:
        await serve(Supervisor(settings, places), socket, control)

    asyncio.run(run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
