"""How right scanned pages are made, and how fast: straight, cut, upright, blank or not; on the project's own set.

`python -m tests.bench.pages [--quick]` prints the table. The alternatives see the same pages in the same run:
tesseract's own angle (what `ocrmypdf --deskew` turns by) and its `--psm 0` for the way up, on a part of the pages,
being slow; for the paper, the usual recipe of Otsu's threshold and the largest contour; for blank, the share
of dark pixels.
"""

from __future__ import annotations

import argparse
import math
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from scanner.page import Findings, Scan, examine, make
from scanner.page.look import Matrix, look_at
from tests.bench.measure import Measure, table
from tests.pages import letter, write_pnm
from tests.pages.collection import SMALL, blank_or_not, pages
from tests.pages.glass import Sample
from tests.scanner.pressing import large_page, pressing

MIB = 1 << 20
UNSEEN = 9000
"""The first page: what was tried while the code was written are pages below 7000."""


@dataclass
class Found:
    """What was seen on the set. Angles in degrees, areas as intersection over union."""

    errors: list[float] = field(default_factory=list)
    worse: int = 0
    areas: list[float] = field(default_factory=list)
    areas_usual: list[float] = field(default_factory=list)
    lost: list[float] = field(default_factory=list)
    """Of the paper, what was cut off."""
    right: int = 0
    wrong: int = 0
    unsure: int = 0
    turned: int = 0
    """Pages turned though nothing on them tells the way."""
    of_tesseract: list[tuple[float, float | None]] = field(default_factory=list)
    """Our error and tesseract's, on the same pages; None where it gave no angle."""
    tesseract_ways: list[bool | None] = field(default_factory=list)
    """Right, wrong, or no answer."""
    seconds: list[float] = field(default_factory=list)
    tesseract_seconds: list[float] = field(default_factory=list)


def measure(quick: bool) -> list[Measure]:
    return _measures(60 if quick else 450, 80 if quick else 800, 6 if quick else 60, 3 if quick else 15)


def _measures(count: int, blanks: int, slow: int, rounds: int) -> list[Measure]:
    cv2.setNumThreads(1)
    found = Found()
    every = max(1, count // slow)
    for number, sample in enumerate(pages(count, first=UNSEEN)):
        _look(sample, found, with_tesseract=number % every == 0)
    mean, most = statistics.fmean(found.errors), max(found.errors)
    told = [(ours, theirs) for ours, theirs in found.of_tesseract if theirs is not None]
    theirs = statistics.fmean(one for _, one in told) if told else None
    ours_there = statistics.fmean(one for one, _ in told) if told else 0.0
    area, usual = 1 - statistics.fmean(found.areas), 1 - statistics.fmean(found.areas_usual)
    sided = found.right + found.wrong + found.unsure
    no_way = sum(one is None for one in found.tesseract_ways)
    wrong_way = sum(one is False for one in found.tesseract_ways)
    return [
        Measure(
            "page_angle", mean, "deg", "mean error <= 0.2 deg", mean <= 0.2, theirs, f"tesseract, {len(told)} pages",
            f"{count} pages askew by up to 10 deg; largest error {most:.2f}; on tesseract's ours {ours_there:.3f}",
        ),
        Measure("page_made_worse", found.worse, "pages", "none", found.worse == 0),
        Measure(
            "page_not_cut_right", 100 * area, "%", "<= 3 %", area <= 0.03, 100 * usual, "Otsu and largest contour",
            f"1 - IoU with the paper; below 0.97: {sum(one < 0.97 for one in found.areas)}, below 0.9: "
            f"{sum(one < 0.9 for one in found.areas)}; paper cut off at most {100 * max(found.lost):.1f} %",
        ),
        Measure(
            "page_wrong_way", 100 * found.wrong / sided, "%", "<= 0.5 %", found.wrong <= 0.005 * sided,
            100 * wrong_way / max(1, len(found.tesseract_ways)), f"tesseract, {len(found.tesseract_ways)} pages",
            f"right {found.right}, wrong {found.wrong}, not sure {found.unsure}; turned where nothing tells "
            f"{found.turned} of {count - sided}; tesseract gave no answer for {no_way}, and took "
            f"{1000 * statistics.fmean(found.tesseract_seconds or [0]):.0f} ms a page",
        ),
        _blank(blanks),
        *_speed(rounds),
        _memory(),
    ]  # fmt: skip


def _look(sample: Sample, found: Found, *, with_tesseract: bool) -> None:
    findings = examine(sample.scan)
    error = abs(findings.paper.angle - sample.angle)
    found.errors.append(error)
    found.worse += error > abs(sample.angle) + 1e-9
    area, lost = overlap(sample, corners_made(findings))
    found.areas.append(area)
    found.lost.append(lost)
    found.areas_usual.append(overlap(sample, _usual_paper(sample.scan))[0])
    right = -sample.turns % 4
    if not sample.sided or sample.blank:
        found.turned += findings.turns != 0
    elif findings.turns == right:
        # A page that lies as it should and is left is right, sure or not.
        found.right += 1
    elif findings.turns == 0:
        found.unsure += 1
    else:
        found.wrong += 1
    if with_tesseract and sample.kind not in SMALL:
        if sample.turns == 0:
            found.of_tesseract.append((error, _tesseract_error(sample)))
        if sample.sided and not sample.blank:
            began = time.perf_counter()
            way = _tesseract_way(sample, findings)
            found.tesseract_seconds.append(time.perf_counter() - began)
            found.tesseract_ways.append(None if way is None else way == right)


def corners_made(findings: Findings) -> Matrix:
    """(4, 2): x, y on the scan of what is left of it."""
    height, width = findings.size
    if findings.crop:
        return findings.paper.corners(width, height)
    return np.array([(0.0, 0.0), (width, 0), (width, height), (0, height)])


def overlap(sample: Sample, corners: Matrix) -> tuple[float, float]:
    """Intersection over union with the paper, and what part of it was lost; both of what lies on the glass."""
    scale = min(1.0, 100 / sample.scan.dpi)
    size = max(1, round(sample.scan.height * scale)), max(1, round(sample.scan.width * scale))
    paper, made = (
        cv2.fillPoly(np.zeros(size, np.uint8), [np.round((one * scale - 0.5) * 16).astype(np.int32)], (1,), shift=4) > 0
        for one in (sample.corners, corners)
    )
    both, either, whole = (int(np.count_nonzero(one)) for one in (paper & made, paper | made, paper))
    return both / max(1, either), 1 - both / max(1, whole)


def _usual_paper(scan: Scan) -> Matrix:
    """Otsu's threshold and the rectangle around the largest contour."""
    look = look_at(scan)
    _, light = cv2.threshold(cv2.GaussianBlur(look.grey, (5, 5), 0), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(light, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return np.array([(0.0, 0.0), (scan.width, 0), (scan.width, scan.height), (0, scan.height)])
    largest = max(contours, key=cv2.contourArea)
    corners: Matrix = np.asarray(cv2.boxPoints(cv2.minAreaRect(largest)), np.float64)
    return corners * float(look.factor)


def _tesseract(scan: Scan, mode: int) -> str:
    with tempfile.TemporaryDirectory(prefix="marchepied-bench-") as directory:
        page = Path(directory) / "page.pnm"
        write_pnm(page, scan)
        done = subprocess.run(
            ["tesseract", str(page), "-", "--psm", str(mode), "--dpi", f"{scan.dpi:.0f}", "-l", "osd"],
            capture_output=True, text=True, check=False, timeout=120,
            env={"OMP_THREAD_LIMIT": "1", "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
    return done.stdout + done.stderr


def _tesseract_error(sample: Sample) -> float | None:
    """As `ocrmypdf --deskew` asks it: mode 2 says the angle in radians."""
    said = re.search(r"Deskew angle:\s*(-?[\d.]+)", _tesseract(sample.scan, 2))
    return None if said is None else abs(math.degrees(float(said[1])) - sample.angle)


def _tesseract_way(sample: Sample, findings: Findings) -> int | None:
    """Quarter turns clockwise, of the page that was set straight for it."""
    straight = make(sample.scan, findings, undone=frozenset(one for one in findings.corrections if one == "upright"))
    said = re.search(r"Rotate:\s*(\d+)", _tesseract(straight.scan, 0))
    return None if said is None else int(said[1]) // 90 % 4


def _blank(count: int) -> Measure:
    kept = dropped = blank = 0
    shares: list[tuple[float, bool]] = []
    for sample in blank_or_not(count, first=UNSEEN):
        findings = examine(sample.scan)
        blank += sample.blank
        kept += sample.blank and not findings.blank
        dropped += findings.blank and not sample.blank
        shares.append((_dark_share(findings.look.grey), sample.blank))
    wrong, usual = 100 * (kept + dropped) / count, 100 * _best_threshold(shares) / count
    return Measure(
        "page_blank_wrong", wrong, "%", "<= 1 %", wrong <= 1, usual, "share of dark pixels, at its best threshold",
        f"blank taken for written: {kept} of {blank}; written taken for blank: {dropped} of {count - blank}",
    )  # fmt: skip


def _dark_share(grey: object) -> float:
    levels = np.asarray(grey)
    return float(np.count_nonzero(levels < 0.85 * np.median(levels)) / levels.size)


def _best_threshold(shares: Sequence[tuple[float, bool]]) -> int:
    """How many are wrong with the threshold that is best for this very set."""
    return min(sum((share <= limit) != blank for share, blank in shares) for limit, _ in shares)


def _speed(rounds: int) -> list[Measure]:
    scan = letter(3, 300, angle=2.3, lid=245.0, noise=3.0, light=0.1).scan
    examine(scan)
    look, whole = [], []
    for _ in range(rounds):
        began = time.thread_time()
        findings = examine(scan)
        look.append(time.thread_time() - began)
        make(scan, findings)
        whole.append(time.thread_time() - began)
    value = 1000 * statistics.median(whole)
    detail = f"A4, colour, 300 dpi, processor time of one thread; {1000 * statistics.median(look):.0f} ms of it to look"
    return [Measure("page_time", value, "ms", "<= 500 ms", value <= 500, detail=detail)]


def _memory() -> Measure:
    """In a press of its own, on the memory disk: the most that it and all files of the page ever took."""
    with (
        tempfile.TemporaryDirectory(prefix="marchepied-bench-", dir="/dev/shm") as directory,
        pressing(Path(directory)) as press,
    ):
        raw, peaks = large_page(press)
    most = max(peaks.values())
    shares = ", ".join(f"{what} {peak / raw:.2f}" for what, peak in peaks.items())
    return Measure(
        "page_memory", most / raw, "x raw", "< 2 x raw", most < 2 * raw,
        detail=f"A4, colour, 600 dpi, {raw / MIB:.0f} MiB raw; the press's own memory, the scan and all that "
        f"is made of it: {shares}; not counted: the supervisor, and libraries",
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pages")
    parser.add_argument("--quick", action="store_true")
    print(table(measure(parser.parse_args().quick)))


if __name__ == "__main__":
    main()
