"""PINs and their hashes. Run as a program, it compares one PIN with the station's hashes: in a process of its own, as
nobody, so that the root process needs neither the library nor the memory and the time that Argon2 takes.

`python -m session.agent.pins` reads one JSON object (`Question`) from descriptor 3 and writes `1` or `0` to
descriptor 4.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

import argon2
import msgspec

READ_FD, WRITE_FD = 3, 4

_HASHER = argon2.PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1, type=argon2.Type.ID)
"""32 MiB, about 0.1 s on a small PC. A stolen file of six digits falls to anybody with patience all the same: what
protects them is that only root may read it, and that a station takes few tries."""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pin: str
    hashes: tuple[str, ...]


def hashed(pin: str) -> str:
    return _HASHER.hash(pin)


def matches(untrusted_pin: str, hashes: Iterable[str]) -> bool:
    """Whether it is one of them. All are compared, whichever it is, so that the time taken says nothing."""
    found = False
    for one in hashes:
        try:
            found |= _HASHER.verify(one, untrusted_pin)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHash):
            continue
    return found


def main() -> int:
    with open(READ_FD, "rb") as asked, open(WRITE_FD, "wb", buffering=0) as answer:
        try:
            question = msgspec.json.decode(asked.read(), type=Question)
        except msgspec.DecodeError:
            return 2  # and no word of it: it has the PIN in it
        answer.write(b"1" if matches(question.pin, question.hashes) else b"0")
    return 0


if __name__ == "__main__":
    # A traceback could hold what was typed.
    sys.excepthook = lambda *_: os._exit(70)
    sys.exit(main())
