"""The kiosk UI, as a program: `python -m kiosk.app`. Reads its settings, sets up Kivy, and runs both in one loop.

Environment: MARCHEPIED_RUN (directory of the sockets), MARCHEPIED_SETTINGS (settings.json),
MARCHEPIED_PICTURES (directory of the pictures of papers), HOME, DISPLAY.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from pathlib import Path

import msgspec

from kiosk import toolkit
from session.pages import Settings


def read_settings() -> Settings:
    """What $MARCHEPIED_SETTINGS holds. Raises OSError or msgspec.DecodeError."""
    return msgspec.json.decode(Path(os.environ["MARCHEPIED_SETTINGS"]).read_bytes(), type=Settings)


def main() -> int:
    # A search for garbage among all that is imported takes as long as several frames. `Kiosk` ends this pause when
    # everything is there, and leaves that out of every search.
    gc.disable()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(name)s: %(levelname)s: %(message)s")
    settings = read_settings()
    toolkit.prepare(settings.width, settings.height)
    # Only now: Kivy takes its settings while it is imported.
    from kiosk.shell import Kiosk

    memory = Path(os.environ["HOME"], "choices.json")
    asyncio.run(Kiosk(settings, Path(os.environ["MARCHEPIED_RUN"]), memory).live())
    return 0


if __name__ == "__main__":
    sys.exit(main())
