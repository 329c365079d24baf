"""The drop folder: files that somebody copies there are taken, and moved to `done` or, with a sentence, to `refused`.

A file is taken once its size has stood still. Names are only names: links are not followed, nothing leaves the folder.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

import structlog
from django.conf import settings

from orders.database import database_now
from orders.models import FileState, GatewayAccount, SettlementFile, SettlementTerms, Source
from orders.modifications.refusals import Refused
from orders.reconciliation.files.receiving import append_part, begin_upload, finish_upload, forget_upload, known_file
from orders.reconciliation.files.storing import PART_BYTES, in_parts
from orders.reconciliation.runs import work_on

log = structlog.get_logger(__name__)

STILL_SECONDS = 10.0
"""So long a file must not have changed."""
AT_MOST = 20
"""Files of one account in one look."""
_NAME_BYTES = 240
"""A file system takes 255, and the sentence's file adds its ending."""
_UNFINISHED = (".part", ".partial", ".tmp", ".filepart", ".crdownload")


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """What became of one file of a drop folder: `state` is done, refused or waiting."""

    account: str
    name: str
    state: str
    sentence: str
    file_id: int | None = None


def take_drops(*, still_seconds: float = STILL_SECONDS) -> list[Dropped]:
    """Look into every account's folder. One that cannot be read does not stop the others."""
    if settings.SETTLEMENT_DROP_DIR is None:
        return []
    taken: list[Dropped] = []
    for terms in SettlementTerms.objects.exclude(drop_folder="").select_related("account__merchant").order_by("pk"):
        try:
            taken += _take_folder(terms.account, terms.drop_folder, still_seconds)
        except OSError as problem:
            log.warning("A drop folder cannot be read.", account=terms.account.name, problem=problem.strerror)
        except Exception:
            log.exception("A file of a drop folder could not be worked off; it is tried again.", folder=terms.pk)
    return taken


def account_of_folder(path: Path) -> GatewayAccount | None:
    """The account into whose drop folder this path points."""
    if settings.SETTLEMENT_DROP_DIR is None:
        return None
    folder, base = path.resolve().parent, Path(settings.SETTLEMENT_DROP_DIR).resolve()
    if folder.parent != base:
        return None
    terms = SettlementTerms.objects.filter(drop_folder=folder.name).select_related("account__merchant").first()
    return terms.account if terms else None


def _take_folder(account: GatewayAccount, folder: str, still_seconds: float) -> Iterator[Dropped]:
    base = settings.SETTLEMENT_DROP_DIR
    if base is None or folder in (".", "..") or "/" in folder or "\0" in folder:
        log.warning("A drop folder's name is none.", account=account.name)
        return
    with _opened(Path(base) / folder) as place:
        taken = 0
        for name in sorted(_names(place)):
            try:
                dropped = _take_one(account, place, name, still_seconds)
            except OSError as problem:  # one that cannot be opened or moved does not stand in the way of the others
                log.warning("A dropped file cannot be taken.", account=account.name, problem=problem.strerror)
                continue
            if dropped is not None:
                yield dropped
                taken += 1
            if taken == AT_MOST:
                return


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """A handle of the folder itself, so that a link put in its place later leads nowhere."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield place
    finally:
        os.close(place)


def _names(place: int) -> Iterator[str]:
    with os.scandir(place) as entries:
        for entry in entries:
            hidden = entry.name.startswith((".", "~")) or entry.name.casefold().endswith(_UNFINISHED)
            if not hidden and entry.is_file(follow_symlinks=False):
                yield entry.name


def _take_one(account: GatewayAccount, place: int, name: str, still_seconds: float) -> Dropped | None:
    """None while somebody still writes it."""
    handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place)
    with os.fdopen(handle, "rb") as content:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode) or time.time() - before.st_mtime < still_seconds:
            return None
        try:
            file = _received(account, name, content)
        except Refused as refusal:
            return _moved(account, place, name, "refused", refusal.sentence, None)
    if file is None:
        return None
    work_on(file.pk)
    file.refresh_from_db()
    if file.state in (FileState.WAITING, FileState.LOADING):
        return Dropped(account=account.name, name=name, state="waiting", sentence="It waits.", file_id=file.pk)
    if file.state == FileState.REFUSED:
        return _moved(account, place, name, "refused", file.problem, file)
    return _moved(account, place, name, "done", f"It counts: {file.lines:,} lines.", file)


def _received(account: GatewayAccount, name: str, content: BufferedReader) -> SettlementFile | None:
    """The stored file; bytes that are known are not stored again, and None when they changed while they were read."""
    before = os.fstat(content.fileno())
    known = known_file(account, hashlib.file_digest(content, "sha256").hexdigest())
    if known is not None:
        return known
    content.seek(0)
    file = begin_upload(account, name=name, expected_size=before.st_size, by=None, source=Source.SETTLEMENT)
    try:
        size = 0
        for piece in in_parts(iter(lambda: content.read(PART_BYTES), b"")):
            size = append_part(file, offset=size, content=piece)
        if _marks(os.fstat(content.fileno())) == _marks(before):
            return finish_upload(file).file
        return None
    finally:
        forget_upload(file)


def _marks(seen: os.stat_result) -> tuple[int, int]:
    return (seen.st_size, seen.st_mtime_ns)


def _moved(
    account: GatewayAccount, place: int, name: str, where: str, sentence: str, file: SettlementFile | None
) -> Dropped:
    """Move it into a folder beside it, under a name of its own, with the sentence as a text where it was refused."""
    with suppress(FileExistsError):
        os.mkdir(where, 0o750, dir_fd=place)
    target = os.open(where, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
    try:
        new = os.fsdecode(os.fsencode(f"{database_now():%Y%m%dT%H%M%S%f}-{name}")[:_NAME_BYTES])
        os.rename(name, new, src_dir_fd=place, dst_dir_fd=target)
        if where == "refused":
            note = os.open(f"{new}.txt", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640, dir_fd=target)
            with os.fdopen(note, "w", encoding="utf-8") as text:
                text.write(f"{sentence}\n")
    finally:
        os.close(target)
    return Dropped(
        account=account.name, name=name, state=where, sentence=sentence, file_id=file.pk if file is not None else None
    )
