"""One drop folder: what lies in it, and how a file of it is put away. Names are only names: links are not followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orders.database import database_now

TAKEN, DONE, REFUSED = "taken", "done", "refused"
PUT_AWAY = (TAKEN, DONE, REFUSED)
"""Folders beside the files: being read, counted, and refused with a sentence."""
_NAME_BYTES = 240
"""A file system takes 255, and the sentence's file adds its ending."""
_UNFINISHED = (".part", ".partial", ".tmp", ".filepart", ".crdownload")


class DropFolder:
    """A handle of the folder itself, so that a link put in its place later leads nowhere."""

    def __init__(self, place: int) -> None:
        self.place = place

    def names(self) -> list[str]:
        """Files that somebody finished writing, as far as their names tell."""
        return _names(self.place)

    def open(self, name: str) -> int:
        """A handle of the file, never of what a link points at. Raises OSError."""
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self.place)

    def taken(self) -> list[tuple[str, int, str]]:
        """Name, number of the stored file and name as it was dropped of each that was taken and not put away yet."""
        with suppress(FileNotFoundError), _inside(self.place, TAKEN) as folder:
            split = [(name, *name.partition("-")[::2]) for name in _names(folder)]
            return [(name, int(number), plain) for name, number, plain in split if number.isdecimal()]
        return []

    def take(self, name: str, number: int) -> None:
        """Move the file out of the way while its stored copy is read."""
        self._move(self.place, name, TAKEN, _short(f"{number}-{name}"))

    def put_away(self, name: str, where: str, sentence: str, *, as_taken: str = "") -> None:
        """Move it to `done`, or to `refused` with the sentence as a text beside it; `as_taken` is its name there."""
        new = _short(f"{database_now():%Y%m%dT%H%M%S%f}-{name}")
        if as_taken:
            with _inside(self.place, TAKEN) as folder:
                self._move(folder, as_taken, where, new)
        else:
            self._move(self.place, name, where, new)
        if where == REFUSED:
            with _inside(self.place, where) as folder:
                note = os.open(f"{new}.txt", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640, dir_fd=folder)
            with os.fdopen(note, "w", encoding="utf-8") as text:
                text.write(f"{sentence}\n")

    def _move(self, source: int, name: str, where: str, new: str) -> None:
        with suppress(FileExistsError):
            os.mkdir(where, 0o750, dir_fd=self.place)
        with _inside(self.place, where) as folder:
            os.rename(name, new, src_dir_fd=source, dst_dir_fd=folder)


@contextmanager
def drop_folder(path: Path) -> Iterator[DropFolder]:
    """Raises OSError when it is not there, or a link."""
    place = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield DropFolder(place)
    finally:
        os.close(place)


@contextmanager
def _inside(place: int, name: str) -> Iterator[int]:
    folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
    try:
        yield folder
    finally:
        os.close(folder)


def _names(place: int) -> list[str]:
    with os.scandir(place) as entries:
        return sorted(
            entry.name
            for entry in entries
            if not entry.name.startswith((".", "~"))
            and not entry.name.casefold().endswith(_UNFINISHED)
            and entry.is_file(follow_symlinks=False)
        )


def _short(name: str) -> str:
    return os.fsdecode(os.fsencode(name)[:_NAME_BYTES])
