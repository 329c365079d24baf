"""The archive that a workbook is: measured before a part is opened, and each part looked through before it is read."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from typing import IO, cast

from orders.reconciliation.files.refusals import FileRefused, Limits
from orders.reconciliation.files.unpacking import in_megabytes
from orders.reconciliation.files.workbook_markup import look_through

MOST_MEMBERS = 2_000
_TYPES = "[Content_Types].xml"
_LONGEST_LIST = 2 * 1024**2
"""The archive's list of its parts is read whole before anything can be counted."""
_DAMAGED = "The workbook is damaged, or was cut on its way."


def inspect(spool: IO[bytes], size: int, limits: Limits, beat: Callable[[], None]) -> None:
    """Refuse what a library could not read in a small memory, whatever name a part goes by. Raises FileRefused.

    `beat` is called at every piece of every part and may raise what it likes.
    """
    try:
        archive = zipfile.ZipFile(cast("IO[bytes]", _Sparing(spool)))
    except FileRefused:
        raise
    except Exception as problem:
        raise FileRefused(_DAMAGED) from problem
    with archive:
        members = archive.infolist()
        _measure(members, size, limits)
        for member in members:
            try:
                part = archive.open(member)
            except Exception as problem:
                raise FileRefused(_DAMAGED) from problem
            with part:
                look_through(part, limits, beat)


def _measure(members: list[zipfile.ZipInfo], size: int, limits: Limits) -> None:
    names = {member.filename for member in members}
    if _TYPES not in names or not any(name.startswith("xl/") for name in names):
        raise FileRefused("The file is a ZIP archive, not a workbook; unpack it first.")
    unpacked = sum(member.file_size for member in members)
    if len(members) > MOST_MEMBERS or unpacked > limits.unpacked_bytes:
        raise FileRefused(
            f"The workbook would unpack to more than {in_megabytes(limits.unpacked_bytes)} or too many parts."
        )
    if unpacked > max(limits.ratio_from_bytes, size * limits.unpacked_ratio):
        raise FileRefused(
            f"The workbook grows to more than {limits.unpacked_ratio} times its size, as no honest file does."
        )
    if len(names) < len(members):
        raise FileRefused("The workbook holds a part twice, so no one can say which of them counts.")
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
        # Python unpacks the other kinds without asking how much may come out at once.
        raise FileRefused("The workbook is packed in a way that no spreadsheet program uses; save it again.")


class _Sparing:
    """The file as `zipfile` reads it, of which it is never given much at once: its list of parts has no other limit."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > _LONGEST_LIST:
            raise FileRefused("The workbook has too many parts to be read.")
        return self._file.read(_LONGEST_LIST if size < 0 else size)
