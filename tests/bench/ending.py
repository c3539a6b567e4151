""""J'ai fini" to the next verified READY, against BleachBit's shred of the same tree on the machine's disk."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from session.model import State
from tests.bench.measure import Measure, p95
from tests.station.harness import RunningStation

MIB = 1 << 20
FILES = 20_000


def measure(quick: bool) -> list[Measure]:
    rounds = 3 if quick else 20
    sizes = {10: [], 100: [], 1024: [], 2048: []} if not quick else {10: [], 1024: []}  # type: dict[int, list[float]]
    with RunningStation(name="bench", first_uid=60_940, memory_mib=3072, inodes=100_000) as station:
        for mib, samples in sizes.items():
            for _ in range(rounds if mib == 1024 else min(rounds, 5)):
                samples.append(_end(station, mib))
    shred = _shred(1024)
    value = p95(sizes[1024])
    growth = ", ".join(f"{mib} MiB {statistics.median(samples):.2f} s" for mib, samples in sizes.items())
    return [
        Measure(
            "end_to_ready",
            value,
            "s",
            "p95 <= 1.5 s and <= 1/10 of a shred",
            value <= 1.5 and value <= shred / 10,
            shred,
            "bleachbit --shred",
            f"1 GiB in {FILES} files, {len(sizes[1024])} ends, median {statistics.median(sizes[1024]):.2f} s; "
            f"growth (median): {growth}",
        )
    ]


def _end(station: RunningStation, mib: int) -> float:
    generation = station.wait_state(State.READY, 60).generation
    error = station.call_as_screen("Start")
    assert error is None, error
    fill(station.place.tree(generation) / "documents", mib, FILES)
    began = time.perf_counter()
    error = station.call_as_screen("End")
    assert error is None, error
    snapshot = station.wait_state(State.READY, 60, after=generation)
    took = time.perf_counter() - began
    assert snapshot.last_wipe is not None
    assert snapshot.last_wipe.verified
    return took


def fill(directory: Path, mib: int, files: int) -> None:
    """`files` files of random bytes, `mib` MiB together, in directories of a thousand."""
    block = os.urandom(max(1, mib * MIB // files))
    for number in range(files):
        if number % 1000 == 0:
            folder = directory / str(number)
            folder.mkdir()
        (folder / str(number)).write_bytes(block)


def _shred(mib: int) -> float:
    directory = Path(tempfile.mkdtemp(prefix="marchepied-bench-", dir="/var/tmp"))
    try:
        tree = directory / "tree"
        tree.mkdir()
        fill(tree, mib, FILES)
        os.sync()
        began = time.perf_counter()
        subprocess.run(
            ["bleachbit", "--shred", str(tree)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={"HOME": str(directory), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        return time.perf_counter() - began
    finally:
        shutil.rmtree(directory, ignore_errors=True)
