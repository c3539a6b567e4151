"""Real tmpfs mounts: as small and as closed as asked, found again whatever they are called, never forced away."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from session.environment import mounts
from session.environment.mounts import MountError, mount_tmpfs, mounted_below, unmount


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory below which everything is unmounted in the end."""
    yield tmp_path
    for point in mounted_below(tmp_path):
        subprocess.run(["/usr/bin/umount", point], check=True)


async def test_it_is_as_small_and_as_closed_as_asked(place: Path) -> None:
    await mount_tmpfs(place / "a", 8, 10)
    fields = next(
        line.split() for line in Path("/proc/mounts").read_text().splitlines() if line.split()[1] == str(place / "a")
    )
    options = set(fields[3].split(","))
    assert fields[2] == "tmpfs"
    assert {"nosuid", "nodev", "size=8192k", "nr_inodes=10", "mode=755"} <= options
    assert ("noswap" in options) == mounts.kernel_has_noswap()
    with pytest.raises(OSError, match="No space left"):
        (place / "a" / "big").write_bytes(bytes(9 << 20))
    (place / "a" / "big").unlink()
    for number in range(9):
        (place / "a" / str(number)).touch()
    with pytest.raises(OSError, match="No space left"):
        (place / "a" / "one-more").touch()
    await unmount(place / "a")
    assert list((place / "a").iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "a space",
        "tab\tand\nline feed",
        "back\\slash \\040",
        "\x85\u2028\x0b\x1c",
        os.fsdecode(b"\xff\xfe"),
        "-t",
        "é,ro",
    ],
)
async def test_whatever_it_is_called_it_is_found_and_unmounted(place: Path, name: str) -> None:
    await mount_tmpfs(place / name, 1, 10)
    assert mounted_below(place) == [place / name]
    assert mounted_below(place / name) == [place / name]
    await unmount(place / name)
    assert mounted_below(place) == []


async def test_each_can_be_unmounted_in_turn_and_neighbours_are_left_alone(place: Path) -> None:
    await mount_tmpfs(place / "a", 1, 50)
    await mount_tmpfs(place / "a" / "b" / "c", 1, 10)
    await mount_tmpfs(place / "a" / "b" / "c" / "d", 1, 10)
    await mount_tmpfs(place / "ab", 1, 10)
    await mount_tmpfs(place / "a" / "b" / "c", 1, 10)  # one over the other
    found = mounted_below(place / "a")
    assert found.count(place / "a" / "b" / "c") == 2
    assert found[-1] == place / "a"
    assert place / "ab" not in found
    (place / "link").symlink_to(place / "a")
    assert mounted_below(place / "link") == found
    for point in found:
        await unmount(point)
    assert mounted_below(place) == [place / "ab"]


async def test_one_that_is_held_is_not_unmounted(place: Path) -> None:
    await mount_tmpfs(place / "a", 1, 10)
    with (place / "a" / "file").open("w"), pytest.raises(MountError, match="busy"):
        await unmount(place / "a")
    assert mounted_below(place) == [place / "a"]
    await unmount(place / "a")
    with pytest.raises(MountError, match="not mounted"):
        await unmount(place / "a")


async def test_one_that_cannot_be_made_is_an_error_with_mounts_own_words(place: Path) -> None:
    with pytest.raises(MountError, match="memory disk"):
        await mount_tmpfs(place / "a", -5, 10)
    assert mounted_below(place) == []


async def test_run_gives_both_outputs_takes_input_and_speaks_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    monkeypatch.setenv("SECRET", "value")
    code, said = await mounts.run("/bin/sh", "-c", "cat; echo out; echo err >&2; env; exit 7", stdin=b"in\n")
    assert code == 7
    assert said.splitlines()[:3] == ["in", "out", "err"]
    assert "LC_ALL=C" in said
    assert "SECRET" not in said
    assert await mounts.run("/bin/true", stdin=b"not read") == (0, "")


async def test_a_run_that_is_given_up_leaves_no_process() -> None:
    running = asyncio.create_task(mounts.run("/usr/bin/sleep", "1000"))
    async with asyncio.timeout(5):
        while not any(child.name() == "sleep" for child in psutil.Process().children()):
            await asyncio.sleep(0.002)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert not [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
