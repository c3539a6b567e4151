"""`python -m session` is the `marchepied` command."""

from session.cli.main import entry

if __name__ == "__main__":
    entry()
