"""Ten papers to one PDF, beside the usual programs; and what a visitor sees of it meanwhile.

The pages: `scan_pages`. How they become a document: `scan_work`. What is looked at on the screen: `scan_screen`.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
from pathlib import Path

from tests.bench.measure import Measure, p95
from tests.bench.scan_pages import Glass, Seen, papers, seen
from tests.bench.scan_screen import shown
from tests.bench.scan_work import Ours, Theirs, imagemagick, ocrmypdf, ours, straightens

_MB = 1_000_000


def measure(quick: bool) -> list[Measure]:
    directory = Path(tempfile.mkdtemp(prefix="marchepied-bench-"))
    try:
        return [*_work(directory, 2 if quick else 10), *_screen(2 if quick else 10)]
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _work(directory: Path, count: int) -> list[Measure]:
    places = {name: directory / name for name in ("glass", "ours", "ocrmypdf", "pdf", "convert")}
    for place in places.values():
        place.mkdir()
    glass = Glass(places["glass"])
    laid = papers(glass, count)
    made = ours(glass, laid, places["ours"])
    theirs = {
        "ocrmypdf --deskew --tesseract-timeout 0": ocrmypdf(glass, laid, places["ocrmypdf"]),
        "ocrmypdf that straightens, no PDF/A": ocrmypdf(glass, laid, places["pdf"], *straightens(places["pdf"])),
        "convert -deskew, 2 at once": imagemagick(glass, laid, places["convert"]),
    }
    our_pdf = seen(made.pdf)
    found = [_throughput(name, made, our_pdf, one, seen(one.pdf), count) for name, one in theirs.items()]
    return [*found, _size(our_pdf, count), _overlap(made, count)]


def _throughput(name: str, made: Ours, mine: Seen, other: Theirs, their_pdf: Seen, count: int) -> Measure:
    size = f"{mine.size[0]:.0f} x {mine.size[1]:.0f} mm against {their_pdf.size[0]:.0f} x {their_pdf.size[1]:.0f}"
    detail = (
        f"{count} pages; {made.work:.1f} s of processors against {other.work:.1f} ({other.parts}); then pages are "
        f"askew by {mine.askew:.2f} degrees (worst {mine.worst:.2f}) against "
        f"{their_pdf.askew:.2f} ({their_pdf.worst:.2f}), {size}, "
        f"{mine.bytes / _MB:.2f} MB against {their_pdf.bytes / _MB:.2f}"
    )
    met = made.whole <= other.whole / 2 and mine.pages == their_pdf.pages == count
    label = f"scan_to_pdf_{name.split()[0]}"
    return Measure(label, made.whole, "s", "at most half", met, other.whole, name, detail)


def _size(mine: Seen, count: int) -> Measure:
    straight = mine.worst <= 0.5 and mine.size[0] < 215
    return Measure("scan_pdf", mine.bytes / _MB, "MB", "< 4 MB, straight and cut", mine.bytes < 4 * _MB and straight,
                   detail=f"{count} pages")  # fmt: skip


def _overlap(made: Ours, count: int) -> Measure:
    """The next page is scanned while those before it are worked on."""
    detail = (
        f"until the last of {count} pages had come, {made.whole:.2f} s until their PDF; {made.ahead} came before the "
        "one before could be seen; beside it: the PDF, each page scanned when the one before was seen"
    )
    met = made.scanned < made.in_turn
    return Measure("scan_beside_work", made.scanned, "s", "less than in turn", met, made.in_turn, "one by one", detail)


def _screen(count: int) -> list[Measure]:
    made = shown(count)
    soon, stall, calm = p95(made.soon), 1000 * max(made.stalls), 1000 * max(made.calm)
    more = (
        f"{len(made.stalls)} pings, median {1000 * statistics.median(made.stalls):.0f} ms, p95 "
        f"{1000 * p95(made.stalls):.0f} ms; in the calm before, longest {calm:.0f} ms; "
        f"a process that does nothing was late by up to {1000 * made.late:.0f} ms meanwhile"
    )
    return [
        Measure("scan_thumbnail", soon, "s", "p95 <= 2 s", soon <= 2,
                detail=f"{count} taps, median {statistics.median(made.soon):.2f} s"),
        Measure("scan_stall", stall, "ms", "<= 50 ms", stall <= 50, detail=more),
        Measure("scan_ui_resident", made.resident[0], "MiB", "<= 160 MiB", made.resident[0] <= 160,
                detail=f"of a READY station; {made.resident[1]:.0f} MiB after {count} pages and their document"),
    ]  # fmt: skip
