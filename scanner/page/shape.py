"""What a page is made from: which part of the scan, how it is turned; and the making, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from scanner.page.look import Matrix, turning
from scanner.page.model import MAX_SIDE, Pixels, pixels

Box = tuple[float, float, float, float]
ROWS = 256


@dataclass(frozen=True)
class Shape:
    """`box`: x0, y0, x1, y1 in pixels of the scan, counted from its middle, once set straight by `angle` degrees.

    `turns`: quarter turns clockwise that are made after that.
    """

    box: Box
    angle: float = 0.0
    turns: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Height, width in pixels of the scan's resolution."""
        width, height = self._straight()
        return (height, width) if self.turns % 2 == 0 else (width, height)

    def _straight(self) -> tuple[int, int]:
        x0, y0, x1, y1 = self.box
        return min(MAX_SIDE, max(1, round(x1 - x0))), min(MAX_SIDE, max(1, round(y1 - y0)))

    def scaled(self, factor: float) -> Shape:
        """The same of a picture that is smaller by `factor`."""
        x0, y0, x1, y1 = self.box
        return Shape((x0 / factor, y0 / factor, x1 / factor, y1 / factor), self.angle, self.turns)

    def _back(self, scan: tuple[int, ...]) -> Matrix:
        """(2, 3): from a point of the page to its point on the scan, both counted from their upper left corners."""
        width, height = self._straight()
        turn, shift = {
            0: (np.array([[1.0, 0], [0, 1]]), np.array([0.0, 0])),
            1: (np.array([[0.0, 1], [-1, 0]]), np.array([0.0, height])),
            2: (np.array([[-1.0, 0], [0, -1]]), np.array([float(width), height])),
            3: (np.array([[0.0, -1], [1, 0]]), np.array([float(width), 0])),
        }[self.turns % 4]
        skew = turning(self.angle)
        middle = np.array([scan[1] / 2, scan[0] / 2])
        return np.column_stack([skew @ turn, skew @ (shift + np.array(self.box[:2])) + middle])

    def rows(self, image: Pixels, fill: tuple[float, ...], fine: bool = True) -> Iterator[Pixels]:
        """The page from the scan `image`, from top to bottom, ROWS rows at a time, each new memory.

        What lies beside the scan is `fill`. Without an angle pixels are copied as they are, unless they lie beside it.
        """
        high, wide = self.size
        exact = self._exact(image)
        back = self._back(image.shape)
        for first in range(0, high, ROWS):
            count = min(ROWS, high - first)
            if exact is not None:
                yield exact[first : first + count].copy()
                continue
            matrix = back.copy()
            # OpenCV counts from the middle of the first pixel.
            matrix[:, 2] += back[:, :2] @ np.array([0.5, first + 0.5]) - 0.5
            flags = (cv2.INTER_CUBIC if fine else cv2.INTER_LINEAR) | cv2.WARP_INVERSE_MAP
            yield pixels(
                cv2.warpAffine(
                    image, matrix, (wide, count), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=fill
                )
            )

    def whole(self, image: Pixels, fill: tuple[float, ...]) -> Pixels:
        """All of it: for small pictures."""
        return np.concatenate(list(self.rows(image, fill, fine=False)))

    def _exact(self, image: Pixels) -> Pixels | None:
        """A view of the page on the scan, where it lies straight and wholly on it."""
        if self.angle:
            return None
        width, height = self._straight()
        x, y = round(self.box[0] + image.shape[1] / 2), round(self.box[1] + image.shape[0] / 2)
        if x < 0 or y < 0 or x + width > image.shape[1] or y + height > image.shape[0]:
            return None
        return np.rot90(image[y : y + height, x : x + width], -self.turns)


def of_scan(width: int, height: int, turns: int = 0) -> Shape:
    """All of a scan as it lies."""
    return Shape((-width / 2, -height / 2, width / 2, height / 2), 0.0, turns)
