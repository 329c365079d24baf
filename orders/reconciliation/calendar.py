"""When money is due: business dates, cut-offs and holidays of an account, in its gateway's own time zone. Pure.

A business date's window ends at the cut-off, by the clock of the zone; what is executed at the cut-off or later belongs
to the next business day. A cut-off of 00:00 is midnight at the end of the day. Windows are compared as instants, so a
clock that is put forward or back neither loses nor doubles an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orders.models import SettlementTerms

EVERY_WORKDAY = frozenset({1, 2, 3, 4, 5})
DAY = timedelta(days=1)
GREENWICH = ZoneInfo("UTC")


@dataclass(frozen=True, kw_only=True)
class Terms:
    """An account's calendar. `business_days` are ISO weekdays, never none; delay and patience count business days."""

    zone: ZoneInfo = GREENWICH
    cut_off: time = time(0)
    business_days: frozenset[int] = EVERY_WORKDAY
    holidays: frozenset[date] = frozenset()
    delay_days: int = 2
    patience_days: int = 1
    expected_from: date | None = None

    @classmethod
    def of(cls, row: SettlementTerms | None) -> Self:
        """The calendar that a row describes. What a row cannot mean (no such zone, no business day) is the default."""
        if row is None:
            return cls()
        weekdays = frozenset(int(digit) for digit in row.business_days if digit in "1234567")
        return cls(
            zone=_zone(row.time_zone),
            cut_off=row.cut_off,
            business_days=weekdays or EVERY_WORKDAY,
            holidays=frozenset(_dates(row.holidays)),
            delay_days=row.delay_days,
            patience_days=row.patience_days,
            expected_from=row.expected_from,
        )


def is_business_day(terms: Terms, day: date) -> bool:
    """Whether the gateway books on this day."""
    return day.isoweekday() in terms.business_days and day not in terms.holidays


def next_business_day(terms: Terms, day: date) -> date:
    """The first business day after `day`."""
    day += DAY
    while not is_business_day(terms, day):
        day += DAY
    return day


def previous_business_day(terms: Terms, day: date) -> date:
    """The last business day before `day`."""
    day -= DAY
    while not is_business_day(terms, day):
        day -= DAY
    return day


def add_business_days(terms: Terms, day: date, days: int) -> date:
    """The business day so many business days after `day`, before it if negative; `day` itself for none."""
    step = next_business_day if days > 0 else previous_business_day
    for _ in range(abs(days)):
        day = step(terms, day)
    return day


def window_end(terms: Terms, day: date) -> datetime:
    """The instant in UTC from which on nothing belongs to `day` any more."""
    last = day if terms.cut_off > time(0) else day + DAY
    return datetime.combine(last, terms.cut_off, terms.zone).astimezone(UTC)


def business_date_of(terms: Terms, instant: datetime) -> date:
    """The business day to which an execution at this instant belongs."""
    day = instant.astimezone(terms.zone).date()
    if instant >= window_end(terms, day):
        day += DAY
    return day if is_business_day(terms, day) else next_business_day(terms, day)


def last_closed(terms: Terms, now: datetime) -> date:
    """The latest business day whose window has ended."""
    return previous_business_day(terms, business_date_of(terms, now))


def due_on(terms: Terms, executed_at: datetime) -> date:
    """The business day on which an execution is expected in a settlement file."""
    return add_business_days(terms, business_date_of(terms, executed_at), terms.delay_days)


def last_day_in_time(terms: Terms, executed_at: datetime) -> date:
    """The last day on which its line may be booked without being late: due, and the patience after it."""
    return add_business_days(terms, due_on(terms, executed_at), terms.patience_days)


def is_late(terms: Terms, executed_at: datetime, day: date) -> bool:
    """Whether a line booked on `day`, or none until then, is late."""
    return day > last_day_in_time(terms, executed_at)


def late_before(terms: Terms, today: date) -> datetime:
    """Everything executed before this instant is late on `today`; nothing executed at it or after it is."""
    last = previous_business_day(terms, today)
    return window_end(terms, add_business_days(terms, last, -(terms.delay_days + terms.patience_days)))


def start_of(terms: Terms, day: date) -> datetime:
    """The instant from which on an execution belongs to `day`, if it is a business day, or to a later one."""
    return window_end(terms, previous_business_day(terms, day))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return GREENWICH


def _dates(texts: Iterable[object]) -> Iterable[date]:
    for text in texts if isinstance(texts, list) else ():
        try:
            yield date.fromisoformat(str(text))
        except ValueError:
            continue
