"""What is said of documents of which nothing is made, and of those that do not fit; asked of the real worker."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from scanner import calls
from scanner.model import DOCUMENT_REFUSED, Refusal, ScanStage
from session import rpc
from tests.scanner.conftest import Sane
from tests.scanner.test_works import id_of, page, pages_of, put
from tests.scanner.worker import Worker, worker


@pytest.fixture
async def one(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Worker]:
    async with worker(sane, tmp_path, monkeypatch) as started:
        yield started


def empty(pages: int, password: str = "") -> bytes:
    """A PDF of so many white pages."""
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        for _ in range(pages):
            pdf.add_blank_page()
        pdf.save(out, encryption=pikepdf.Encryption(owner=password, user=password) if password else False)
    return out.getvalue()


def huge() -> bytes:
    """A picture that says that it has more pixels than are opened."""
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    return out.getvalue()


REFUSED: dict[Refusal, Callable[[], bytes]] = {
    Refusal.KIND: lambda: b"PK\x03\x04" + os.urandom(900),
    Refusal.BROKEN: lambda: empty(2)[:200] + bytes(300),
    Refusal.LOCKED: lambda: empty(1, "secret"),
    Refusal.TOO_LARGE: huge,
    Refusal.TOO_MANY_PAGES: lambda: empty(501),
    Refusal.EMPTY: lambda: b"",
}


@pytest.mark.parametrize("why", REFUSED)
async def test_why_a_document_is_not_opened(one: Worker, why: Refusal) -> None:
    path = one.places.documents / "document"
    path.write_bytes(REFUSED[why]())
    document = id_of(path)
    asked: list[tuple[str, type[object], dict[str, object]]] = [
        ("Describe", calls.Described, {"document": document}),
        ("Merge", calls.Made, {"documents": [document, document]}),
        ("Split", calls.Parts, {"document": document, "page": 2}),
        ("Read", calls.Text, {"document": document}),
    ]
    if path.stat().st_size > 10_000:  # what is under every limit is not looked at
        asked.append(("Fit", calls.Fitting, {"document": document, "limit": 10_000}))
    for method, kind, parameters in asked:
        if (method, why) in (("Read", Refusal.TOO_MANY_PAGES), ("Split", Refusal.TOO_LARGE)):
            continue  # its first page is read like any other; a picture has no pages
        with pytest.raises(rpc.Refused) as refused:
            await one.call(method, kind, **parameters)
        assert calls.refusal(refused.value.code) is why, method
    assert list(one.places.papers.iterdir()) == []


async def test_a_page_that_is_not_there(one: Worker) -> None:
    document = put(one, "deux.pdf", page(1), page(2))
    with pytest.raises(rpc.Refused) as refused:
        await one.call("Split", calls.Parts, document=document, page=9)
    assert calls.refusal(refused.value.code) is Refusal.NO_PAGE


def test_only_what_is_known_is_a_reason() -> None:
    assert calls.refusal("locked") is None
    assert calls.refusal(f"{DOCUMENT_REFUSED}dancing") is None


async def fitted(one: Worker, document: str, limit: int) -> list[calls.Fitting]:
    client = await rpc.Client.connect(one.socket, calls.INTERFACE)
    try:
        return [step async for step in client.stream("Fit", calls.Fitting, document=document, limit=limit)]
    finally:
        await client.close()


def piece(number: int = 1) -> Image.Image:
    return page(number).crop((100, 100, 720, 600))


async def test_what_does_not_fit_says_what_does(one: Worker) -> None:
    """Cut where it says, the first part fits; under as many bytes as it says, all of it."""
    document = put(one, "lourd.pdf", *(piece(number) for number in range(3)))
    limit = 26_000
    *steps, last = await fitted(one, document, limit)
    assert last.made is None
    assert last.too_small is not None
    assert (last.too_small.parts, last.too_small.pages) == (2, 2)
    assert [step.percent for step in steps] == sorted({step.percent for step in steps})
    assert len(steps) > 3
    parts = await one.call("Split", calls.Parts, document=document, page=last.too_small.pages + 1)
    for part, pages in ((parts.first, 2), (parts.second, 1)):
        made = (await fitted(one, part.document, limit))[-1].made
        assert made is not None
        assert made.size <= limit
        assert pages_of(one.places.papers / made.name) == pages
    whole = (await fitted(one, document, last.too_small.smallest))[-1].made
    assert whole is not None
    assert whole.size <= last.too_small.smallest


async def test_colours_that_are_lost_are_told(one: Worker) -> None:
    coloured = piece().convert("RGB")
    for at in range(0, 600, 40):
        coloured.paste((230, 120, (at * 7) % 255), (at, 0, at + 30, 60))
    document = put(one, "couleurs.pdf", coloured)
    for limit, lost in ((60_000, False), (20_000, True)):
        last = (await fitted(one, document, limit))[-1]
        assert last.made is not None
        assert last.lost_colour is lost


async def test_keeping_tells_how_far_it_is_and_can_be_stopped(one: Worker) -> None:
    state = await one.scan()
    assert state.newest == state.pages[-1].id
    await one.made()
    begun = len(one.states)
    keeping = asyncio.create_task(one.call("Keep", calls.Kept))
    await one.until(lambda state: state.stage is ScanStage.KEEPING)
    await one.call("StopKeep")
    with pytest.raises(rpc.Refused, match="stopped"):
        await keeping
    after = await one.until(lambda state: state.stage is ScanStage.DONE)
    assert [page.id for page in after.pages] == [page.id for page in state.pages]
    assert list(one.places.papers.iterdir()) == []
    kept = await one.call("Keep", calls.Kept)
    (path,) = one.places.papers.iterdir()
    assert (kept.document, pages_of(path)) == (id_of(path), len(state.pages))
    told = [state.percent for state in one.states[begun:] if state.stage is ScanStage.KEEPING]
    assert any(told), told
    await one.call("StopKeep")  # in vain, and without harm


async def test_a_page_that_was_taken_again_is_the_newest(one: Worker) -> None:
    pages = (await one.scan()).pages
    await one.made()
    await one.call("Retake", page=pages[2].id)
    again = await one.until(lambda state: state.newest == pages[2].id)
    assert [page.id for page in again.pages] == [page.id for page in pages]
