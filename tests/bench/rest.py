"""What a station costs while nobody uses it, and whether it grows over many sessions."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil

from session.model import State
from tests.bench.measure import Measure
from tests.station.harness import RunningStation

MIB = 1 << 20


def at_rest(quick: bool) -> list[Measure]:
    seconds = 15 if quick else 60
    with RunningStation(name="bench", first_uid=60_940) as station:
        generation = station.wait_state(State.READY, 60).generation
        time.sleep(5)  # the last of the start-up is over
        daemon = psutil.Process(station.pid)
        cgroup = station.place.cgroup(generation).path
        before = _used(daemon), _cgroup_used(cgroup)
        began = time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        after = _used(daemon), _cgroup_used(cgroup)
        own = 100 * (after[0] - before[0]) / took
        everything = own + 100 * (after[1] - before[1]) / took
        resident = daemon.memory_info().rss / MIB
    return [
        Measure("rest_cpu", everything, "%", "<= 2 % of one core", everything <= 2, detail=f"over {took:.0f} s"),
        Measure("rest_daemon_cpu", own, "%", "<= 0.1 % of one core", own <= 0.1),
        Measure("daemon_resident", resident, "MiB", "<= 40 MiB", resident <= 40),
    ]


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _cgroup_used(cgroup: Path) -> float:
    """Seconds of processor time, of processes that ended too."""
    for line in (cgroup / "cpu.stat").read_text("ascii").splitlines():
        if line.startswith("usage_usec"):
            return int(line.split()[1]) / 1e6
    raise RuntimeError("cpu.stat has no usage_usec")


def many_sessions(quick: bool) -> list[Measure]:
    rounds, warm_up = (20, 5) if quick else (300, 20)
    with RunningStation(name="bench", first_uid=60_940) as station:
        for number in range(rounds):
            if number == warm_up:
                first = _sizes(station)
            generation = station.wait_state(State.READY, 60).generation
            station.call_as_screen("Start")
            station.call_as_screen("End")
            station.wait_state(State.READY, 60, after=generation)
        last = _sizes(station)
        assert station.starts == 1
    growth = 100 * (last["memory"] - first["memory"]) / first["memory"]
    others = {name: last[name] - first[name] for name in ("descriptors", "mounts", "cgroups", "users")}
    return [
        Measure("growth_memory", growth, "%", "< 2 % over the sessions", growth < 2, detail=f"{rounds} sessions"),
        Measure(
            "growth_other", float(max(others.values())), "", "0", max(others.values()) <= 0, detail=f"{others}"
        ),
    ]


def _sizes(station: RunningStation) -> dict[str, int]:
    station.wait_state(State.READY, 60)
    daemon = psutil.Process(station.pid)
    return {
        "memory": daemon.memory_info().rss,
        "descriptors": len(os.listdir(f"/proc/{station.pid}/fd")),
        "mounts": len(Path("/proc/self/mountinfo").read_text("utf-8").splitlines()),
        "cgroups": sum(1 for one in station.place.cgroups.rglob("*") if one.is_dir()),
        "users": len(Path("/etc/passwd").read_text("utf-8").splitlines()),
    }
