"""Both faces of a small card on one A4 page, as large as they are."""

from __future__ import annotations

import cv2
import numpy as np

from scanner.page.model import Pixels, Scan, pixels
from scanner.page.prepare import prepare

_A4 = (210.0, 297.0)
_APART = 20.0
"""Millimetres between the faces."""
_LARGEST = (180.0, 120.0)
"""Millimetres a face may have: an open passport still goes."""


def card(front: Scan, back: Scan) -> Scan:
    """Both faces, each made right first, one above the other in the upper middle of a white A4 page.

    At true size, at the finer resolution of the two; grey if both are. A face that is larger than 180 mm x 120 mm (no
    card was found on the glass, say) is made as small as that.
    """
    faces = [prepare(face).scan for face in (front, back)]
    dpi = max(face.dpi for face in faces)
    grey = all(face.grey for face in faces)
    width, height = round(_A4[0] * dpi / 25.4), round(_A4[1] * dpi / 25.4)
    page = np.full((height, width) if grey else (height, width, 3), 255, np.uint8)
    drawn = [_at_size(face, dpi, grey) for face in faces]
    gap = round(_APART * dpi / 25.4)
    y = max(gap, (height // 2 - sum(len(face) for face in drawn) - gap) // 2)
    for face in drawn:
        x = (width - face.shape[1]) // 2
        page[y : y + len(face), x : x + face.shape[1]] = face
        y += len(face) + gap
    return Scan(page, dpi)


def _at_size(face: Scan, dpi: float, grey: bool) -> Pixels:
    wide, high = face.width / face.dpi * 25.4, face.height / face.dpi * 25.4
    most = _LARGEST if wide >= high else _LARGEST[::-1]
    scale = min(1.0, most[0] / wide, most[1] / high, _LARGEST[1] / high)
    size = max(1, round(wide * scale * dpi / 25.4)), max(1, round(high * scale * dpi / 25.4))
    drawn = face.pixels
    if size != (face.width, face.height):
        finer = size[0] > face.width
        drawn = pixels(cv2.resize(drawn, size, interpolation=cv2.INTER_CUBIC if finer else cv2.INTER_AREA))
    return drawn if grey or drawn.ndim == 3 else pixels(cv2.cvtColor(drawn, cv2.COLOR_GRAY2RGB))
