"""`./dev bench [NAME...] [--quick] [--check] [--json FILE]`: measures, each beside its alternative in the same run.

Exit codes: 0 done; 1 with --check, a target is missed; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.bench import ending, legible, opening, pages, rest, scan, sizes, touch
from tests.bench.measure import Measure, table

BENCHES: dict[str, Callable[[bool], list[Measure]]] = {
    "open": opening.measure,
    "end": ending.measure,
    "rest": rest.at_rest,
    "sessions": rest.many_sessions,
    "touch": touch.measure,
    "scan": scan.measure,
    "pages": pages.measure,
    "sizes": sizes.measure,
    "legible": legible.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench", description="Measure, against the alternative.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that it works, not to quote")
    parser.add_argument("--check", action="store_true", help="exit 1 where a target is missed")
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(BENCHES)
    if unknown:
        parser.error(f"there is no bench called {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    measures: list[Measure] = []
    for name in chosen.names or BENCHES:
        print(f"bench: {name}", file=sys.stderr)
        measures += BENCHES[name](chosen.quick)
    print(table(measures))
    if chosen.json is not None:
        chosen.json.write_bytes(msgspec.json.format(msgspec.json.encode(measures)) + b"\n")
    return 1 if chosen.check and not all(measure.met for measure in measures) else 0


if __name__ == "__main__":
    sys.exit(main())
