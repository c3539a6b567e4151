"""`python -m tests.pages.letters [FILE]`: makes the weights by which `scanner.page.upright` tells up from down.

From text that is drawn here, in typefaces that no other test page has, so that those show how it does on new ones.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from scanner.page import upright
from scanner.page.model import Pixels, pixels
from tests.pages.sheets import draw_note, draw_photo

FONTS = Path("/usr/share/fonts/opentype/urw-base35")
FACES = (
    *(
        "URWGothic-Book",
        "URWGothic-Demi",
        "URWBookman-Light",
        "URWBookman-Demi",
        "C059-Roman",
        "C059-Bold",
        "C059-Italic",
    ),
    *("P052-Roman", "P052-Bold", "P052-Italic", "NimbusSansNarrow-Regular", "NimbusSansNarrow-Bold"),
)
WORDS = Path(__file__).with_name("words.txt").read_text("utf-8").split()
DPI = 150
HIDDEN = 40


def text_page(seed: int) -> Pixels:
    """A part of a page: running text, capitals, figures; a little noise, a little blur, hardly askew."""
    at = random.Random(f"text {seed}")
    image = Image.new("L", (1000, 700), 250)
    draw, y = ImageDraw.Draw(image), 20
    style = seed % 4
    while y < 660:
        size = round(at.choice((7, 8, 9, 10, 11, 12, 14)) * DPI / 72)
        face = ImageFont.truetype(str(FONTS / f"{at.choice(FACES)}.otf"), size)
        for _ in range(at.randrange(2, 6)):
            text = " ".join(at.choice(WORDS) for _ in range(14))
            if style == 1:
                text = text.upper()
            elif style == 2:
                text = "   ".join(f"{at.uniform(0, 4000):.2f}".replace(".", at.choice(",.")) for _ in range(12))
            elif style == 3:
                text = " ".join(f"{word.capitalize()}{at.choice(',.:;')} {at.randrange(99)}" for word in text.split())
            draw.text((at.randrange(10, 60), y), text, fill=at.randrange(20, 110), font=face)
            y += round(size * at.uniform(1.15, 2.2))
        y += size
    return _scanned(pixels(np.asarray(image)), seed)


def _scanned(page: Pixels, seed: int) -> Pixels:
    at = np.random.default_rng(seed)
    high, wide = page.shape
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), float(at.uniform(-0.4, 0.4)), 1)
    seen = np.asarray(cv2.warpAffine(page, turn, (wide, high), borderValue=(250.0,)), np.float32)
    if at.random() < 0.4:  # as a scan of half the resolution would be
        small = cv2.resize(seen, (wide // 2, high // 2), interpolation=cv2.INTER_AREA)
        whole = small if at.random() < 0.5 else cv2.resize(small, (wide, high), interpolation=cv2.INTER_LINEAR)
        seen = np.asarray(whole, np.float32)
    return pixels(np.clip(seen + at.normal(0, at.uniform(0, 5), seen.shape), 0, 255))


def shown(pages: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Windows, and whether they tell anything."""
    found, tells = [], []
    for seed in range(pages):
        page = text_page(seed)
        # Turned, looked at, and turned back: else the half pixels by which windows are cut would tell the way.
        turns = seed // 4 % 4
        seen = upright.windows(np.rot90(page, turns).copy(), DPI * page.shape[0] / 700)
        seen = np.rot90(seen, -turns, axes=(1, 2))
        found.append(seen[:: max(1, len(seen) // 250)])
        tells.append(np.ones(len(found[-1]), bool))
    for seed in range(pages // 8):
        sheet = (draw_note, draw_photo)[seed % 2](10_000 + seed, DPI)
        seen = upright.windows(np.rot90(pixels(cv2.cvtColor(sheet.pixels, cv2.COLOR_RGB2GRAY)), seed % 4).copy(), DPI)
        found.append(seen[:: max(1, len(seen) // 250)])
        tells.append(np.zeros(len(found[-1]), bool))
    return np.concatenate(found), np.concatenate(tells)


def learnt(
    seen: npt.NDArray[np.float32], tells: npt.NDArray[np.bool_], rounds: int
) -> tuple[npt.NDArray[np.float32], ...]:
    """The weights: each window upright is to have a higher number than the same turned; by Adam (Kingma, Ba)."""
    at = np.random.default_rng(1)
    inputs = seen[0].size
    values = [
        at.normal(0, (2 / inputs) ** 0.5, (inputs, HIDDEN)).astype(np.float32),
        np.zeros(HIDDEN, np.float32),
        at.normal(0, HIDDEN**-0.5, HIDDEN).astype(np.float32),
    ]
    means, squares = [np.zeros_like(one) for one in values], [np.zeros_like(one) for one in values]
    target = np.where(tells[:, None], np.array([[1, 0, 0, 0]]), 0.25).astype(np.float32)
    step = 0
    for turn in range(rounds):
        rate = 0.002 * (1 - turn / rounds) + 1e-5
        order = at.permutation(len(seen))
        for first in range(0, len(order) - 255, 256):
            some = order[first : first + 256]
            views = np.stack([np.rot90(seen[some], -k, axes=(1, 2)).reshape(256, -1) for k in range(4)], axis=1)
            views = views.reshape(1024, -1)
            hidden = np.maximum(views @ values[0] + values[1], 0)
            numbers = (hidden @ values[2]).reshape(256, 4)
            odds = np.exp(numbers - numbers.max(axis=1, keepdims=True))
            wrong = ((odds / odds.sum(axis=1, keepdims=True) - target[some]) / 256).reshape(-1)
            back = wrong[:, None] * values[2] * (hidden > 0)
            slopes = [views.T @ back + 1e-4 * values[0], back.sum(axis=0), hidden.T @ wrong]
            step += 1
            for index, slope in enumerate(slopes):
                means[index] = 0.9 * means[index] + 0.1 * slope
                squares[index] = 0.999 * squares[index] + 0.001 * slope**2
                speed = rate * (1 - 0.999**step) ** 0.5 / (1 - 0.9**step)
                values[index] -= (speed * means[index] / (np.sqrt(squares[index]) + 1e-8)).astype(np.float32)
    return tuple(values)


def main() -> None:
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(upright.__file__).with_name("letters.npz")
    first, shift, second = learnt(*shown(240), rounds=12)
    scale = np.array([np.abs(first).max() / 127], np.float32)
    whole = np.rint(first / scale[0]).astype(np.int8)
    np.savez_compressed(
        where, first=whole, shift=shift.astype(np.float16), second=second.astype(np.float16), scale=scale
    )


if __name__ == "__main__":
    main()
