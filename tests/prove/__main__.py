"""`./dev prove NAME... [--json FILE]`: proofs of what Marchepied promises, on a running station.

Exit codes: 0 proved; 1 a proof fails or could not be carried out; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from tests.prove import report
from tests.prove.wipe import Impossible, Proof
from tests.station.harness import StationError

NAMES = ("wipe",)


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev prove", description="Prove what Marchepied promises.")
    parser.add_argument("names", nargs="+", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the whole result there")
    parser.add_argument(
        "--all-processes",
        action="store_true",
        help="read the memory of every process of this machine, not only of the station's: for a machine that is for "
        "tests, since a developer's own programs are nobody's business",
    )
    parser.add_argument(
        "--pictures", type=Path, metavar="DIR", help="a picture of each step of the visits (they show the marks)"
    )
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(NAMES)
    if unknown:
        parser.error(f"there is no proof called {', '.join(sorted(unknown))}; there are: {', '.join(NAMES)}")
    if os.geteuid() != 0:
        parser.error("a proof needs root")
    if chosen.pictures is not None:
        chosen.pictures.mkdir(parents=True, exist_ok=True)
    # So that what was made is taken away when somebody ends us.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    proof = Proof(everybody=chosen.all_processes, pictures=str(chosen.pictures.resolve()) if chosen.pictures else "")
    try:
        proof.run()
    except (Impossible, StationError, OSError, subprocess.CalledProcessError) as error:
        proof.result.troubles.append(f"the proof could not be carried out: {error}")
    for line in report.lines(proof.result):
        print(line)
    failures = report.failures(proof.result)
    if chosen.json is not None:
        content = {"proof": "wipe", "proved": not failures, "failures": failures, "result": proof.result}
        chosen.json.write_bytes(msgspec.json.format(msgspec.json.encode(content)) + b"\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
