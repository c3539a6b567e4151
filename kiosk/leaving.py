"""What a visit that ends would lose or leave behind, said before it does: pure, from the snapshots. No Kivy here."""

from __future__ import annotations

from kiosk.words import Words
from session.papers import KeyStage, Papers


def lost(say: Words, papers: Papers) -> str:
    """What is neither sent, printed nor copied; empty where there is nothing of it."""
    left = sum(not paper.used for paper in papers.documents or ())
    told = [say.count("confirm_end.left", left)] if left else []
    if papers.scanner is not None and papers.scanner.pages:
        told.append(say("leaving.pages"))
    return " ".join(told)


def copying(papers: Papers) -> int | None:
    """Percent of a copy to the key that is under way."""
    key = papers.key
    return key.percent if key is not None and key.stage is KeyStage.COPYING else None


def plugged(papers: Papers) -> bool:
    """Whether a key is in, which is to be taken."""
    return papers.key is not None and papers.key.plugged


def briefly(say: Words, papers: Papers) -> str:
    """What to know before the visit ends, where there is little room and less time: a copy under way first."""
    if copying(papers) is not None:
        return f"{say('leaving.copying_title')}."
    return " ".join(filter(None, (lost(say, papers), say("leaving.key") if plugged(papers) else "")))
