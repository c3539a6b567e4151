"""The agent at the screen: who it may be, and what it may ask."""
