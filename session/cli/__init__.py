"""The `marchepied` command."""
