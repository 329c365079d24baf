"""The drop folders: files that somebody copies there are taken, and moved to `done` or, with a sentence, to `refused`.

A file is taken once its size has stood still. While it is read it lies in `taken`. Each account has its folder; what
lies above them, in SETTLEMENT_DROP_DIR itself, belongs to the account that its own lines name.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

import structlog
from django.conf import settings

from orders.models import FileState, GatewayAccount, SettlementFile, SettlementProfile, SettlementTerms, Source
from orders.modifications import bell
from orders.modifications.refusals import Refused
from orders.reconciliation.drop_folder import DONE, REFUSED, DropFolder, drop_folder
from orders.reconciliation.files.admitting import known_file
from orders.reconciliation.files.receiving import append_part, begin_upload, finish_upload
from orders.reconciliation.files.recognising import recognised
from orders.reconciliation.files.storing import PART_BYTES, in_parts
from orders.reconciliation.files.uploads import forget_upload
from orders.reconciliation.runs import work_on

log = structlog.get_logger(__name__)

STILL_SECONDS = 10.0
"""So long a file must not have changed."""
AT_MOST = 20
"""Files of one folder in one look."""


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """What became of one file of a drop folder: `state` is done, refused or waiting; `account` may be unknown."""

    account: str
    name: str
    state: str
    sentence: str
    file_id: int | None = None


def take_drops(*, still_seconds: float = STILL_SECONDS, at_once: bool = True) -> list[Dropped]:
    """Look into every folder. One that cannot be read does not stop the others.

    `at_once` works each file off before the next one; otherwise a worker is rung, and a later look puts the file away.
    """
    if settings.SETTLEMENT_DROP_DIR is None:
        return []
    base = Path(settings.SETTLEMENT_DROP_DIR).resolve()
    taken: list[Dropped] = []
    for account, path in [*_folders(base), (None, base)]:
        try:
            with drop_folder(path) as folder:
                look = _Look(folder, account, still_seconds=still_seconds, at_once=at_once)
                taken += look.put_away_what_was_read()
                taken += look.take()
        except OSError as problem:
            log.warning("A drop folder cannot be read.", account=account and account.name, problem=problem.strerror)
        except Exception:
            log.exception("A file of a drop folder could not be worked off; it is tried again.", folder=path.name)
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


def _folders(base: Path) -> Iterator[tuple[GatewayAccount, Path]]:
    for terms in SettlementTerms.objects.exclude(drop_folder="").select_related("account__merchant").order_by("pk"):
        name = terms.drop_folder
        if name in (".", "..") or "/" in name or "\0" in name:
            log.warning("A drop folder's name is none.", account=terms.account.name)
            continue
        yield terms.account, base / name


class _Look:
    """One look into one folder; without an account each file says by itself whose it is."""

    def __init__(
        self, folder: DropFolder, account: GatewayAccount | None, *, still_seconds: float, at_once: bool
    ) -> None:
        self._folder, self._account = folder, account
        self._still_seconds, self._at_once = still_seconds, at_once

    def put_away_what_was_read(self) -> Iterator[Dropped]:
        """What an earlier look took; what is still being read stays."""
        for name, number, plain in self._folder.taken():
            file = SettlementFile.objects.select_related("account").filter(pk=number).first()
            if file is None:
                continue
            if self._at_once:
                work_on(file.pk)
                file.refresh_from_db()
            try:
                yield self._ended(file, plain, as_taken=name)
            except OSError as problem:
                log.warning("A file that was read cannot be put away.", file=file.pk, problem=problem.strerror)

    def take(self) -> Iterator[Dropped]:
        """What stands still, a few at a time."""
        taken = 0
        for name in self._folder.names():
            try:
                dropped = self._take_one(name)
            except OSError as problem:  # one that cannot be opened or moved does not stand in the way of the others
                name_of = self._account and self._account.name
                log.warning("A dropped file cannot be taken.", account=name_of, problem=problem.strerror)
                continue
            except Exception:  # nor does one over which something else fails; the next look tries it again
                log.exception("A dropped file cannot be taken.", account=self._account and self._account.name)
                continue
            if dropped is not None:
                yield dropped
                taken += 1
            if taken == AT_MOST:
                return

    def _take_one(self, name: str) -> Dropped | None:
        """None while somebody still writes it."""
        handle = self._folder.open(name)
        with os.fdopen(handle, "rb") as content:
            before = os.fstat(handle)
            if not stat.S_ISREG(before.st_mode) or time.time() - before.st_mtime < self._still_seconds:
                return None
            try:
                file = self._received(name, content)
            except Refused as refusal:
                self._folder.put_away(name, REFUSED, refusal.sentence)
                who = self._account.name if self._account else ""
                return Dropped(account=who, name=name, state="refused", sentence=refusal.sentence)
        if file is None:
            return None
        if self._at_once:
            work_on(file.pk)
            file.refresh_from_db()
        return self._ended(file, name)

    def _received(self, name: str, content: BufferedReader) -> SettlementFile | None:
        """The stored file; bytes that are known are not stored again, and None when they changed while being read."""
        before = os.fstat(content.fileno())
        account, profile = self._owner(content)
        content.seek(0)
        known = known_file(account, hashlib.file_digest(content, "sha256").hexdigest())
        if known is not None:
            return known
        content.seek(0)
        size = before.st_size
        file = begin_upload(account, name=name, expected_size=size, profile=profile, by=None, source=Source.SETTLEMENT)
        try:
            arrived = 0
            for piece in in_parts(iter(lambda: content.read(PART_BYTES), b"")):
                arrived = append_part(file, offset=arrived, content=piece)
            if _marks(os.fstat(content.fileno())) == _marks(before):
                return finish_upload(file).file
            return None
        finally:
            forget_upload(file)

    def _owner(self, content: BufferedReader) -> tuple[GatewayAccount, SettlementProfile | None]:
        if self._account is not None:
            return self._account, None

        def opened() -> BufferedReader:
            content.seek(0)
            return content

        profile = recognised(opened)
        return profile.account, profile

    def _ended(self, file: SettlementFile, name: str, *, as_taken: str = "") -> Dropped:
        """Put it where its state says; while it waits or is read it lies in `taken`, and a worker is rung."""
        if file.state in (FileState.WAITING, FileState.LOADING):
            if not as_taken:
                self._folder.take(name, file.pk)
                if not self._at_once:
                    bell.ring_settlement(file.account_id)
            state, sentence = "waiting", "It is stored and waits to be read."
        elif file.state == FileState.REFUSED:
            state, sentence = "refused", file.problem
            self._folder.put_away(name, REFUSED, sentence, as_taken=as_taken)
        else:
            state, sentence = "done", f"It counts: {file.lines:,} lines."
            self._folder.put_away(name, DONE, sentence, as_taken=as_taken)
        return Dropped(account=file.account.name, name=name, state=state, sentence=sentence, file_id=file.pk)


def _marks(seen: os.stat_result) -> tuple[int, int]:
    return (seen.st_size, seen.st_mtime_ns)
