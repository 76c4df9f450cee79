"""Disks for an output folder: a small tmpfs where this process may mount one, else the next best limit."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class SmallDisk:
    """A folder with little room.

    Who may not mount (a user, some containers) gets a limit on the size of every single file instead of all together.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], capture_output=True, check=False
        )
        self.is_mounted = mounted.returncode == 0
        self._room = 0

    def give(self, room: int) -> None:
        """Let there be ``room`` bytes, of which some may be taken."""
        self._room = room
        self._remount(f"size={room}")

    def close_for_writing(self, closed: bool) -> None:
        """Let nothing be changed, or everything again."""
        if self.is_mounted:
            self._remount("ro" if closed else "rw")
        else:
            self.folder.chmod(0o555 if closed else 0o755)

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Where there is no disk of its own: no file may be larger than the room."""
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        if not self.is_mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self._room, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    def umount(self) -> None:
        """Give the disk back."""
        if self.is_mounted:
            subprocess.run(["umount", self.folder], check=True)

    def _remount(self, option: str) -> None:
        if self.is_mounted:
            subprocess.run(["mount", "-o", f"remount,{option}", self.folder], check=True)
