"""A file's bytes in the database, in compressed parts: kept for evidence, read again from any process."""

from __future__ import annotations

import hashlib
import itertools
import zlib
from collections.abc import Callable, Iterable, Iterator

from orders.models import FileState, SettlementFile, SettlementFilePart

PART_BYTES = 1024 * 1024
_FETCHED = 4
"""Parts of one question to the database."""


def pack(content: bytes) -> bytes:
    """Fast rather than small: a part is written while somebody looks at a progress bar."""
    return zlib.compress(content, level=1)


def add_part(file: SettlementFile, number: int, content: bytes) -> None:
    """Store a piece at its place, in the caller's database transaction."""
    SettlementFilePart.objects.create(file=file, number=number, content=pack(content))


def content_of(file_id: int, *, asking: Callable[[], None] = lambda: None) -> Iterator[bytes]:
    """The bytes as they came, a part at a time; some are fetched at once, and no cursor stays open between.

    `asking` is called before each question to the database.
    """
    parts = SettlementFilePart.objects.filter(file_id=file_id).order_by("number").values_list("content", flat=True)
    for first in itertools.count(0, _FETCHED):
        asking()
        some = list(parts.filter(number__gte=first, number__lt=first + _FETCHED))
        if not some:
            return
        yield from map(zlib.decompress, some)


def in_parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of one part each, the last one shorter; none for nothing."""
    kept = bytearray()
    for chunk in chunks:
        kept += chunk
        while len(kept) >= PART_BYTES:
            yield bytes(kept[:PART_BYTES])
            del kept[:PART_BYTES]
    if kept:
        yield bytes(kept)


def sha256_of(file_id: int) -> str:
    """The hash of the stored bytes."""
    digest = hashlib.sha256()
    for content in content_of(file_id):
        digest.update(content)
    return digest.hexdigest()


def forget(file: SettlementFile) -> None:
    """Delete a file that is still being received, or a trial, a part at a time. Others are kept for evidence.

    Its size is taken away first: who finishes it in this moment is refused, and a file that waits already stays.
    """
    row = SettlementFile.objects.filter(pk=file.pk)
    if not row.filter(state=FileState.RECEIVING).update(size=0) and not row.filter(state=FileState.TRIAL).exists():
        return
    parts = SettlementFilePart.objects.filter(file=file)
    while (last := parts.order_by("-number").values_list("pk", flat=True).first()) is not None:
        SettlementFilePart.objects.filter(pk=last).delete()
    file.delete()
