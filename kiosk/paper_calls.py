"""The calls of the screens of papers, made at the desk: it has the documents, and knows the other rooms.

Each name of `kiosk.papers.Calls` is a method of the desk. Those of a room that a station has not are made by no button:
no snapshot shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from kiosk.papers import Picture, called
from kiosk.pictures import Pictures
from kiosk.words import Words
from printing.model import PrintJob
from scanner.model import Correction
from session.papers import Label, Papers
from session.procedures.model import Status


class Call(Protocol):
    """Calls a method of the desk without waiting; what is refused is said."""

    def __call__(self, name: str, **parameters: Any) -> None: ...


class PaperCalls:
    """`papers` is the present snapshot; `words` those in which a site is told what a document is called."""

    def __init__(self, call: Call, papers: Callable[[], Papers], words: Words, pictures: Pictures) -> None:
        self._call, self._papers, self._words = call, papers, words
        self.pictures = pictures

    def picture(self, of: str, version: int, page: int = 1) -> Picture | None:
        return self.pictures.get(of, version, page)

    # The scanner
    def look_for_scanner(self) -> None:
        self._call("Look")

    def scan(self) -> None:
        self._call("Scan")

    def stop_scan(self) -> None:
        self._call("StopScan")

    def scan_card(self, on: bool) -> None:
        self._call("Card", on=on)

    def retake(self, page: str) -> None:
        self._call("Retake", page=page)

    def turn(self, page: str) -> None:
        self._call("Turn", page=page)

    def move(self, page: str, by: int) -> None:
        self._call("Move", page=page, by=by)

    def drop_page(self, page: str) -> None:
        self._call("DropPage", page=page)

    def correct(self, page: str, correction: Correction, on: bool) -> None:
        self._call("Correct", page=page, correction=correction.value, on=on)

    def keep_scan(self) -> None:
        self._call("Keep")

    def stop_keep(self) -> None:
        self._call("StopKeep")

    # My documents
    def name(self, document: str, label: Label) -> None:
        self._call("Name", document=document, label=label.value)

    def drop(self, document: str) -> None:
        self._call("Drop", document=document)

    def fit(self, document: str) -> None:
        self._call("Fit", document=document)

    def fit_under(self, document: str, limit: int) -> None:
        self._call("FitUnder", document=document, limit=limit)

    def keep_fit(self, document: str) -> None:
        self._call("KeepFit", document=document)

    def leave_fit(self, document: str) -> None:
        self._call("LeaveFit", document=document)

    def merge(self, documents: tuple[str, ...]) -> None:
        self._call("Merge", documents=list(documents))

    def split(self, document: str, page: int) -> None:
        self._call("Split", document=document, page=page)

    def read(self, document: str, page: int) -> None:
        self._call("Read", document=document, page=page)

    def leave_reading(self) -> None:
        self._call("LeaveReading")

    def copy_to_key(self, documents: tuple[str, ...]) -> None:
        self._call("CopyToKey", documents=self._named(documents or self._all()))

    def take_from_key(self, file: str) -> None:
        self._call("TakeFromKey", file=file)

    def leave_key(self) -> None:
        self._call("LeaveKey")

    # The picker
    def send(self, picker: str, documents: tuple[str, ...]) -> None:
        self._call("Send", picker=picker, documents=self._named(documents))

    # Printing
    def print_document(self, document: str) -> None:
        self._call("PrintDocument", document=document)

    def print_as(self, job: PrintJob) -> None:
        self._call("PrintAs", job=msgspec.to_builtins(job))

    def print_now(self, job: str) -> None:
        self._call("PrintNow", job=job)

    def leave_print(self, job: str) -> None:
        self._call("LeavePrint", job=job)

    # Procedures
    def begin(self, procedure: str) -> None:
        self._call("Begin", procedure=procedure)

    def set_paper(self, paper: str, status: Status) -> None:
        self._call("SetPaper", paper=paper, status=status.value)

    def print_missing(self) -> None:
        self._call("PrintMissing")

    # Within

    def _all(self) -> tuple[str, ...]:
        return tuple(one.id for one in self._papers().documents or () if one.complete)

    def _named(self, documents: tuple[str, ...]) -> list[dict[str, str]]:
        """With what each is called: the desk has no words, and whoever gets the file sees its name."""
        there = {one.id: one for one in self._papers().documents or ()}
        return [
            {"document": one, "name": called(self._words, there[one]) if one in there else ""} for one in documents
        ]
