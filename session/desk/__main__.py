"""The desk's process: `python -m session.desk`.

Descriptor 3 is a Unix socket to the daemon (SOCK_SEQPACKET, or SOCK_STREAM with one message at a time). Each message
is `{"browser": n}` with two descriptors: the end that writes to the browser, then the end that reads from it; `n`
counts the browsers of this environment. The desk ends when that socket does.

Environment: MARCHEPIED_RUN (directory of the sockets `control` and `desk`), MARCHEPIED_SETTINGS (settings.json),
MARCHEPIED_DOCUMENTS (the documents directory; what is beside it: `session.desk.papers.Places`), MARCHEPIED_VISIT (the
visit's policy). No title, address or file name is ever logged.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from pathlib import Path

import msgspec

from session.browser.driver import PolicyNotInForce
from session.desk.desk import EXIT_BAD_POLICY, Desk
from session.pages import Settings

logger = logging.getLogger("session.desk")


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="desk: %(levelname)s %(message)s")
    run = Path(os.environ["MARCHEPIED_RUN"])
    settings = msgspec.json.decode(Path(os.environ["MARCHEPIED_SETTINGS"]).read_bytes(), type=Settings)
    documents = Path(os.environ.get("MARCHEPIED_DOCUMENTS", "/run/marchepied/documents"))
    daemon = socket.socket(fileno=3)
    try:
        asyncio.run(Desk(settings, documents, run, Path(os.environ["MARCHEPIED_VISIT"])).run(daemon))
    except PolicyNotInForce as error:
        logger.critical("the browser's policy is not in force: %s", error)
        return EXIT_BAD_POLICY
    return 0


if __name__ == "__main__":
    sys.exit(main())
