"""A session's life and its wipe."""

__version__ = "0.1.0"
