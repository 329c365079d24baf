"""In which transactions a file's rows are written: each database is kept busy, and nobody else is kept waiting.

On PostgreSQL a COPY takes the rows while the next ones are read, so that both processes work at once. On SQLite, which
has one writer at a time, rows are collected and written in turns too short to be noticed.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from django.db import connection
from django.db import transaction as database_transaction
from django.db.models import Max

from orders.models import SettlementFile, SettlementLine
from orders.reconciliation.files.identity import Identities
from orders.reconciliation.files.normalising import Row
from orders.reconciliation.files.pace import Pace
from orders.reconciliation.files.writing import COPY, Numbered, copied, first_numbers, insert_lines

Renew = Callable[[], None]
"""Called inside every transaction: keeps the turn, or raises when it was lost."""
Progress = Callable[[], dict[str, Any]]
"""Columns of the file's row that say how far its reading has come."""

_SILENCE_SECONDS = 1.0
"""After which a turn is renewed although there is nothing to write."""


def writer_of(file: SettlementFile, *, renew: Renew, progress: Progress) -> Writer:
    """The way of this database; to be used as a context, which an error leaves without the unfinished turn."""
    way = Copying if connection.vendor == "postgresql" else Inserting
    return way(file, renew=renew, progress=progress)


class Writer(ABC):
    """Writes rows behind those that an earlier try wrote; every transaction renews the turn and tells the progress.

    A context: what is under way when an error leaves it is taken back. `finish` before it ends.
    """

    _at_once: int

    def __init__(self, file: SettlementFile, *, renew: Renew, progress: Progress) -> None:
        self._file, self._renew, self._progress = file, renew, progress
        self._identities = Identities(file.account_id, self._first_numbers)
        last = SettlementLine.objects.filter(file=file).aggregate(Max("number"))["number__max"]
        self._written: int = -1 if last is None else last
        self._rows: list[Row] = []

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def take(self, row: Row) -> None:
        """Rows come in the order of their numbers."""
        self._rows.append(row)
        if len(self._rows) >= self._at_once:
            self.put()

    @abstractmethod
    def put(self) -> None:
        """Write what was taken."""

    def finish(self) -> None:
        """That was the last row: write what is left, and commit."""
        self.put()

    @abstractmethod
    def between_parts(self) -> None:
        """The file's next part is asked for: free the connection, and renew a turn of which nothing came for long."""

    @abstractmethod
    def beat(self) -> None:
        """Rows go by of which none may be taken: renew the turn, and leave no transaction idle, when that is due."""

    @abstractmethod
    def pause(self) -> None:
        """Somebody has a question to the database: its connection is free until the next row is taken."""

    def _numbered(self) -> Numbered:
        """What was taken and is not written yet, with identities."""
        rows, self._rows = self._rows, []
        pairs: Numbered = list(zip(rows, self._identities.of(rows), strict=True))
        if rows and rows[0].number <= self._written:
            return [pair for pair in pairs if pair[0].number > self._written]
        return pairs

    def _first_numbers(self, identities: Sequence[str]) -> dict[str, int]:
        self.pause()
        return first_numbers(self._file, identities)

    def _tell(self) -> None:
        SettlementFile.objects.filter(pk=self._file.pk).update(**self._progress())


class Inserting(Writer):
    """Turns that follow the pace which the database showed so far."""

    def __init__(self, file: SettlementFile, *, renew: Renew, progress: Progress) -> None:
        super().__init__(file, renew=renew, progress=progress)
        self._pace = Pace()
        self._at_once = self._pace.size
        self._told = time.monotonic()

    def put(self) -> None:
        rows = self._numbered()
        with self._pace.timed(), database_transaction.atomic():
            self._renew()
            if rows:
                insert_lines(self._file, rows)
            self._tell()
        self._at_once = self._pace.size
        self._told = time.monotonic()

    def between_parts(self) -> None:
        if time.monotonic() > self._told + _SILENCE_SECONDS:
            self.put()

    def beat(self) -> None:
        self.between_parts()

    def pause(self) -> None:
        """Nothing is under way between two turns."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """A turn takes itself back."""


class Copying(Writer):
    """A transaction of a third of a second, in it a COPY that is fed some hundred rows at a time.

    The turn is renewed last, so that its row is held for a moment only; who lost it takes its rows back.
    """

    _at_once = 500
    _SECONDS = 0.3

    def __init__(self, file: SettlementFile, *, renew: Renew, progress: Progress) -> None:
        super().__init__(file, renew=renew, progress=progress)
        self._transaction, self._copying = ExitStack(), ExitStack()
        self._under_way = False
        self._copy: Any = None
        self._due = time.monotonic() + self._SECONDS

    def put(self) -> None:
        rows = self._numbered()
        if rows:
            self._begin()
            if self._copy is None:
                self._copying.enter_context(connection.wrap_database_errors)
                cursor = self._copying.enter_context(connection.cursor())
                self._copy = self._copying.enter_context(cursor.copy(COPY))
            with connection.wrap_database_errors:
                self._copy.write(copied(self._file, rows))
        if time.monotonic() > self._due:
            self._commit()

    def finish(self) -> None:
        self.put()
        self._commit()

    def between_parts(self) -> None:
        if time.monotonic() > self._due:
            self._commit()
        else:
            self.pause()

    def beat(self) -> None:
        if time.monotonic() > self._due:
            self._commit()

    def pause(self) -> None:
        self._copy = None
        self._copying.close()

    def _begin(self) -> None:
        if not self._under_way:
            self._transaction.enter_context(database_transaction.atomic())
            self._under_way = True

    def _commit(self) -> None:
        self.pause()
        self._begin()
        self._renew()
        self._tell()
        self._under_way = False
        self._transaction.close()
        self._due = time.monotonic() + self._SECONDS

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._copying.__exit__(kind, error, trace)
        finally:
            self._transaction.__exit__(kind, error, trace)
