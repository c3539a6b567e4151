"""The throw-away users: five numbers in a row, with no name, password, home or login anywhere.

They are numbers only so that nothing has to be made, and nothing can be forgotten, per session (a peer ran out of
guest accounts after a year: ubuntu/lightdm#179). The default range is one that systemd leaves to nobody
(systemd.io/UIDS-GIDS: dynamic users begin at 61184).
"""

from __future__ import annotations

import msgspec

COUNT = 5


class Users(msgspec.Struct, frozen=True):
    first: int = 60900

    @property
    def screen(self) -> int:
        return self.first

    @property
    def visitor(self) -> int:
        return self.first + 1

    @property
    def printing(self) -> int:
        return self.first + 2

    @property
    def scanning(self) -> int:
        return self.first + 3

    @property
    def keys(self) -> int:
        """Who reads visitors' USB keys."""
        return self.first + 4

    @property
    def all(self) -> frozenset[int]:
        return frozenset(range(self.first, self.first + COUNT))
