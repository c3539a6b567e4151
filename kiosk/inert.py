"""How long what has just appeared takes no taps, our own screens and the browser's pages alike."""

INERT_SECONDS = 0.4
"""The second half of a double tap was meant for what was there before; many people tap twice by habit."""
