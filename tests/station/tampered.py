"""`sessiond` with something made wrong: `python -m tests.station.tampered [OPTIONS] [sessiond's own options]`.

--set MODULE:NAME=NUMBER   another value for a constant (a patience that a test has no time for)
--no-policy                the browser gets an empty policy
--fake-camera              Chromium's own fake camera and microphone
--ext4-keys                keys may be ext4: a stand-in where the kernel has no file system of a key's
--clock FILE               the wall clock is as many seconds off as the file says
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

from session import sessiond
from session.browser import policy, sandbox
from session.keys import filesystems
from tests.session.keys.key import STAND_IN


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--no-policy", action="store_true")
    parser.add_argument("--fake-camera", action="store_true")
    parser.add_argument("--ext4-keys", action="store_true")
    parser.add_argument("--clock", type=Path)
    chosen, rest = parser.parse_known_args()
    for one in chosen.set:
        place, _, value = one.partition("=")
        module, _, name = place.partition(":")
        owner = importlib.import_module(module)
        getattr(owner, name)  # a constant that is gone must not be missed silently
        setattr(owner, name, float(value))
    if chosen.no_policy:
        policy.encode = lambda policy: b"{}"
    if chosen.fake_camera:
        sandbox._PLAIN_FLAGS = (*sandbox._PLAIN_FLAGS, "--use-fake-device-for-media-stream")  # type: ignore[assignment]
    if chosen.ext4_keys:
        filesystems.KINDS.update(STAND_IN)  # type: ignore[attr-defined]
    if chosen.clock is not None:
        real, file = time.time, chosen.clock
        time.time = lambda: real() + float(file.read_text("ascii"))
    return sessiond.main(rest)


if __name__ == "__main__":
    sys.exit(main())
