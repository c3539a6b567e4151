"""What a screen says, and the voice that says it."""
