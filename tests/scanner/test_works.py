"""What the scan worker makes of documents, asked over its socket; the files are made and judged by other programs."""

from __future__ import annotations

import asyncio
import functools
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from scanner import calls
from scanner.document.raster import Pixels
from session import rpc
from tests.scanner.conftest import Sane
from tests.scanner.document.maker import lettered
from tests.scanner.worker import Worker, worker


@pytest.fixture
async def one(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Worker]:
    async with worker(sane, tmp_path, monkeypatch) as started:
        yield started


def put(one: Worker, name: str, *pages: Image.Image) -> str:
    """A PDF of these pages among the visitor's downloads, or one picture; its id."""
    path = one.places.documents / name
    pages[0].save(path, save_all=True, append_images=pages[1:], resolution=150, quality=95) if name.endswith(
        ".pdf"
    ) else pages[0].save(path, quality=95)
    return id_of(path)


def id_of(path: Path) -> str:
    status = path.stat()
    return f"{status.st_dev:x}-{status.st_ino:x}"


def pages_of(path: Path) -> int:
    said = subprocess.run(["pdfinfo", str(path)], check=True, capture_output=True, text=True).stdout
    return int(next(line.split()[1] for line in said.splitlines() if line.startswith("Pages:")))


async def fitted(one: Worker, document: str, limit: int) -> calls.Fitting:
    """The last that is said of it."""
    client = await rpc.Client.connect(one.socket, calls.INTERFACE)
    try:
        return [step async for step in client.stream("Fit", calls.Fitting, document=document, limit=limit)][-1]
    finally:
        await client.close()


def page(number: int = 1) -> Image.Image:
    """Each time a new one: Pillow keeps what it was saved with."""
    return Image.fromarray(_lettered(11 + number))


@functools.cache
def _lettered(points: int) -> Pixels:
    return lettered(dpi=150, points=points).pixels


async def test_a_document_is_described_and_shown(one: Worker) -> None:
    document = put(one, "trois pages.pdf", page(1), page(2), page(3))
    assert (await one.call("Describe", calls.Described, document=document)).pages == 3
    wanted = {"of": document, "version": 1, "page": 2, "width": 300, "height": 300}
    shown = await one.call("Picture", calls.PictureFile, **wanted)
    assert (one.places.pictures / shown.name).stat().st_size == 3 * shown.width * shown.height
    assert max(shown.width, shown.height) == 300
    assert await one.call("Picture", calls.PictureFile, **wanted) == shown


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("Describe", {}),
        ("Fit", {"limit": 50_000}),
        ("Split", {"page": 2}),
        ("Merge", {}),
    ],
)
async def test_what_is_no_document_is_refused_and_leaves_nothing(
    one: Worker, method: str, parameters: dict[str, object]
) -> None:
    path = one.places.documents / "programme.pdf"
    path.write_bytes(b"MZ" + os.urandom(90_000))
    named = {"documents": [id_of(path), id_of(path)]} if method == "Merge" else {"document": id_of(path)}
    with pytest.raises(rpc.Refused) as refused:
        await one.call(method, **named, **parameters)
    assert refused.value.code == "document_kind"
    assert list(one.places.papers.iterdir()) == []
    gone = {key: ["0-0", "0-0"] if key == "documents" else "0-0" for key in named}
    with pytest.raises(rpc.Refused, match="no_document"):
        await one.call(method, **gone, **parameters)


async def test_a_document_is_made_to_fit_beside_the_papers(one: Worker) -> None:
    document = put(one, "lourd.pdf", page(1), page(2))
    limit = (one.places.documents / "lourd.pdf").stat().st_size // 3
    made = (await fitted(one, document, limit)).made
    assert made is not None
    path = one.places.papers / made.name
    assert made.name.startswith(".")
    assert (made.document, made.size) == (id_of(path), path.stat().st_size)
    assert made.size <= limit
    assert pages_of(path) == 2


async def test_what_nobody_could_read_is_not_made(one: Worker) -> None:
    document = put(one, "lourd.pdf", page(1), page(2))
    last = await fitted(one, document, 10_000)
    assert last.made is None
    assert last.too_small is not None
    assert list(one.places.papers.iterdir()) == []


async def test_documents_are_joined_and_cut(one: Worker) -> None:
    first, second = put(one, "a.pdf", page(1), page(2)), put(one, "b.jpg", page(3))
    merged = await one.call("Merge", calls.Made, documents=[second, first])
    assert pages_of(one.places.papers / merged.name) == 3
    parts = await one.call("Split", calls.Parts, document=merged.document, page=2)
    assert [pages_of(one.places.papers / part.name) for part in (parts.first, parts.second)] == [1, 2]
    with pytest.raises(rpc.Refused, match="document_no_page"):
        await one.call("Split", calls.Parts, document=merged.document, page=9)


async def test_a_page_is_read_as_its_words_are_found(one: Worker) -> None:
    document = put(one, "lettre.pdf", page(1))
    client = await rpc.Client.connect(one.socket, calls.INTERFACE)
    try:
        said = [text async for text in client.stream("Read", calls.Text, document=document, page=1)]
    finally:
        await client.close()
    assert said[-1].whole
    assert len(said) > 1
    assert sum(len(line.split()) for line in said[-1].lines) > 20


async def test_making_it_fit_can_be_stopped(one: Worker) -> None:
    document = put(one, "long.pdf", *(page(number) for number in range(6)))
    asked = asyncio.create_task(fitted(one, document, 60_000))
    while not list(one.places.papers.glob(".*")):
        await asyncio.sleep(0.01)
        assert not asked.done()
    await one.call("StopFit")
    with pytest.raises(rpc.Refused, match="not_made"):
        await asked
    assert (await one.call("Describe", calls.Described, document=document)).pages == 6
    assert list(one.places.papers.iterdir()) == []
