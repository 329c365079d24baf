"""Where the lines of missed movements should stand: learned from how the account settled, else from its terms."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from orders.models import FileState, GatewayAccount, SettlementFile
from orders.reconciliation.calendar import Terms, add_business_days, business_date_of, due_on, last_day_in_time
from orders.reconciliation.discrepancies.case import Expectation, FileFacts, ItemFacts
from orders.reconciliation.matching.whereabouts import counting_matches

_AROUND = 3
"""So many payments before and after one that is missed are asked how they settled."""
_LONGEST = 15
"""Business days after which no learned habit is looked for."""
_FILES_MAXIMUM = 2_000
_AROUND_FILES = timedelta(days=35)
_SPAN_DAYS = 4
"""So many business days before and after a day show whether each has a file of its own."""
_MANY = 5
"""So many of one business date that came on an unusual day are a habit of their own."""


def expectations(account: GatewayAccount, items: Collection[ItemFacts], terms: Terms) -> dict[str, Expectation]:
    """For each item, by its key, the day its line was due and the file that covers it. Two queries."""
    dated = {item.key: (item, item.at) for item in items if item.at is not None}
    if not dated:
        return {}
    by_day, habit = _habits(account, [item for item, _ in dated.values()], terms)
    days = {key: _expected(terms, at, by_day, habit) for key, (_, at) in dated.items()}
    return _with_files(account, days, terms)


def _expected(terms: Terms, at: datetime, by_day: dict[date, Counter[date]], habit: int | None) -> Expectation:
    """By habit; some that came late or early make none, many of one business date that came on another day do."""
    executed_on = business_date_of(terms, at)
    settled = by_day.get(executed_on, Counter[date]())
    day = due_on(terms, at) if habit is None else add_business_days(terms, executed_on, habit)
    if not settled[day] and settled and settled.most_common(1)[0][1] >= _MANY:
        day = settled.most_common(1)[0][0]
    return Expectation(
        executed_on=executed_on,
        day=day,
        in_time_until=last_day_in_time(terms, at),
        neighbours=settled[day],
        learned=habit is not None,
    )


def _habits(
    account: GatewayAccount, items: Sequence[ItemFacts], terms: Terms
) -> tuple[dict[date, Counter[date]], int | None]:
    """The days on which neighbours were booked, by their business date, and the usual business days in between."""
    around = {item.transaction_id + step for item in items for step in range(-_AROUND, _AROUND + 1)}
    matches = counting_matches().filter(account=account, transaction_id__in=around, modification__isnull=False)
    rows = matches.values_list("modification__gateway_at", "modification__finished_at", "line__booked_on")
    by_day: defaultdict[date, Counter[date]] = defaultdict(Counter)
    apart: Counter[int] = Counter()
    for gateway_at, finished_at, booked_on in rows:
        if (executed_at := gateway_at or finished_at) is None:
            continue  # its line has met, and its gateway has not said yet when it was carried out
        executed_on = business_date_of(terms, executed_at)
        by_day[executed_on][booked_on] += 1
        steps = _steps(terms, executed_on, booked_on)
        if steps is not None:
            apart[steps] += 1
    return dict(by_day), apart.most_common(1)[0][0] if apart else None


def _steps(terms: Terms, executed_on: date, booked_on: date) -> int | None:
    """How many business days lie between; None for what is no habit."""
    return next((steps for steps in range(_LONGEST) if add_business_days(terms, executed_on, steps) >= booked_on), None)


def _with_files(account: GatewayAccount, days: dict[str, Expectation], terms: Terms) -> dict[str, Expectation]:
    wanted = sorted({expected.day for expected in days.values()})
    rows = SettlementFile.objects.filter(
        account=account,
        state=FileState.APPLIED,
        business_date__gte=wanted[0] - _AROUND_FILES,
        business_date__lte=wanted[-1] + _AROUND_FILES,
    ).order_by("business_date", "pk")
    files = list(rows[:_FILES_MAXIMUM])
    own = {row.business_date: row for row in reversed(files)}
    covering = {day: own.get(day) or _spanning(day, files, terms) for day in wanted}
    return {
        key: replace(expected, file=_file_facts(found) if (found := covering[expected.day]) else None)
        for key, expected in days.items()
    }


def _spanning(day: date, files: Sequence[SettlementFile], terms: Terms) -> SettlementFile | None:
    """A file of several days that holds this one. Where each day has a file of its own, none does: a line that came
    again or late makes no file of its day."""
    around = {add_business_days(terms, day, step) for step in range(-_SPAN_DAYS, _SPAN_DAYS + 1) if step}
    if len(around & {row.business_date for row in files}) * 2 >= len(around):
        return None
    return next((row for row in files if _file_facts(row).covers(day)), None)


def _file_facts(row: SettlementFile) -> FileFacts:
    """A file covers its business date and every day that its lines were booked on."""
    assert row.business_date is not None
    days = [day for day in (row.business_date, row.first_booked_on, row.last_booked_on) if day is not None]
    return FileFacts(id=row.pk, name=row.name, first=min(days), last=max(days), lines=row.lines)
