"""What `marchepied` says of a station: one line for each state, with what it means and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from session.model import AgentStage, EndReason, Network, Snapshot, State, Trouble, WarningKind, WipeSummary
from session.receipts import CheckResult, Receipt

SEE_LOG = "The log says more: journalctl -u marchepied"

_REASONS = {
    EndReason.VISITOR: "the visitor was done",
    EndReason.IDLE: "nobody touched it any more",
    EndReason.TIME_OVER: "its time was over",
    EndReason.AGENT: "an agent ended it",
    EndReason.OUT_OF_SERVICE: "the station was taken out of service",
    EndReason.DISPLAY_LOST: "the display server died",
    EndReason.COMPONENT_FAILED: "a component died too often",
    EndReason.NO_MEMORY: "no memory was left",
    EndReason.LEFTOVERS: "a previous run had left something behind",
    EndReason.STOPPING: "Marchepied was stopped",
    EndReason.INTERNAL: "Marchepied made a mistake",
}

_TROUBLES = {
    Trouble.OPERATOR: ("somebody took it out of service.", "To bring it back: marchepied in-service"),
    Trouble.WIPE_UNVERIFIED: (
        "it could not prove that the last session was erased, so nobody may use it.",
        "See which check failed: marchepied receipts --last 1. Then restart the machine: it erases first",
    ),
    Trouble.NO_DISPLAY: (
        "the display server does not start.",
        f"Check the screen, its cable and [display] in station.toml. {SEE_LOG}",
    ),
    Trouble.NO_BROWSER: (
        "the browser does not start.",
        f"Check that the chromium package is installed, and [browser] in station.toml. {SEE_LOG}",
    ),
    Trouble.NO_MEMORY: (
        "the machine has not enough memory for a session.",
        "Lower environment.memory_mib in station.toml, or end what else runs on this machine",
    ),
    Trouble.NO_NETWORK_GUARD: (
        "the rules that keep a visitor away from this machine and the local network cannot be put in force.",
        f"Check that the nftables package is installed, and [network] in station.toml. {SEE_LOG}",
    ),
    Trouble.BAD_POLICY: (
        "the browser does not obey the station's rules.",
        f"Check the hosts of [[sites]]: marchepied config check. {SEE_LOG}",
    ),
    Trouble.STATE_UNWRITABLE: (
        "receipts cannot be written, so no erasure could be proved.",
        f"Check that the disk is neither full nor read-only. {SEE_LOG}",
    ),
    Trouble.COMPONENT_FAILS: ("a component dies again and again.", SEE_LOG),
    Trouble.INTERNAL: ("Marchepied made a mistake.", f"Try: marchepied in-service. {SEE_LOG}"),
}

_STATES = {
    State.PREPARING: "Preparing",
    State.READY: "Ready",
    State.ACTIVE: "In use",
    State.WARNING: "In use, about to end",
    State.ENDING: "Erasing",
    State.OUT_OF_SERVICE: "Out of service",
    State.MAINTENANCE: "In maintenance",
}

REFUSALS = {
    ("end", "wrong_state"): "there is no session to end.",
    ("out-of-service", "unprintable"): "the text has characters that cannot be shown.",
    ("maintenance", "unprintable"): "the text has characters that cannot be shown.",
    ("in-service", "wrong_state"): "the station is not out of service.",
}
"""(command, code) -> why."""


def status(snapshot: Snapshot, now: float) -> Iterator[str]:
    """Lines for `marchepied status`. `now` is CLOCK_MONOTONIC in seconds."""
    yield f"{_headline(snapshot)}."
    if snapshot.ends_at is not None:
        yield f"  ends in {_duration(snapshot.ends_at - now)} at the latest; {_extensions(snapshot)}"
    if snapshot.idle_ends_at is not None and snapshot.warning is None:
        yield f"  ends in {_duration(snapshot.idle_ends_at - now)} if nobody touches it"
    if snapshot.warning is not None:
        yield f"  ends in {_duration(snapshot.warning.ends_at - now)} unless the visitor answers"
    if snapshot.trouble is not None:
        yield f"  what to do: {_TROUBLES[snapshot.trouble][1]}."
    if snapshot.note:
        yield f"  note: {printable(snapshot.note)}"
    if snapshot.network is Network.DOWN:
        yield "  the network is down: this machine has no default route (`ip route`)"
    if snapshot.memory_low:
        yield "  little memory is left for this session"
    if snapshot.last_wipe is not None:
        yield f"  {_erased(snapshot.last_wipe)}"
    if snapshot.demonstration:
        yield "  This is a demonstration: not for use by the public."


def change(snapshot: Snapshot) -> str:
    """One line for `marchepied watch`, the same as long as nothing but the time has changed."""
    parts = [_headline(snapshot)]
    if snapshot.ends_at is not None:
        parts.append(_extensions(snapshot))
    if snapshot.note:
        parts.append(f"note: {printable(snapshot.note)}")
    return "; ".join(parts)


def _headline(snapshot: Snapshot) -> str:
    text = f"{_STATES[snapshot.state]} (environment {snapshot.generation})"
    if snapshot.state is State.PREPARING and snapshot.ready:
        text += f": {', '.join(snapshot.ready)} up"
    if snapshot.state is State.READY:
        text += ": a clean station waits for a visitor"
    if snapshot.warning is not None:
        idle = snapshot.warning.kind is WarningKind.IDLE
        text += ": nobody touches it" if idle else ": its time is nearly over"
        text += ", the visitor can stay" if snapshot.warning.can_extend else ", no extension is left"
    text += _agent(snapshot)
    if snapshot.trouble is not None:
        text += f": {_TROUBLES[snapshot.trouble][0].removesuffix('.')}"
    return text


def _agent(snapshot: Snapshot) -> str:
    agent = snapshot.agent
    text = ": the agent is called" if agent.called_at is not None else ""
    if agent.stage is not AgentStage.AWAY:
        text += ": the browser stands still for the agent"
    return text + (": the agent has stepped back" if agent.private else "")


def _extensions(snapshot: Snapshot) -> str:
    left = snapshot.extensions_left
    return f"{left or 'no'} extension{'' if left == 1 else 's'} left"


def _erased(wipe: WipeSummary) -> str:
    proof = "and verified" if wipe.verified else "but NOT VERIFIED"
    return (
        f"last session: ended because {_REASONS[wipe.reason]}; erased {proof} in {wipe.milliseconds} ms, "
        f"receipt {printable(wipe.receipt)}"
    )


def receipts(rows: Iterable[Receipt]) -> Iterator[str]:
    """A table, one line for each receipt."""
    yield f"{'number':>8}  {'ended (UTC)':19}  {'took':>9}  {'verified':8}  ended because"
    for receipt in rows:
        ended = receipt.ended_at.replace("T", " ").removesuffix("Z")
        verified = "yes" if receipt.verified else "NO"
        line = f"{receipt.number:>8}  {ended}  {receipt.milliseconds:>6} ms  {verified:8}  "
        line += _REASONS[receipt.reason]
        failed = [step.name for step in receipt.steps if not step.ok]
        failed += [check.name for check in receipt.checks if check.result is CheckResult.FAILED]
        yield line + (f"; failed: {', '.join(failed)}" if failed else "")


def _duration(seconds: float) -> str:
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min" if minutes >= 10 or not rest else f"{minutes} min {rest} s"


def printable(untrusted_text: str) -> str:
    """Without anything that a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in untrusted_text)
