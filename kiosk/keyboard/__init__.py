"""The on-screen keyboard without its picture: what keys there are, what a tap on one does, and who types it."""
