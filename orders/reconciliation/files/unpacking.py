"""The bytes as they came, measured and unzipped while they flow; nothing is ever held whole."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from orders.reconciliation.files.refusals import FileRefused, Limits

PIECE = 256 * 1024
GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"
_STRANGERS = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls); save it as XLSX or CSV",
    b"%PDF": "a PDF; ask the gateway for the CSV or XLSX of the same day",
    b"PK\x05\x06": "an empty ZIP archive",
    b"BZh": "packed with bzip2; unpack it first",
    b"\xfd7zXZ": "packed with xz; unpack it first",
    b"7z\xbc\xaf": "a 7-Zip archive; unpack it first",
}


class Bytes:
    """The file's bytes in pieces, unzipped where they are gzip; iterates once. `read` counts the bytes as they came.

    Raises FileRefused for a file that is empty, too large, packed too tightly, cut inside its gzip, or nothing that
    could hold lines.
    """

    def __init__(self, content: Iterable[bytes] | BinaryIO, limits: Limits) -> None:
        self.read = 0
        self.gzip = False
        self._limits = limits
        self._raw = self._counted(_pieces(content))
        self.head = b""

    def open(self) -> None:
        """Read the first bytes, so that `head` and `gzip` tell what the file is."""
        self.head = self._first(4)
        if not self.head:
            raise FileRefused("The file is empty.")
        if self.head.startswith(GZIP):
            self.gzip = True
            self._raw = self._unzipped(self.head, self._raw)
            self.head = self._first(4)
            if self.head.startswith(GZIP):
                raise FileRefused("The file is packed twice; unpack it once.")
            if not self.head:
                raise FileRefused("The gzip file holds nothing.")
        for mark, what in _STRANGERS.items():
            if self.head.startswith(mark):
                raise FileRefused(f"The file is {what}.")
        if self.head[:1000].lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
            raise FileRefused(
                "The file is a web page or XML, not a table; perhaps a login page was saved in its place."
            )

    def __iter__(self) -> Iterator[bytes]:
        yield self.head
        yield from self._raw

    def _first(self, least: int) -> bytes:
        head = b""
        while len(head) < least and (piece := next(self._raw, None)) is not None:
            head += piece
        return head

    def _counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.read += len(piece)
            if self.read > self._limits.raw_bytes:
                raise FileRefused(f"The file is larger than {in_megabytes(self._limits.raw_bytes)}.")
            if piece:
                yield piece

    def _unzipped(self, head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
        unzip, unpacked = zlib.decompressobj(wbits=31), 0
        try:
            for piece in _and_then(head, rest):
                waiting = piece
                while waiting:
                    if unzip.eof:
                        unzip = zlib.decompressobj(wbits=31)
                    part = unzip.decompress(waiting, PIECE)
                    unpacked += len(part)
                    self._unpacked_is_sane(unpacked)
                    if part:
                        yield part
                    waiting = unzip.unused_data if unzip.eof else unzip.unconsumed_tail
        except zlib.error as problem:
            raise FileRefused("The gzip file is damaged, so it cannot be unpacked to its end.") from problem
        if not unzip.eof:
            raise FileRefused("The gzip file ends before its end: it was cut on its way.")

    def _unpacked_is_sane(self, unpacked: int) -> None:
        if unpacked > self._limits.unpacked_bytes:
            raise FileRefused(f"The gzip file holds more than {in_megabytes(self._limits.unpacked_bytes)}.")
        if unpacked > max(self._limits.ratio_from_bytes, self.read * self._limits.unpacked_ratio):
            raise FileRefused(
                f"The gzip file grows to more than {self._limits.unpacked_ratio} times its size; no honest file does."
            )


def in_megabytes(size: int) -> str:
    return f"{size // 1024**2:,} MiB"


def _pieces(content: Iterable[bytes] | BinaryIO) -> Iterator[bytes]:
    read = getattr(content, "read", None)
    if read is None:
        yield from content
        return
    while piece := read(PIECE):
        yield piece


def _and_then(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
