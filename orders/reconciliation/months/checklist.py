"""What must be true before a month is signed: each point a sentence, ok or not, and whether it stops the signature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Min, Q, Sum

from orders.database import database_now
from orders.models import (
    GIVEN_UP,
    Discrepancy,
    DiscrepancyEntry,
    Drift,
    DriftState,
    FileState,
    GatewayAccount,
    JobRun,
    JobState,
    Modification,
    ModificationState,
    MonthClose,
    MonthState,
    SettlementFile,
    SettlementTerms,
)
from orders.models.discrepancy import WORTH
from orders.money import Money
from orders.reconciliation.calendar import Terms, is_business_day, last_closed
from orders.reconciliation.matching.balance import balance
from orders.reconciliation.months.period import Month, ends_at, terms_of

_DAYS_NAMED = 5
CARRIED = "carried"
"""The verb of the entry that a carried discrepancy's history holds."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One point of the list. A month is signed only when every point that is `needed` is `ok`."""

    code: str
    title: str
    ok: bool
    sentence: str
    needed: bool = True


def checklist(account: GatewayAccount, month: Month) -> tuple[Item, ...]:
    """Every point in the order people work through them; about a dozen queries however large the books are."""
    terms = terms_of(account)
    return (
        _is_over(terms, month),
        *_holds_nothing(account, month),
        _under_way(account, month),
        _files(account, terms, month),
        _nights(account, terms, month),
        *_before_the_first_night(account, terms, month),
        _unsettled(account, month),
        _in_doubt(account, terms, month),
        _drifts(account),
        _adds_up(account, month),
        _months_before(account, month),
    )


def stops(items: tuple[Item, ...]) -> list[Item]:
    """The points for which the month cannot be signed yet."""
    return [item for item in items if item.needed and not item.ok]


def _is_over(terms: Terms, month: Month) -> Item:
    over = ends_at(terms, month) <= database_now()
    sentence = f"{month.label} is over." if over else f"{month.label} is not over yet; it ends with its last cut-off."
    return Item(code="over", title="The month is over", ok=over, sentence=sentence)


def _holds_nothing(account: GatewayAccount, month: Month) -> list[Item]:
    """Told where the account has nothing yet; a month without anything between others is closed like them."""
    first = _first_file(account)
    if first is not None and first < month.until <= Month.of(database_now().date()).until:
        return []
    carried = DiscrepancyEntry.objects.filter(
        discrepancy__account=account, verb=CARRIED, details__from=month.first.isoformat()
    )
    if Discrepancy.objects.filter(account=account, month=month.first).exists() or carried.exists():
        return []
    since = f"its first file is of {first:%-d %B %Y}" if first else "it has no settlement file yet"
    sentence = f"{account.name} has nothing in {month.label}: {since}. There is nothing to sign."
    return [Item(code="nothing", title="The month holds something", ok=False, sentence=sentence)]


def _under_way(account: GatewayAccount, month: Month) -> Item:
    rows = SettlementFile.objects.filter(
        Q(business_date__isnull=True) | Q(business_date__gte=month.first, business_date__lt=month.until),
        account=account,
        state__in=[FileState.RECEIVING, FileState.WAITING, FileState.LOADING],
    )
    count = rows.exclude(GIVEN_UP).count()
    said = "No file is being received or read." if not count else f"{_files_word(count)} still being received or read."
    return Item(code="under_way", title="No file is under way", ok=not count, sentence=said)


def _files_word(count: int) -> str:
    return "1 file is" if count == 1 else f"{count} files are"


def _files(account: GatewayAccount, terms: Terms, month: Month) -> Item:
    """Some gateways pay out weekly, so a day without a file is shown and stops nobody."""
    there = set(
        SettlementFile.objects.filter(
            account=account, state=FileState.APPLIED, business_date__gte=month.first, business_date__lt=month.until
        ).values_list("business_date", flat=True)
    )
    expected = _business_days(terms, month, _expected_from(account))
    missing = [day for day in expected if day not in there]
    with_files = "1 day has" if len(there) == 1 else f"{len(there)} days have"
    sentence = f"Every business day has a file; {with_files} one in all."
    if missing:
        sentence = f"No file of {_days(missing)}."
    elif not expected:
        sentence = f"No file was expected yet; {with_files} one all the same."
    return Item(code="files", title="Files for every day", ok=not missing, sentence=sentence, needed=False)


def _nights(account: GatewayAccount, terms: Terms, month: Month) -> Item:
    done = set(
        JobRun.objects.filter(
            account=account,
            job="night",
            state=JobState.DONE,
            business_date__gte=month.first,
            business_date__lt=month.until,
        ).values_list("business_date", flat=True)
    )
    expected, first = _expected_from(account), _first_night(account)
    since = max(expected, first) if expected and first else expected
    days = _business_days(terms, month, since)
    missing = [day for day in days if day not in done]
    sentence = f"Every night has run to its end ({len(done)})."
    if not days:
        sentence = "No night of the month was due, because no money was expected yet."
    if done and expected is None:
        ran = "1 night has run to its end" if len(done) == 1 else f"{len(done)} nights have run to their end"
        sentence = f"{ran}. The terms name no day from which on one would be missed."
    elif not days and expected and first and first >= month.until:
        sentence = "No night of the month was due: the account had its first one after it."
    if missing:
        sentence = f"No night has run to its end for {_days(missing)}. They are caught up one by one."
    return Item(code="nights", title="Every night has run", ok=not missing, sentence=sentence)


def _before_the_first_night(account: GatewayAccount, terms: Terms, month: Month) -> list[Item]:
    """Told where the account's nights began within the month or after it; elsewhere there is no such point."""
    first, begun = _first_night(account), _expected_from(account) or _first_file(account)
    days = [] if first is None else [day for day in _business_days(terms, month, begun) if day < first]
    if not days:
        return []
    lie = "1 business day of the month lies" if len(days) == 1 else f"{len(days)} business days of the month lie"
    sentence = (
        f"The account's first night was that of {first:%-d %B %Y}. {lie} before it ({_days(days)}): nights before the "
        "first are not made up for. Later nights met their lines and missed what was late, but no night compared our "
        "copy with the gateway's on these days; look through them before you sign."
    )
    return [Item(code="first_night", title="Days before the first night", ok=False, sentence=sentence, needed=False)]


def _business_days(terms: Terms, month: Month, since: date | None) -> list[date]:
    """Those of the month that have ended, from `since` on; none for an account that expects nothing."""
    if since is None:
        return []
    until = min(month.until, last_closed(terms, database_now()) + timedelta(days=1))
    days = (month.first + timedelta(days=step) for step in range(max(0, (until - month.first).days)))
    return [day for day in days if day >= since and is_business_day(terms, day)]


def _expected_from(account: GatewayAccount) -> date | None:
    return SettlementTerms.objects.filter(account=account).values_list("expected_from", flat=True).first()


def _first_file(account: GatewayAccount) -> date | None:
    applied = SettlementFile.objects.filter(account=account, state=FileState.APPLIED).order_by("business_date")
    return applied.values_list("business_date", flat=True).first()


def _first_night(account: GatewayAccount) -> date | None:
    """Nights are made up for from the first one on; what was before the account's first night has none."""
    first: date | None = JobRun.objects.filter(account=account, job="night").aggregate(first=Min("business_date"))[
        "first"
    ]
    return first


def _days(days: list[date]) -> str:
    named = ", ".join(f"{day.day} {day:%b}" for day in days[:_DAYS_NAMED])
    return named if len(days) <= _DAYS_NAMED else f"{named} and {len(days) - _DAYS_NAMED} more"


def _unsettled(account: GatewayAccount, month: Month) -> Item:
    rows = Discrepancy.objects.filter(account=account, month__lte=month.first).unsettled()
    sums = rows.values_list("currency").annotate(count=Count("pk"), total=Sum(WORTH)).order_by("currency")
    found = [(count, Money(total, currency)) for currency, count, total in sums]
    if not found:
        return Item(
            code="unsettled",
            title="Nothing is unsettled",
            ok=True,
            sentence="Every discrepancy of the month has ended with a reason, or was carried with one.",
        )
    worth = " and ".join(str(money) for _, money in found)
    count = sum(count for count, _ in found)
    what = "1 discrepancy" if count == 1 else f"{count} discrepancies"
    sentence = f"Unsettled: {what} worth {worth}. Resolve or carry into the next month with a reason."
    return Item(code="unsettled", title="Nothing is unsettled", ok=False, sentence=sentence)


def _in_doubt(account: GatewayAccount, terms: Terms, month: Month) -> Item:
    rows = Modification.objects.filter(
        account=account,
        state__in=[ModificationState.UNKNOWN, ModificationState.REVIEW],
        requested_at__lt=ends_at(terms, month),
    )
    count = rows.count()
    sentence = "No modification of the month has an unknown outcome."
    if count:
        what = "One modification has" if count == 1 else f"{count} modifications have"
        sentence = f"{what} an unknown outcome, so the month's money is not certain. Find out how it ended first."
    return Item(code="in_doubt", title="No outcome is unknown", ok=not count, sentence=sentence)


def _drifts(account: GatewayAccount) -> Item:
    count = Drift.objects.filter(account=account, state=DriftState.OPEN).count()
    sentence = "Our copy is like the gateway's, field by field, as far as the nights have compared."
    if count:
        sentence = f"In {count} fields our copy differs from the gateway's and nobody has decided which one is right."
    return Item(code="drifts", title="No drift is undecided", ok=not count, sentence=sentence)


def _adds_up(account: GatewayAccount, month: Month) -> Item:
    missing = [
        f"{Money(one.missing, currency)}"
        for currency, one in sorted(balance(account.pk, until=None, month=month.first).items())
        if not one.holds
    ]
    sentence = (
        "Their lines are our movements, minus what is on the way, plus tolerated differences, plus the discrepancies, "
        "to the minor unit."
    )
    if missing:
        sentence = f"{' and '.join(missing)} of the month's lines are explained by nothing we know."
    return Item(code="adds_up", title="The figures add up", ok=not missing, sentence=sentence)


def _months_before(account: GatewayAccount, month: Month) -> Item:
    closed = set(MonthClose.objects.filter(account=account, state=MonthState.CLOSED).values_list("month", flat=True))
    first, before = _first_file(account), month.previous
    open_before = first is not None and first < month.first and before.first not in closed
    sentence = "The month before is closed, or had no files."
    if open_before:
        sentence = f"{before.label} is still open; months are usually closed in their order."
    return Item(code="before", title="Earlier months are closed", ok=not open_before, sentence=sentence, needed=False)
