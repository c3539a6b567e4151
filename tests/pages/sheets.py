"""Draws papers as they are before they lie on a scanner: letters, forms, payslips, receipts, cards. Invented people."""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scanner.page.model import Pixels, pixels

A4 = (210.0, 297.0)
CARD = (85.6, 53.98)
FONTS = {
    "sans": "truetype/dejavu/DejaVuSans.ttf",
    "bold": "truetype/dejavu/DejaVuSans-Bold.ttf",
    "serif": "truetype/dejavu/DejaVuSerif.ttf",
    "mono": "truetype/dejavu/DejaVuSansMono.ttf",
    "condensed": "truetype/dejavu/DejaVuSans-Bold.ttf",
    "nimbus": "opentype/urw-base35/NimbusSans-Regular.otf",
    "roman": "opentype/urw-base35/NimbusRoman-Regular.otf",
    "courier": "opentype/urw-base35/NimbusMonoPS-Regular.otf",
    "script": "opentype/urw-base35/Z003-MediumItalic.otf",
}
PEOPLE = ("Odette Brindamour", "Lucien Tartempion", "Yvonne Castelroux", "Ahmed Belhaddour", "Marthe Vandeputte")
STREETS = ("4, rue des Tilleuls-Bleus", "18 bis, chemin du Lavoir", "Lieu-dit La Grande Borde", "27, place du Marché")
TOWNS = ("55999 Vaubrune-sur-Orne", "46998 Cazelard", "41997 Saint-Ythier", "5999 Hautemare")
OFFICES = (
    "Caisse des allocations de Vaubrune",
    "Service des eaux du Plateau",
    "Mairie de Cazelard",
    "Mutuelle du Lavoir",
)
SENTENCES = (
    "Nous avons bien reçu votre demande du 12 mars et nous vous en remercions.",
    "Afin de compléter votre dossier, merci de nous faire parvenir les pièces suivantes.",
    "Votre quotient familial est calculé à partir de vos ressources de l'année précédente.",
    "Sans réponse de votre part avant le 30 avril, votre dossier sera classé sans suite.",
    "Le montant de votre allocation s'élève à 238,40 euros par mois à compter du 1er mai.",
    "Vous pouvez nous joindre du lundi au vendredi, de 9 h à 16 h 30, ou prendre rendez-vous.",
    "Cette somme sera versée sur le compte dont vous nous avez communiqué le relevé.",
    "Joignez une copie lisible de votre pièce d'identité et un justificatif de domicile.",
    "Nous vous prions d'agréer, Madame, Monsieur, l'expression de nos salutations distinguées.",
)
Colour = tuple[int, int, int]
INK: Colour = (25, 25, 30)
BLUE: Colour = (30, 50, 140)


@dataclass(frozen=True)
class Sheet:
    """One paper: (height, width, 3) pixels at `dpi`. `sided`: whether anything on it tells up from down."""

    kind: str
    pixels: Pixels
    dpi: float
    blank: bool = False
    sided: bool = True


@functools.cache
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(Path("/usr/share/fonts") / FONTS[name]), max(size, 4))


class Pen:
    """Draws in millimetres from the upper left corner of a paper of `size`."""

    def __init__(self, size: tuple[float, float], dpi: float, seed: str, paper: Colour = (250, 250, 248)) -> None:
        self.size, self.dpi, self.random = size, dpi, random.Random(seed)
        self.image = Image.new("RGB", (round(self.px(size[0])), round(self.px(size[1]))), paper)
        self.draw = ImageDraw.Draw(self.image)

    def px(self, millimetres: float) -> float:
        return millimetres * self.dpi / 25.4

    def text(self, x: float, y: float, text: str, points: float, name: str = "sans", colour: Colour = INK) -> None:
        face = font(name, round(points * self.dpi / 72))
        self.draw.text((self.px(x), self.px(y)), text, fill=colour, font=face)

    def width(self, text: str, points: float, name: str) -> float:
        return font(name, round(points * self.dpi / 72)).getlength(text) * 25.4 / self.dpi

    def line(self, points: Sequence[tuple[float, float]], wide: float = 0.3, colour: Colour = INK) -> None:
        where = [(self.px(x), self.px(y)) for x, y in points]
        self.draw.line(where, fill=colour, width=max(1, round(self.px(wide))), joint="curve")

    def box(
        self, x: float, y: float, w: float, h: float, fill: Colour | None = None, edge: Colour | None = INK
    ) -> None:
        corners = (self.px(x), self.px(y), self.px(x + w), self.px(y + h))
        self.draw.rectangle(corners, fill=fill, outline=edge, width=max(1, round(self.px(0.25))))

    def paragraph(self, x: float, y: float, width: float, points: float, name: str, count: int) -> float:
        """`count` sentences, ragged on the right; gives the y below."""
        words = " ".join(self.random.choice(SENTENCES) for _ in range(count)).split()
        line = ""
        for word in [*words, ""]:
            if not word or self.width(f"{line} {word}", points, name) > width:
                self.text(x, y, line, points, name)
                y += points * 0.3528 * 1.45
                line = word
            else:
                line = f"{line} {word}".strip()
        return y + points * 0.3528

    def scribble(self, x: float, y: float, w: float, h: float, wide: float, colour: Colour) -> None:
        """One stroke that goes from left to right in loops, as a word written by hand does."""
        turns = self.random.uniform(0.25, 0.45) * w / h + 2
        phase, slant = self.random.uniform(0, 6), self.random.uniform(0.2, 0.7)
        points = []
        for step in range(int(40 * turns)):
            at = step / (40 * turns)
            angle = 2 * math.pi * turns * at + phase
            tall = h / 2 * (0.5 + 0.5 * abs(math.sin(1.7 * angle + phase)))
            up = tall * math.sin(angle)
            points.append((x + w * at + slant * up + h * 0.2 * math.cos(angle), y + h / 2 - up))
        self.line(points, wide, colour)

    def written(self, x: float, y: float, w: float, size: float, wide: float, colour: Colour) -> None:
        """A line of words written by hand."""
        at = x
        while at < x + w - size:
            word = self.random.uniform(2.5, 7) * size
            self.scribble(at, y + self.random.uniform(-0.1, 0.1) * size, min(word, x + w - at), size, wide, colour)
            at += word + size

    def stamp(self, x: float, y: float, across: float, colour: Colour) -> None:
        box = (self.px(x), self.px(y), self.px(x + across), self.px(y + across))
        self.draw.ellipse(box, outline=colour, width=max(1, round(self.px(0.7))))
        self.text(x + across * 0.16, y + across * 0.4, "REÇU LE 14 MAI", across * 0.27, "bold", colour)

    def picture(self, x: float, y: float, w: float, h: float) -> None:
        """Something like a photograph: sky, hills, dark and light, fine texture."""
        at = np.random.default_rng(self.random.randrange(1 << 30))
        width, height = max(2, round(self.px(w))), max(2, round(self.px(h)))
        across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
        hills = 0.55 + 0.12 * np.sin(across * at.uniform(4, 9) + at.uniform(0, 6))
        sky = np.stack([120 + 110 * down, 150 + 80 * down, 215 + 30 * down], axis=2)
        ground = np.stack([70 + 60 * down, 95 - 20 * down, 50 + 10 * across], axis=2)
        whole = np.where((down > hills)[..., None], ground, sky)
        rough = cv2.GaussianBlur(at.normal(0, 60, (height, width)), (0, 0), max(0.8, self.px(0.5)))
        whole = whole + rough[..., None] * np.where(down > hills, 2.5, 0.5)[..., None]
        self.image.paste(
            Image.fromarray(np.clip(whole, 0, 255).astype(np.uint8)), (round(self.px(x)), round(self.px(y)))
        )

    def sheet(self, kind: str, *, blank: bool = False, sided: bool = True) -> Sheet:
        return Sheet(kind, pixels(np.asarray(self.image)), self.dpi, blank, sided)


def draw_letter(seed: int, dpi: float, paper: Colour = (250, 250, 248)) -> Sheet:
    pen = Pen(A4, dpi, f"letter {seed}", paper)
    name, at = pen.random.choice(("sans", "serif", "nimbus", "roman")), pen.random
    size = at.choice((10.0, 11.0, 12.0))
    if at.random() < 0.6:
        pen.box(20, 15, 22, 16, fill=at.choice(((180, 40, 40), (30, 90, 150), (60, 130, 70))), edge=None)
    pen.text(48, 16, at.choice(OFFICES), 13, "bold")
    for row, text in enumerate((at.choice(PEOPLE), at.choice(STREETS), at.choice(TOWNS))):
        pen.text(115, 48 + 5.5 * row, text, size, name)
    pen.text(20, 80, f"Objet : votre dossier n° {at.randrange(10**6, 10**7)}", size, name)
    pen.text(20, 93, "Madame, Monsieur,", size, name)
    y = 103.0
    for _ in range(at.randrange(2, 5)):
        y = pen.paragraph(20, y, 168, size, name, at.randrange(2, 4))
    pen.scribble(120, min(y + 4, 255), 45, 12, 0.5, BLUE)
    if at.random() < 0.5:
        pen.stamp(70, min(y + 2, 250), 30, at.choice(((170, 40, 60), (50, 60, 160))))
    if at.random() < 0.5:
        pen.text(30, 284, f"{at.choice(OFFICES)} - {at.choice(STREETS)} - {at.choice(TOWNS)}", 7, name)
    return pen.sheet("letter")


def draw_form(seed: int, dpi: float) -> Sheet:
    """A form of boxes, filled in by hand."""
    pen = Pen(A4, dpi, f"form {seed}")
    at = pen.random
    pen.text(25, 14, "DEMANDE D'AIDE AU LOGEMENT", 15, "bold")
    pen.text(25, 23, "À remplir en lettres capitales. Cochez les cases utiles.", 8.5, "nimbus")
    labels = (
        "Nom",
        "Prénom",
        "Né(e) le",
        "Adresse",
        "Commune",
        "Téléphone",
        "Employeur",
        "Loyer mensuel",
        "N° allocataire",
    )
    for row, label in enumerate(labels):
        y = 38 + 18 * row
        pen.text(20, y, label, 9.5, "nimbus")
        pen.box(58, y - 2, 130, 9)
        if at.random() < 0.8:
            pen.written(61, y - 0.5, at.uniform(25, 100), 4, 0.45, at.choice((BLUE, INK)))
    for row in range(4):
        pen.box(20, 206 + 10 * row, 4, 4)
        pen.text(28, 206 + 10 * row, at.choice(SENTENCES)[:70], 9, "nimbus")
    pen.scribble(130, 255, 40, 14, 0.5, BLUE)
    return pen.sheet("form")


def draw_payslip(seed: int, dpi: float) -> Sheet:
    """A table: nearly all digits and capitals."""
    pen = Pen(A4, dpi, f"payslip {seed}")
    at = pen.random
    pen.text(18, 14, "BULLETIN DE PAIE", 14, "bold")
    pen.text(120, 14, at.choice(PEOPLE).upper(), 9, "nimbus")
    pen.text(120, 20, at.choice(STREETS).upper(), 9, "nimbus")
    columns = (15, 85, 110, 135, 165, 195)
    rows = at.randrange(18, 30)
    names = (
        "SALAIRE DE BASE",
        "CSG DÉDUCTIBLE",
        "RETRAITE COMPL. T1",
        "ASSURANCE CHÔMAGE",
        "MUTUELLE",
        "HEURES SUP. 25 %",
    )
    for row in range(rows + 1):
        pen.line([(15, 45 + 6 * row), (195, 45 + 6 * row)], 0.2, (90, 90, 90))
    for x in columns:
        pen.line([(x, 45), (x, 45 + 6 * rows)], 0.2, (90, 90, 90))
    for row in range(rows):
        pen.text(17, 46 + 6 * row, at.choice(names), 8, "nimbus")
        for x in columns[1:-1]:
            if at.random() < 0.7:
                pen.text(x + 3, 46 + 6 * row, f"{at.uniform(0, 2500):.2f}".replace(".", ","), 8, "nimbus")
    pen.text(120, 52 + 6 * rows, f"NET À PAYER : {at.uniform(900, 1900):.2f} EUR".replace(".", ","), 11, "bold")
    return pen.sheet("payslip")


def draw_receipt(seed: int, dpi: float) -> Sheet:
    at = random.Random(f"receipt {seed}")
    rows = at.randrange(10, 26)
    pen = Pen((at.choice((57.0, 80.0)), 45 + 4.6 * rows), dpi, f"receipt {seed}", (243, 243, 245))
    wide = pen.size[0]
    pen.text(wide / 2 - 18, 5, "ÉPICERIE DU LAVOIR", 8, "mono")
    pen.text(wide / 2 - 16, 10, "41997 Saint-Ythier", 7, "mono")
    goods = ("Pain de mais", "Lait 1/2 écr.", "Pommes 1 kg", "Café moulu", "Beurre doux", "Lessive", "Piles LR6")
    for row in range(rows):
        pen.text(4, 19 + 4.6 * row, at.choice(goods), 7, "mono", (70, 70, 80))
        pen.text(wide - 15, 19 + 4.6 * row, f"{at.uniform(0.5, 19):5.2f}", 7, "mono", (70, 70, 80))
    pen.text(4, 26 + 4.6 * rows, f"TOTAL   {at.uniform(9, 99):.2f} EUR", 10, "mono", (60, 60, 70))
    return pen.sheet("receipt")


def draw_card(seed: int, dpi: float, *, back: bool = False) -> Sheet:
    """The size of an identity card; invented, and like none that exists."""
    pen = Pen(CARD, dpi, f"card {seed} {back}", (214, 226, 236))
    at = pen.random
    for row in range(18):
        shade = 205 + (row * 7) % 30
        pen.line([(3 * x, 3 * row + math.sin(x / 3 + row) * 1.5) for x in range(30)], 0.25, (shade, 215, 235))
    if back:
        for row in range(3):
            letters = "".join(at.choice("ABCDEFGHJKLMNPRSTUVWXYZ0123456789<<") for _ in range(30))
            pen.text(4, 33 + 6 * row, letters, 8.5, "mono")
        pen.text(5, 6, f"ADRESSE : {at.choice(STREETS)}", 6, "sans")
        pen.text(5, 12, at.choice(TOWNS), 6, "sans")
        return pen.sheet("card back")
    pen.text(4, 3, "CARTE DE VOYAGEUR DE VAUBRUNE", 7.5, "bold", (40, 50, 110))
    pen.box(4, 10, 25, 33, fill=(150, 160, 170), edge=None)
    pen.draw.ellipse([pen.px(v) for v in (10, 14, 23, 31)], fill=(205, 170, 150))
    pen.draw.ellipse([pen.px(v) for v in (6, 31, 27, 55)], fill=(60, 70, 100))
    pen.box(4, 43, 25, 11, fill=(214, 226, 236), edge=None)
    person = at.choice(PEOPLE).split()
    for row, (label, value) in enumerate(
        (("Nom", person[1].upper()), ("Prénom", person[0]), ("Né(e) le", "03.07.1949"))
    ):
        pen.text(33, 11 + 9 * row, label, 5, "sans", (70, 80, 120))
        pen.text(33, 14 + 9 * row, value, 8, "bold")
    pen.text(33, 40, f"N° {at.randrange(10**8, 10**9)}", 8, "mono")
    pen.scribble(58, 44, 22, 6, 0.35, INK)
    return pen.sheet("card")


def draw_photo(seed: int, dpi: float) -> Sheet:
    pen = Pen((150.0, 100.0), dpi, f"photo {seed}", (246, 246, 244))
    pen.picture(4, 4, 142, 92)
    return pen.sheet("photo", sided=False)


def draw_article(seed: int, dpi: float) -> Sheet:
    """Text around a large photograph."""
    pen = Pen(A4, dpi, f"article {seed}")
    pen.text(20, 15, "La Gazette du Plateau", 22, "serif")
    pen.picture(20, 32, 120, 85)
    y = pen.paragraph(20, 123, 80, 10, "roman", 6)
    pen.paragraph(110, 123, 80, 10, "roman", 6)
    pen.paragraph(20, y + 4, 168, 10, "roman", 3)
    return pen.sheet("article")


def draw_note(seed: int, dpi: float) -> Sheet:
    """Written by hand, in ink or in pencil; nothing of it is print."""
    pen = Pen(A4, dpi, f"note {seed}")
    at = pen.random
    colour = at.choice((BLUE, INK, (150, 150, 152), (175, 175, 176)))
    for row in range(at.randrange(4, 20)):
        pen.written(20, 25 + 11 * row, at.uniform(80, 160), 4.5, at.uniform(0.35, 0.6), colour)
    return pen.sheet("note", sided=False)


def draw_pencil(seed: int, dpi: float) -> Sheet:
    """A few faint words in pencil, and nothing else: not blank."""
    pen = Pen(A4, dpi, f"pencil {seed}", (248, 248, 246))
    at = pen.random
    grey = at.choice((205, 215, 222))
    for _ in range(at.randrange(1, 4)):
        pen.written(at.uniform(20, 70), at.uniform(20, 260), at.uniform(35, 90), 4.5, at.uniform(0.4, 0.6), (grey,) * 3)
    return pen.sheet("pencil", sided=False)


def draw_sparse(seed: int, dpi: float) -> Sheet:
    """The last page of a letter: a line, a signature, or the number of the page alone."""
    pen = Pen(A4, dpi, f"sparse {seed}")
    at, which = pen.random, seed % 4
    if which == 0:
        pen.text(20, at.uniform(20, 60), at.choice(SENTENCES)[:50], 10, "sans")
    elif which == 1:
        pen.scribble(110, at.uniform(40, 200), 45, 12, 0.45, BLUE)
    elif which == 2:
        pen.text(100, 283, f"{at.randrange(2, 9)}/9", 10, "sans")
    else:
        pen.text(60, 130, "Page laissée blanche intentionnellement", 9, "serif", (120, 120, 120))
    return pen.sheet("sparse", sided=which in (0, 3))


def _speck(pen: Pen, count: int, most: float) -> None:
    for _ in range(count):
        x, y = pen.random.uniform(5, 205), pen.random.uniform(5, 290)
        size, grey = pen.random.uniform(0.1, most), pen.random.randrange(60, 200)
        pen.draw.ellipse([pen.px(v) for v in (x, y, x + size, y + size)], fill=(grey,) * 3)


def _holes(pen: Pen) -> None:
    for y in (108.5, 188.5) if pen.random.random() < 0.5 else (28.5, 108.5, 188.5, 268.5):
        x = pen.random.uniform(9, 12)
        box = [pen.px(v) for v in (x, y, x + 5.5, y + 5.5)]
        grey = pen.random.choice((20, 90, 180, 225))
        pen.draw.ellipse(box, fill=(grey,) * 3)


def _through(pen: Pen, other: Sheet, strength: float) -> None:
    """What is on the other side, seen through the paper: mirrored, soft, weak."""
    back = cv2.GaussianBlur(other.pixels[:, ::-1], (0, 0), pen.px(pen.random.uniform(0.35, 0.6))).astype(np.float32)
    front = np.asarray(pen.image).astype(np.float32)
    pen.image = Image.fromarray(np.clip(front - strength * (back.max() - back), 0, 255).astype(np.uint8))
    pen.draw = ImageDraw.Draw(pen.image)


def draw_blank(seed: int, dpi: float) -> Sheet:
    """Nothing on it: clean, or with dust, holes, a grey or coloured paper, the other side showing through, a fold."""
    at = random.Random(f"blank {seed}")
    paper = at.choice(((250, 250, 248), (238, 238, 234), (222, 222, 216), (246, 240, 222), (215, 232, 240)))
    pen = Pen(A4, dpi, f"blank {seed}", paper)
    which = seed % 6
    if which in (1, 4):
        _through(pen, at.choice((draw_letter, draw_payslip, draw_form))(seed, dpi), at.uniform(0.03, 0.11))
    if which in (2, 4):
        _speck(pen, at.randrange(3, 40), 0.5)
    if which in (3, 4):
        _holes(pen)
    if which == 5:
        y = at.choice((99.0, 148.5))
        pen.line([(0, y), (210, y + at.uniform(-0.4, 0.4))], 0.5, tuple(max(0, one - 12) for one in paper))  # type: ignore[arg-type]
        pen.image = Image.fromarray(cv2.GaussianBlur(np.asarray(pen.image), (0, 0), max(0.6, pen.px(0.4))))
    return pen.sheet("blank", blank=True, sided=False)


SHEETS: dict[str, Callable[[int, float], Sheet]] = {
    "letter": draw_letter,
    "form": draw_form,
    "payslip": draw_payslip,
    "receipt": draw_receipt,
    "card": draw_card,
    "photo": draw_photo,
    "article": draw_article,
    "note": draw_note,
    "pencil": draw_pencil,
    "sparse": draw_sparse,
    "blank": draw_blank,
}
