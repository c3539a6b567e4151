"""Where the visitor is led when the papers change: pure, as `kiosk.view` is."""

from __future__ import annotations

import msgspec

from kiosk.view import Local, Side
from printing.model import PrintJob
from scanner.model import ScannedPage
from session.papers import Papers

NEXT = "next"
"""Chosen at the scanner: the next page is to be laid down. A page's id there: that one, once more."""


def settle(local: Local, before: Papers, after: Papers) -> Local:
    """What stays of `local`: nothing that is about what has gone."""
    if _picker(before) != _picker(after):
        # Other documents for another site: what was tapped before must not be sent unseen.
        local = msgspec.structs.replace(local, side=None, chosen="", picked=())
    gone = {paper.id for paper in before.documents or ()} - {paper.id for paper in after.documents or ()}
    if local.chosen in gone:
        local = msgspec.structs.replace(local, side=Side.DOCUMENTS, chosen="")
    job = _job(before)
    if job is not None and _job(after) is None:
        local = _after_printing(local, job, after)
    return _at_scanner(local, before, after)


def _after_printing(local: Local, job: PrintJob, after: Papers) -> Local:
    """Back to the document, or to the page of the site, that was printed."""
    if job.document in {paper.id for paper in after.documents or ()}:
        return msgspec.structs.replace(local, side=Side.DOCUMENT, chosen=job.document)
    if local.side in (Side.LOOK, Side.PRINT_CHOICES):
        return msgspec.structs.replace(local, side=None, chosen="")
    return local


def _at_scanner(local: Local, before: Papers, after: Papers) -> Local:
    about_page = local.side is Side.DROP and local.chosen in {page.id for page in _pages(before)}
    if not about_page and local.side not in (Side.SCANNER, Side.REVIEW, Side.SCAN_PAGE, Side.FIXES):
        return local
    new = _newest(before, after)
    if new is not None and not _pages(after):
        # The pages have become a document: it gets its name, or is sent at once.
        side = Side.NAME if after.picker is None else None
        return msgspec.structs.replace(local, side=side, chosen=new)
    stages = [None if one.scanner is None else one.scanner.stage for one in (before, after)]
    if local.side is Side.SCANNER:
        return local if stages[0] is stages[1] else msgspec.structs.replace(local, chosen="")
    if not _pages(after):
        return msgspec.structs.replace(local, side=Side.SCANNER, chosen="")
    if local.side is not Side.REVIEW and local.chosen not in {page.id for page in _pages(after)}:
        return msgspec.structs.replace(local, side=Side.REVIEW, chosen="")
    return local


def _pages(papers: Papers) -> tuple[ScannedPage, ...]:
    return papers.scanner.pages if papers.scanner is not None else ()


def _picker(papers: Papers) -> str | None:
    return papers.picker.id if papers.picker is not None else None


def _job(papers: Papers) -> PrintJob | None:
    return papers.printing.job if papers.printing is not None else None


def _newest(before: Papers, after: Papers) -> str | None:
    known = {paper.id for paper in before.documents or ()}
    return next((paper.id for paper in reversed(after.documents or ()) if paper.id not in known), None)
