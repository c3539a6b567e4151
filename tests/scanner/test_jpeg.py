"""Strips that were encoded one by one are the JPEG of the whole page, for any decoder."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from scanner import jpeg


def drawn(height: int, width: int, channels: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    levels = np.random.default_rng(height).integers(0, 256, (height, width, channels)).astype(np.uint8)
    soft = cv2.GaussianBlur(levels, (0, 0), 2).reshape(levels.shape).astype(np.uint8)
    return soft if channels == 3 else soft[..., 0]


@pytest.mark.parametrize(
    ("height", "width", "channels"),
    [(700, 500, 3), (256, 100, 1), (1000, 333, 3), (7, 5, 1), (257, 9, 3), (5000, 16, 1), (520, 20_000, 1)],
)
def test_strips_are_the_jpeg_of_the_whole(tmp_path: Path, height: int, width: int, channels: int) -> None:
    page = drawn(height, width, channels)
    path = tmp_path / "page.jpg"
    jpeg.write(path, (page[first : first + 256] for first in range(0, height, 256)), (height, width), 300)
    with Image.open(path) as opened:
        assert (opened.width, opened.height, opened.info["dpi"]) == (width, height, (300, 300))
        opened.load()
        seen = np.asarray(opened)
    assert cv2.absdiff(seen, page).max() < 40, "no block is another's"
    assert np.array_equal(jpeg.read(path), seen)
    assert (jpeg.size_of(path), jpeg.dpi_of(path)) == ((height, width), 300)
    # The same pixels as if it had been encoded whole.
    way = [cv2.IMWRITE_JPEG_QUALITY, jpeg.QUALITY, cv2.IMWRITE_JPEG_SAMPLING_FACTOR]
    _, whole = cv2.imencode(".jpg", page[..., ::-1] if channels == 3 else page, [*way, 0x111111])
    again = cv2.imdecode(whole, cv2.IMREAD_UNCHANGED)
    assert again is not None
    assert np.array_equal(again[..., ::-1] if channels == 3 else again, seen)
    small = jpeg.read(path, 4)
    assert small.shape == (-(-height // 4), -(-width // 4), 3)


@pytest.mark.parametrize("strips", [[256, 100, 100], [256, 257], [100, 256], [256], [256, 256, 256], []])
def test_strips_that_make_no_page_leave_nothing(tmp_path: Path, strips: list[int]) -> None:
    page = [np.full((rows, 40, 3), 200, np.uint8) for rows in strips]
    with pytest.raises(ValueError, match="strips of"):
        jpeg.write(tmp_path / "page.jpg", page, (512, 40), 300)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", [0, 3, 20, 200, 700, -1000])
def test_what_is_not_whole_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "page.jpg"
    page = drawn(600, 300, 3)
    jpeg.write(path, (page[first : first + 256] for first in range(0, 600, 256)), (600, 300), 300)
    path.write_bytes(path.read_bytes()[:cut])
    if 0 < cut < 700:
        with pytest.raises(ValueError, match="page"):
            jpeg.size_of(path)
    with pytest.raises(ValueError, match=r"page|empty"):
        jpeg.read(path)
