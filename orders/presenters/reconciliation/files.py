"""Settlement files: the list, and one file's page with its sums and bad lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import QuerySet

from orders.models import FileState, SettlementBadLine, SettlementFile
from orders.presenters.paging import cut
from orders.presenters.reconciliation.words import FILE_TONES, UNDER_WAY, added, sums_text
from orders.sentences import counted
from orders.templatetags.presentation import money_text

ROWS_PER_PAGE = 50
BAD_LINES_SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The filters of the list, as they stand in the address; what cannot be used is left out."""

    state: str = ""
    account: int | None = None
    day: date | None = None

    @property
    def query(self) -> str:
        """For the addresses of the pages."""
        words = {"state": self.state, "account": self.account or "", "date": self.day.isoformat() if self.day else ""}
        return urlencode({name: value for name, value in words.items() if value})


@dataclass(frozen=True, kw_only=True)
class FileRow:
    """One file in the list."""

    file: SettlementFile
    tone: str
    lines: str
    sums: str
    moving: bool


@dataclass(frozen=True, kw_only=True)
class FilePage:
    """One page of the list; `after` leads to the next one and is empty on the last."""

    chosen: Chosen
    rows: tuple[FileRow, ...]
    after: str
    first: bool

    @property
    def states(self) -> tuple[tuple[str, str], ...]:
        """What can be chosen, with its words."""
        return tuple((state.value, str(state.label)) for state in FileState if state is not FileState.TRIAL)


@dataclass(frozen=True, kw_only=True)
class Sums:
    """One currency's sums in a file, as texts."""

    currency: str
    lines: str
    counted: str
    """The lines with their noun."""
    gross: str
    fee: str
    net: str


def chosen_from(given: Mapping[str, str], accounts: Mapping[int, str]) -> Chosen:
    """The filters of an address."""
    state, account, day = given.get("state", ""), given.get("account", ""), given.get("date", "")
    known = {value for value in FileState.values if value != FileState.TRIAL}
    number = int(account) if account.isascii() and account.isdigit() and len(account) < 19 else None
    return Chosen(
        state=state if state in known else "", account=number if number in accounts else None, day=day_from(day)
    )


def day_from(text: str) -> date | None:
    """A day written as 2026-11-20; None for anything else."""
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def page_of(person: User, chosen: Chosen, *, after: int | None) -> FilePage:
    """Files before the id `after`, newest first, in one query."""
    rows = _filtered(SettlementFile.objects.of(person), chosen)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    shown = cut(rows.select_related("account", "merchant").order_by("-pk"), ROWS_PER_PAGE)
    return FilePage(
        chosen=chosen,
        rows=tuple(_row(file) for file in shown.rows),
        after=shown.after,
        first=after is None,
    )


def sums_of(file: SettlementFile) -> tuple[Sums, ...]:
    """What the lines come to, by currency."""
    totals: dict[str, Any] = file.totals if isinstance(file.totals, dict) else {}

    def text(name: str, currency: str) -> str:
        return money_text(added([totals], name).get(currency, 0), currency)

    lines = added([totals], "lines")
    return tuple(
        Sums(
            currency=currency,
            lines=f"{lines.get(currency, 0):,}",
            counted=counted(lines.get(currency, 0), "line"),
            gross=text("gross", currency),
            fee=text("fee", currency),
            net=text("net", currency),
        )
        for currency in sorted(totals)
    )


def bad_lines_of(file: SettlementFile, *, after: int | None) -> tuple[tuple[SettlementBadLine, ...], str]:
    """Bad lines behind a number, in their order, and the number that leads on."""
    rows = SettlementBadLine.objects.filter(file=file).order_by("number", "pk")
    if after is not None:
        rows = rows.filter(number__gt=after)
    found = list(rows[: BAD_LINES_SHOWN + 1])
    shown = found[:BAD_LINES_SHOWN]
    return tuple(shown), str(shown[-1].number) if len(found) > BAD_LINES_SHOWN else ""


def _filtered(rows: QuerySet[SettlementFile], chosen: Chosen) -> QuerySet[SettlementFile]:
    if chosen.state:
        rows = rows.filter(state=chosen.state)
    if chosen.account is not None:
        rows = rows.filter(account_id=chosen.account)
    return rows if chosen.day is None else rows.filter(business_date=chosen.day)


def _row(file: SettlementFile) -> FileRow:
    totals: dict[str, Any] = file.totals if isinstance(file.totals, dict) else {}
    return FileRow(
        file=file,
        tone=FILE_TONES[FileState(file.state)],
        lines=f"{file.lines:,}" if file.state in (FileState.APPLIED, FileState.REPLACED) else "—",
        sums=sums_text(added([totals], "net")),
        moving=file.state in UNDER_WAY,
    )
