"""Pages of which everything is known: letters, small print, pencil, colours, a photo. Made, not found."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from scanner.document.raster import Page

FONTS = "/usr/share/fonts/truetype/dejavu/"
TEXT = (
    "Madame, Monsieur, nous avons bien reçu votre demande du 12 mars 2026 concernant l'allocation de logement. "
    "Pour que nous puissions l'étudier, il manque les papiers suivants : une copie de votre pièce d'identité, le "
    "dernier avis d'imposition, une attestation de votre bailleur et un relevé bancaire au nom du demandeur. Vous "
    "pouvez les envoyer par courrier ou les déposer sur notre site avant le 30 avril. Passé ce délai, votre dossier "
    "sera fermé, et il faudra en commencer un autre. Si vous avez besoin d'aide, un conseiller vous reçoit sans "
    "rendez-vous le mardi de 9 heures à 12 heures à la mairie, ou par téléphone au 01 23 45 67 89. Numéro de "
    "dossier : 4471 0825 63 B. "
)


class Kept(NamedTuple):
    """A page that waits in a file of `numpy.save`, and is read when it is its turn."""

    path: Path
    dpi: float

    @property
    def pixels(self) -> NDArray[np.uint8]:
        return np.asarray(np.load(self.path, mmap_mode="r"))


@functools.cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(f"{FONTS}{name}.ttf", size)


def noisy(picture: Image.Image, noise: float, seed: int) -> NDArray[np.uint8]:
    pixels = np.asarray(picture).astype(np.float32)
    random = np.random.default_rng(seed)
    return np.clip(pixels + random.normal(0, noise, pixels.shape), 0, 255).astype(np.uint8)


def lettered(
    *,
    points: float = 11,
    dpi: int = 300,
    ink: tuple[int, int, int] = (25, 25, 30),
    paper: tuple[int, int, int] = (252, 251, 249),
    noise: float = 2,
    font: str = "DejaVuSerif",
    millimetres: tuple[float, float] = (210, 297),
    lines: int | None = None,
    seed: int = 1,
) -> Page:
    """A page full of sentences; its size in millimetres is width and height."""
    width, height = (round(one / 25.4 * dpi) for one in millimetres)
    picture = Image.new("RGB", (width, height), paper)
    write(picture, points, dpi, ink, font, lines)
    return Page(noisy(picture, noise, seed), dpi)


def write(
    picture: Image.Image,
    points: float,
    dpi: int,
    ink: tuple[int, int, int],
    font: str = "DejaVuSerif",
    lines: int | None = None,
    top: float = 15,
) -> None:
    """Sentences from `top` millimetres on, to the bottom or for so many lines."""
    letters = _font(font, round(points / 72 * dpi))
    draw = ImageDraw.Draw(picture)
    margin = round(15 / 25.4 * dpi)
    y, words, written = round(top / 25.4 * dpi), TEXT.split() * 60, 0
    step = round(points / 72 * dpi * 1.5)
    while y + step < picture.height - margin // 2 and (lines is None or written < lines):
        line = words.pop(0)
        while words and draw.textlength(f"{line} {words[0]}", font=letters) < picture.width - 2 * margin:
            line += f" {words.pop(0)}"
        draw.text((margin, y), line, fill=ink, font=letters)
        y, written = y + step, written + 1


def photo(width: int, height: int, seed: int = 3) -> NDArray[np.uint8]:
    """Something like a picture: soft shapes, fine grain, every colour."""
    random = np.random.default_rng(seed)
    way = Image.Resampling.BICUBIC
    soft = Image.fromarray(random.integers(0, 256, (9, 7, 3), np.uint8)).resize((width, height), way)
    fine = Image.fromarray(random.integers(0, 256, (height // 8, width // 8, 3), np.uint8)).resize((width, height), way)
    mixed = Image.blend(soft, fine, 0.15)
    return np.asarray(mixed)


A5 = (148.0, 210.0)
"""Millimetres: half the work of an A4, with letters of the same size."""


def stamped(dpi: int = 300) -> Page:
    """A letter with a red stamp and a blue signature."""
    page = lettered(dpi=dpi, lines=12, millimetres=A5)
    picture = Image.fromarray(page.pixels)
    draw = ImageDraw.Draw(picture)
    mm = dpi / 25.4
    draw.ellipse((90 * mm, 140 * mm, 130 * mm, 180 * mm), outline=(190, 30, 40), width=round(0.8 * mm))
    draw.text((95 * mm, 156 * mm), "MAIRIE", fill=(190, 30, 40), font=_font("DejaVuSans-Bold", round(7 * mm)))
    wave = [((15 + t / 3) * mm, (160 + 9 * np.sin(t / 7) * np.cos(t / 31)) * mm) for t in range(180)]
    draw.line(wave, fill=(30, 50, 160), width=round(0.5 * mm))
    return Page(noisy(picture, 2, 5), dpi)


def illustrated(dpi: int = 300) -> Page:
    """A letter with a photo."""
    page = lettered(dpi=dpi, lines=8, millimetres=A5)
    pixels = page.pixels.copy()
    mm = dpi / 25.4
    top, left, height, width = (round(one * mm) for one in (100, 20, 70, 100))
    pixels[top : top + height, left : left + width] = photo(width, height)
    return Page(pixels, dpi)


def pencilled(dpi: int = 300) -> Page:
    """A printed form that was filled with a pencil, on grey paper."""
    width, height = (round(one / 25.4 * dpi) for one in A5)
    picture = Image.new("RGB", (width, height), (236, 235, 232))
    write(picture, 9, dpi, (40, 40, 42), lines=12)
    write(picture, 14, dpi, (176, 176, 178), "DejaVuSans-ExtraLight", top=120)
    return Page(noisy(picture, 2, 9), dpi)
