"""Proofs of what Marchepied promises, on a running station: `python -m tests.prove NAME...`."""
