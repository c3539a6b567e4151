"""The demonstration site, for the stations of these tests."""

from __future__ import annotations

from tests.station.fixtures import portal

__all__ = ["portal"]
