"""The reconciliation's home: today's answer in one sentence, what to do next, and every figure with its list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.urls import reverse

from orders.models import DiscrepancyState, DiscrepancyType, FileState
from orders.presenters.reconciliation.answer import Answer, Standing, answer_of
from orders.presenters.reconciliation.charts import Trend, rate_text, shares, trend_of
from orders.presenters.reconciliation.flow import Flow, day_of, flows_of, settled_of, trend_days
from orders.presenters.reconciliation.home_reading import Arrival, Moving, Reading, Unsettled
from orders.presenters.reconciliation.words import UNDER_WAY, day_text, sums_text, worth_text
from orders.reconciliation.ageing import BUCKETS, bucket_of
from orders.sentences import counted

_URGENCY = [type_.value for type_ in DiscrepancyType]
_ERRANDS_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class AccountChoice:
    """An account of the person."""

    id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class Errand:
    """Something to do next, and where."""

    tone: str
    sentence: str
    href: str
    link: str


@dataclass(frozen=True, kw_only=True)
class Share:
    """A row of a table of discrepancies: how many, what they are worth, where they stand; `length` of its bar."""

    label: str
    tone: str
    count: int
    value: str
    href: str
    length: int


@dataclass(frozen=True, kw_only=True)
class AccountRow:
    """How one account stands."""

    name: str
    href: str
    tone: str
    word: str
    last_day: str
    files_href: str
    runs_href: str
    lines: str
    settled: str
    rate: str
    unsettled: int
    value: str
    unsettled_href: str


@dataclass(frozen=True, kw_only=True)
class Home:
    """Everything the page shows."""

    answer: Answer
    errands: tuple[Errand, ...]
    ages: tuple[Share, ...]
    types: tuple[Share, ...]
    accounts: tuple[AccountRow, ...]
    flows: tuple[Flow, ...]
    trend: Trend
    days: tuple[tuple[str, str, str, str], ...]
    """The table of the trend, newest first: day, lines, rate, where its files stand."""
    missed: tuple[str, ...]


def home_of(reading: Reading, accounts: Sequence[AccountChoice], *, chosen: int | None, today: date) -> Home:
    """The page for all accounts, or for the chosen one. Pure but for the addresses."""
    days = trend_days(reading.arrivals)
    kept = {} if chosen is None else {"account": str(chosen)}
    return Home(
        answer=_answer(reading, today),
        errands=_errands(reading, kept),
        ages=_ages(reading.unsettled, kept, today),
        types=_types(reading.unsettled, kept),
        accounts=tuple(_account_row(one, reading, today) for one in accounts if chosen in (None, one.id)),
        flows=flows_of(reading.arrivals),
        trend=trend_of(days),
        days=tuple(
            (day_text(day.day, today), f"{day.needed:,}", rate_text(day.met, day.needed), files_at(day.day, kept))
            for day in reversed(days)
        ),
        missed=reading.missed,
    )


def discrepancies_at(kept: Mapping[str, str], **filters: str) -> str:
    """The address of the list that makes a figure."""
    query = urlencode({**kept, **filters})
    return reverse("orders:discrepancy_list") + (f"?{query}" if query else "")


def files_at(day: date, kept: Mapping[str, str]) -> str:
    """The address of the files of a business day."""
    return f"{reverse('orders:settlement_file_list')}?{urlencode({**kept, 'date': day.isoformat()})}"


def _answer(reading: Reading, today: date) -> Answer:
    last_day = max(reading.last_days.values(), default=None)
    of_day = [arrival for arrival in reading.arrivals if arrival.day == last_day]
    under_way = sum(one.state in UNDER_WAY for one in reading.moving)
    return answer_of(
        Standing(
            last_day=last_day,
            lines=sum(arrival.lines for arrival in of_day),
            settled=_settled(of_day),
            under_way=under_way + sum(not arrival.done for arrival in reading.arrivals),
            broken=sum(one.count for one in reading.unsettled),
            broken_value=_value(reading.unsettled),
            oldest=min((one.occurred_on for one in reading.unsettled), default=None),
        ),
        today=today,
    )


def _errands(reading: Reading, kept: Mapping[str, str]) -> tuple[Errand, ...]:
    errands = [_refusal(one) for one in reading.moving if one.state == FileState.REFUSED]
    refusals = len(errands)
    errands += _write_offs(reading.unsettled, kept)
    for type_ in _URGENCY:
        chosen = [one for one in reading.unsettled if one.type == type_ and one.state == DiscrepancyState.OPEN]
        if count := sum(one.count for one in chosen):
            label = str(DiscrepancyType(type_).label)
            sentence = f"{label}: {count:,}, {_worth(chosen)}."
            errands.append(
                Errand(
                    tone="bad" if type_ in _URGENCY[:2] else "careful",
                    sentence=sentence,
                    href=discrepancies_at(kept, type=type_, state=DiscrepancyState.OPEN.value),
                    link="Look at them" if count > 1 else "Look at it",
                )
            )
    if len(errands) <= _ERRANDS_SHOWN:
        return tuple(errands)
    shown = errands[: _ERRANDS_SHOWN - 1]
    files = f"{reverse('orders:settlement_file_list')}?{urlencode({**kept, 'state': FileState.REFUSED.value})}"
    hides_files = refusals > len(shown)
    rest = Errand(
        tone="quiet",
        sentence=f"And {len(errands) - len(shown)} more things to do.",
        href=files if hides_files else discrepancies_at(kept, state=DiscrepancyState.OPEN.value),
        link="Look at all refused files" if hides_files else "Look at all that is open",
    )
    return (*shown, rest)


def _worth(rows: Sequence[Unsettled]) -> str:
    worth = worth_text(_value(rows))
    return f"worth {worth}" if worth else "no money is missing"


def _write_offs(unsettled: Sequence[Unsettled], kept: Mapping[str, str]) -> list[Errand]:
    """What this person may decide, and what only somebody else may: nobody confirms alone."""
    waiting = [one for one in unsettled if one.state == DiscrepancyState.WAITING]
    href = discrepancies_at(kept, state=DiscrepancyState.WAITING.value)
    errands = []
    if others := sum(one.count for one in waiting if not one.own):
        sentence = f"{counted(others, 'write-off waits', 'write-offs wait')} for a second person."
        errands.append(Errand(tone="careful", sentence=sentence, href=href, link="Confirm or reject"))
    if own := sum(one.count for one in waiting if one.own):
        sentence = (
            f"{counted(own, 'write-off', 'write-offs')} of yours {'waits' if own == 1 else 'wait'} for somebody else."
        )
        errands.append(
            Errand(tone="quiet", sentence=sentence, href=href, link="Look at them" if own > 1 else "Look at it")
        )
    return errands


def _refusal(file: Moving) -> Errand:
    return Errand(
        tone="bad",
        sentence=f"The file {file.name} was refused; nothing of it counts.",
        href=reverse("orders:settlement_file", args=[file.file_id]),
        link="See why",
    )


def _ages(unsettled: Sequence[Unsettled], kept: Mapping[str, str], today: date) -> tuple[Share, ...]:
    by_age = {bucket: [one for one in unsettled if bucket_of(today, one.occurred_on) == bucket] for bucket in BUCKETS}
    lengths = shares([sum(one.count for one in rows) for rows in by_age.values()])
    return tuple(
        Share(
            label=bucket.label,
            tone="bad" if bucket.last is None else "careful" if bucket.first >= 4 else "busy",
            count=sum(one.count for one in rows),
            value=worth_text(_value(rows)),
            href=discrepancies_at(kept, age=bucket.name),
            length=length,
        )
        for (bucket, rows), length in zip(by_age.items(), lengths, strict=True)
    )


def _types(unsettled: Sequence[Unsettled], kept: Mapping[str, str]) -> tuple[Share, ...]:
    by_type = {type_: [one for one in unsettled if one.type == type_] for type_ in _URGENCY}
    present = {type_: rows for type_, rows in by_type.items() if rows}
    lengths = shares([sum(one.count for one in rows) for rows in present.values()])
    return tuple(
        Share(
            label=str(DiscrepancyType(type_).label),
            tone="careful",
            count=sum(one.count for one in rows),
            value=worth_text(_value(rows)),
            href=discrepancies_at(kept, type=type_),
            length=length,
        )
        for (type_, rows), length in zip(present.items(), lengths, strict=True)
    )


def _account_row(account: AccountChoice, reading: Reading, today: date) -> AccountRow:
    last_day = reading.last_days.get(account.id)
    of_day = [one for one in reading.arrivals if one.account_id == account.id and one.day == last_day]
    unsettled = [one for one in reading.unsettled if one.account_id == account.id]
    under_way = any(one.account_id == account.id and one.state in UNDER_WAY for one in reading.moving)
    count = sum(one.count for one in unsettled)
    tone, word = _word(count, last_day is not None, under_way or any(not one.done for one in of_day))
    day = day_of(of_day, last_day) if last_day is not None else None
    kept = {"account": str(account.id)}
    return AccountRow(
        name=account.name,
        href=f"{reverse('orders:reconciliation')}?{urlencode(kept)}",
        tone=tone,
        word=word,
        last_day=day_text(last_day, today) if last_day is not None else "",
        files_href=files_at(last_day, kept) if last_day is not None else "",
        runs_href=f"{reverse('orders:run_list')}?{urlencode(kept)}",
        lines=f"{sum(one.lines for one in of_day):,}" if of_day else "",
        settled=sums_text(_settled(of_day)),
        rate=rate_text(day.met, day.needed) if day is not None else "—",
        unsettled=count,
        value=worth_text(_value(unsettled)),
        unsettled_href=discrepancies_at(kept),
    )


def _word(unsettled: int, any_file: bool, under_way: bool) -> tuple[str, str]:
    if unsettled:
        return "careful", "Something did not meet"
    if under_way:
        return "busy", "Being read"
    return ("good", "Everything met") if any_file else ("quiet", "No file yet")


def _settled(arrivals: Iterable[Arrival]) -> dict[str, int]:
    found: dict[str, int] = {}
    for arrival in arrivals:
        for currency, amount in settled_of(arrival).items():
            found[currency] = found.get(currency, 0) + amount
    return {currency: amount for currency, amount in found.items() if amount}


def _value(unsettled: Iterable[Unsettled]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in unsettled:
        found[one.currency] = found.get(one.currency, 0) + one.worth
    return found
