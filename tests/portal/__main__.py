"""``python -m tests.portal``: serve until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import json
import signal

from tests.portal.server import Portal


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.portal", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="HTTP port (0: any free one)")
    parser.add_argument("--tls-port", type=int, default=0, help="HTTPS port (0: any free one)")
    options = parser.parse_args()
    # Blocked before any thread starts, then waited for: no handler runs in the middle of anything.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with Portal(options.port, options.tls_port) as portal:
        print(json.dumps({"port": portal.port, "tls_port": portal.tls_port}), flush=True)
        signal.sigwait(ends)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
