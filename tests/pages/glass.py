"""Lays a paper on the glass of a scanner, and scans it: askew, under a lid, with shadows, dust, noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from scanner.page.model import Pixels, Scan, pixels
from tests.pages.sheets import Sheet

GLASS = (216.0, 297.0)
"""Millimetres: as most flatbeds have it."""


@dataclass(frozen=True)
class Laying:
    """How a paper lies, and what the scanner adds. Millimetres, degrees, levels of 0 to 255."""

    angle: float = 0.0
    """Clockwise, as seen on the scan."""
    turns: int = 0
    """Quarter turns clockwise that it lies from being upright."""
    lid: float = 248.0
    """How bright the scan is where no paper is: 248 a white lid, 205 a grey one, 20 a black one or an open one."""
    at: tuple[float, float] | None = None
    """Where the paper's middle is; None in the corner where a person lays it."""
    shadows: tuple[float, float, float, float] = (0.25, 0.25, 0.0, 0.0)
    """How dark the shadow beside each edge of the paper is: right, lower, left, upper. Of 1."""
    light: float = 0.0
    """How much darker one side is than the other. Of 1."""
    gutter: float = 0.0
    """How dark the fold of a book is, along the paper's left edge. Of 1."""
    noise: float = 2.0
    """Standard deviation of each pixel."""
    stripes: float = 0.0
    """Of each column: a scanner's sensor that was not calibrated."""
    streak: bool = False
    """A speck on a feeder's glass: one fine line from top to bottom."""
    jpeg: int = 0
    """Quality of a compression that the device does by itself; 0 for none."""
    grey: bool = False
    glass: tuple[float, float] = GLASS


@dataclass(frozen=True)
class Sample:
    """A scan, and what is true of it."""

    scan: Scan
    kind: str
    angle: float
    """Degrees clockwise that the paper, and what is printed on it, is askew: -45 to 45."""
    corners: npt.NDArray[np.float64]
    """(4, 2): x, y of the paper's corners on the scan, in pixels. They may lie beside the glass."""
    blank: bool
    turns: int
    """Quarter turns clockwise that the page was turned by: as many counter-clockwise set it upright."""
    sided: bool
    """Whether anything on it tells up from down."""
    laying: Laying
    seed: int = 0


def lay(sheet: Sheet, laying: Laying, seed: int) -> Sample:
    """Scans `sheet` at its own resolution. The same arguments give the same pixels."""
    at = np.random.default_rng(seed)
    dpi, paper = sheet.dpi, np.rot90(sheet.pixels, -laying.turns)
    mm = dpi / 25.4
    high, wide = paper.shape[:2]
    height, width = round(laying.glass[1] * mm), round(laying.glass[0] * mm)
    angle = math.radians(laying.angle)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    if laying.at is None:
        # Its upper left corner in that of the glass, or the whole in the middle where it is larger than the glass.
        spread = np.abs(turn) @ np.array([wide / 2, high / 2])
        middle = np.minimum(spread + mm * at.uniform(0.5, 4), np.array([width / 2, height / 2]))
    else:
        middle = np.array(laying.at) * mm
    shift = middle - turn @ np.array([wide / 2, high / 2])
    matrix = np.column_stack([turn, shift])
    across = _lights(paper, laying, at, mm)
    scanned = cv2.warpAffine(across, matrix, (width, height), flags=cv2.INTER_LINEAR)
    # Where the paper is; soft by half a pixel at its edge.
    where = cv2.warpAffine(np.ones((high, wide), np.float32), matrix, (width, height), flags=cv2.INTER_LINEAR)
    lid = np.full((height, width), laying.lid, np.float32) * (
        1 - _shadow(matrix, paper.shape, (height, width), laying, mm)
    )
    whole = where[..., None] * scanned + (1 - where)[..., None] * lid[..., None]
    blank = sheet.blank or not _in_sight(paper, matrix, (width, height))
    corners = np.array([(0, 0), (wide, 0), (wide, high), (0, high)]) @ turn.T + shift
    return Sample(
        Scan(_sensor(whole, laying, at), dpi), sheet.kind, laying.angle, corners, blank, laying.turns % 4, sheet.sided,
        laying, seed,
    )  # fmt: skip


def _in_sight(paper: Pixels, matrix: npt.NDArray[np.float64], size: tuple[int, int]) -> bool:
    """Whether what is on the paper came onto the scan, a third of it at least: not all of a paper lies on the glass."""
    light = paper.min(axis=2)
    ink = (light < np.median(light) - 8).astype(np.float32)
    seen = cv2.warpAffine(ink, matrix, size, flags=cv2.INTER_LINEAR)
    return bool(seen.sum() > ink.sum() / 3)


def _lights(paper: Pixels, laying: Laying, at: np.random.Generator, mm: float) -> npt.NDArray[np.float32]:
    """The paper as it is lit."""
    high, wide = paper.shape[:2]
    light: npt.NDArray[np.floating] = np.ones((high, wide), np.float32)
    if laying.light:
        direction = at.uniform(0, 2 * math.pi)
        x, y = np.linspace(-0.5, 0.5, wide), np.linspace(-0.5, 0.5, high)[:, None]
        light = light * (1 - laying.light * (0.5 + 0.7 * (x * math.cos(direction) + y * math.sin(direction))))
    if laying.gutter:
        light = light * (1 - laying.gutter * np.exp(-np.arange(wide) / (9 * mm)))
    return np.asarray(paper * np.clip(light, 0, 1)[..., None], np.float32)


def _shadow(
    matrix: npt.NDArray[np.float64], paper: tuple[int, ...], glass: tuple[int, int], laying: Laying, mm: float
) -> npt.NDArray[np.float32]:
    """How much darker the lid is, beside the edges of the paper."""
    back = cv2.invertAffineTransform(matrix)
    y, x = np.mgrid[0 : glass[0], 0 : glass[1]].astype(np.float32)
    u = back[0, 0] * x + back[0, 1] * y + back[0, 2]
    v = back[1, 0] * x + back[1, 1] * y + back[1, 2]
    high, wide = paper[:2]
    dark = np.zeros(glass, np.float32)
    for strength, beyond, along, end in (
        (laying.shadows[0], u - wide, v, high),
        (laying.shadows[1], v - high, u, wide),
        (laying.shadows[2], -u, v, high),
        (laying.shadows[3], -v, u, wide),
    ):
        if strength:
            beside = (beyond >= -1) & (along > -2 * mm) & (along < end + 2 * mm)
            dark = np.maximum(dark, np.where(beside, strength * np.exp(-np.maximum(beyond, 0) / (0.9 * mm)), 0))
    return np.asarray(dark, np.float32)


def _sensor(whole: npt.NDArray[np.float32], laying: Laying, at: np.random.Generator) -> Pixels:
    width = whole.shape[1]
    if laying.streak:
        x = int(at.uniform(0.1, 0.9) * width)
        whole[:, x : x + max(1, width // 1600)] *= at.uniform(0.75, 0.93)
    if laying.stripes:
        whole = whole + at.normal(0, laying.stripes, (1, width, 1)).astype(np.float32)
    if laying.noise:
        whole = whole + laying.noise * at.standard_normal(whole.shape, np.float32)
    seen = np.clip(np.rint(whole), 0, 255).astype(np.uint8)
    if laying.grey:
        seen = pixels(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY))
    if laying.jpeg:
        _, packed = cv2.imencode(
            ".jpg", seen if laying.grey else seen[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, laying.jpeg]
        )
        again = cv2.imdecode(packed, cv2.IMREAD_UNCHANGED)
        assert again is not None
        seen = pixels(again)
        if not laying.grey:
            seen = np.ascontiguousarray(seen[..., ::-1])
    return seen
