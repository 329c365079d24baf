"""Whose file it is, found out from its first lines: the one active profile whose columns and account name fit.

Only a line that names the account proves whose money it is; columns alone are told as candidates and never believed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date
from enum import Enum
from typing import BinaryIO

from orders.database import database_now
from orders.models import ProfileState, SettlementProfile
from orders.modifications.refusals import Refused
from orders.reconciliation.files.binding import Binding, bound
from orders.reconciliation.files.closing import Closing
from orders.reconciliation.files.mapping import FIELDS, Mapping
from orders.reconciliation.files.plain import BadMapping
from orders.reconciliation.files.preview import SAMPLE_LIMITS
from orders.reconciliation.files.reading import FileRefused, Reading, blank
from orders.reconciliation.files.unpacking import ZIP, Bytes

Opened = Callable[[], Iterable[bytes] | BinaryIO]
"""The file's bytes from their beginning, each time it is called; the beginning alone is enough for a text."""

_ROWS = 20
"""So many lines that name the account are enough,"""
_ROWS_AT_MOST = 500
"""and so many are read to find them: blank, short and closing ones, too. Somebody may be waiting for the answer."""
_TEXT_BYTES = 1024**2
"""Of a text, unpacked."""
_NAMED = 8


class _Fit(Enum):
    NOT = 0
    COLUMNS = 1
    ACCOUNT = 2


def recognised(opened: Opened, *, accounts: Collection[int] | None = None) -> SettlementProfile:
    """The profile, with its account, that alone fits the file; among these accounts, or all. Raises Refused."""
    rows = SettlementProfile.objects.filter(state=ProfileState.ACTIVE).select_related("account__merchant")
    rows = rows if accounts is None else rows.filter(account__in=list(accounts))
    today = database_now().date()
    fits = [(profile, _fit(profile, opened, today)) for profile in rows.order_by("account__name", "name")]
    sure = [profile for profile, fit in fits if fit is _Fit.ACCOUNT]
    if len(sure) == 1:
        return sure[0]
    if sure:
        raise _nobody_knows(f"The file fits several profiles: {_names(sure)}.")
    alike = [profile for profile, fit in fits if fit is _Fit.COLUMNS]
    if alike:
        raise _nobody_knows(f"The file's columns fit {_names(alike)}, but no line says whose it is.")
    raise _nobody_knows("No active profile fits the file's columns and the account that its lines name.")


def _nobody_knows(why: str) -> Refused:
    return Refused(
        f"{why} Nothing was taken. Say which account the file belongs to, and bring it again.", code="account"
    )


def _names(profiles: list[SettlementProfile]) -> str:
    names = [f"{profile.account.name} ({profile.name})" for profile in profiles]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _fit(profile: SettlementProfile, opened: Opened, today: date) -> _Fit:
    try:
        mapping = Mapping.from_json(profile.mapping)
        table = Reading(_beginning(opened), mapping, limits=SAMPLE_LIMITS, today=today).open()
        named = _account_cell(bound(mapping, table.header, table.width))
    except (BadMapping, FileRefused):
        return _Fit.NOT
    closing = Closing(mapping, mapping.trailer) if mapping.trailer else None
    looked = 0
    try:
        for number, cells in itertools.islice(table.rows, _ROWS_AT_MOST):
            if looked == _ROWS:
                break
            if blank(cells) or (closing is not None and closing.takes(number, cells)):
                continue
            account = named(cells)
            if account is None:
                continue
            if mapping.account_value and account != mapping.account_value:
                return _Fit.NOT
            looked += 1
    except FileRefused:  # the beginning of a text, or of its gzip, ends in the middle
        pass
    return _Fit.ACCOUNT if _is_told_by_the_lines(mapping) and looked else _Fit.COLUMNS


def _is_told_by_the_lines(mapping: Mapping) -> bool:
    """A profile may say the account itself, the same of every file; then no line does."""
    source = mapping.columns.get("account")
    return bool(mapping.account_value and source is not None and not source.constant)


def _beginning(opened: Opened) -> Iterator[bytes]:
    """A workbook whole, and the first bytes of a text, unpacked. Raises FileRefused where there would be more.

    So a line over which the beginning ends is never taken for a whole one.
    """
    content, left = Bytes(opened(), SAMPLE_LIMITS), _TEXT_BYTES
    content.open()
    workbook = content.head.startswith(ZIP)
    for piece in content:
        yield piece if workbook else piece[:left]
        left -= len(piece)
        if left < 0 and not workbook:
            raise FileRefused("To find out whose file it is, only its beginning is read.")


def _account_cell(binding: Binding) -> Callable[[list[str]], str | None]:
    """What a row's cells say of whose it is; None for a row that is short or shifted, whose cells say nothing."""
    width, place = binding.width, FIELDS.index("account")

    def named(cells: list[str]) -> str | None:
        if len(cells) < width or not blank(cells[width:]):
            return None
        cells = cells[:width] + binding.constants
        for first, other in binding.others:
            cells[first] = cells[first] or cells[other]
        return binding.pick(cells)[place].strip()

    return named
