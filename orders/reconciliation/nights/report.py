"""A merchant's morning: what the nights of all its accounts came to, as figures for one page and one letter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Sum

from orders import audit
from orders.database import database_now
from orders.models import Discrepancy, Drift, DriftState, GatewayAccount, JobRun, JobState, Merchant, Source
from orders.models.discrepancy import WORTH
from orders.money import Money
from orders.reconciliation import calendar
from orders.reconciliation.nights.due import BOOKS, NIGHT, REPORT, begins_at, newest_day, states_of, terms_of
from orders.reconciliation.nights.errands import Step, Told, take, work_off
from orders.reconciliation.nights.expiring import AHEAD, digest
from orders.reconciliation.nights.letter import send_letter

FIGURES, EXPIRING, LETTER = "figures", "expiring", "letter"
_LOOK_BACK = timedelta(days=60)


@dataclass(frozen=True, kw_only=True)
class ReportDue:
    """A report to make. `fresh` is False for a night that was made up for: its page is made, no letter is sent."""

    merchant: Merchant
    day: date
    fresh: bool


def reports_due(accounts: Iterable[GatewayAccount], now: datetime) -> list[ReportDue]:
    """Merchants and dates whose nights have all come to an end, well or not, and that have no finished report."""
    accounts = list(accounts)
    merchants = {account.merchant_id: account.merchant for account in accounts}
    terms, states = terms_of(accounts), states_of(accounts, now)
    reported = JobRun.objects.filter(job=REPORT, merchant__in=merchants, business_date__gte=(now - _LOOK_BACK).date())
    done = set(reported.filter(state=JobState.DONE).values_list("merchant_id", "business_date"))
    newest = {account.pk: newest_day(terms[account.pk], now) for account in accounts}
    found: defaultdict[tuple[int, date], list[str]] = defaultdict(list)
    for account in accounts:
        for day, state in states[account.pk].items():
            found[account.merchant_id, day].append(state)
    waiting = {
        (account.merchant_id, newest[account.pk])
        for account in accounts
        if newest[account.pk] not in states[account.pk]
    }
    fresh = {(account.merchant_id, newest[account.pk]) for account in accounts}
    oldest = (now - _LOOK_BACK).date()
    return [
        ReportDue(merchant=merchants[merchant_id], day=day, fresh=(merchant_id, day) in fresh)
        for (merchant_id, day), nights in sorted(found.items(), key=lambda one: (one[0][1], one[0][0]))
        if JobState.RUNNING not in nights and day >= oldest and (merchant_id, day) not in done | waiting
    ]


def report(due: ReportDue, *, at_once: bool = False) -> JobRun | None:
    """Make the report and send its letter, once; None when it is done or somebody is at it. Raises LeaseLost."""
    turn = take(job=REPORT, merchant=due.merchant, day=due.day, at_once=at_once)
    if turn is None:
        return None
    steps = (
        Step(name=EXPIRING, work=lambda: _expiring(due)),
        Step(name=FIGURES, work=lambda: figures_of(due)),
        Step(name=LETTER, work=lambda: send_letter(due.merchant, due.day, turn.row.steps, fresh=due.fresh)),
    )
    return work_off(turn, steps)


def tell_again(due: ReportDue, *, source: Source) -> JobRun | None:
    """Send the letter of a finished report once more, with the figures of now; the report itself stays as it was.

    Returns the row with what was told now, unsaved; None where there is no finished report.
    """
    row = JobRun.objects.filter(job=REPORT, merchant=due.merchant, business_date=due.day, state=JobState.DONE).first()
    if row is None:
        return None
    steps = {EXPIRING: asdict(_expiring(due)), FIGURES: asdict(figures_of(due))}
    told = send_letter(due.merchant, due.day, steps, fresh=True)
    audit.record(
        verb="night.letter_sent_again",
        sentence=f"The letter of {due.day} was asked for again. {told.sentence}",
        source=source,
        merchant=due.merchant,
    )
    row.steps = {**steps, LETTER: asdict(told)}
    return row


def figures_of(due: ReportDue) -> Told:
    """What does not meet by type and currency (count, minor units), and the state of everything else."""
    nights = list(nights_of(due.merchant, due.day))
    unsettled = Discrepancy.objects.filter(merchant=due.merchant).unsettled()
    if not due.fresh:  # of a night that was made up for, what happened afterwards is not its story
        unsettled = unsettled.filter(occurred_on__lte=due.day)
    begun = min((night.started_at for night in nights), default=database_now())
    rows = unsettled.order_by().values("type", "currency").annotate(count=Count("pk"), amount=Sum(WORTH))
    types: dict[str, dict[str, dict[str, int]]] = {}
    for row in rows:
        types.setdefault(row["type"], {})[row["currency"]] = {"count": row["count"], "amount": int(row["amount"])}
    oldest = unsettled.aggregate(oldest=Min("occurred_on"))["oldest"]
    figures = {
        "types": types,
        "oldest": oldest.isoformat() if oldest else "",
        "opened": unsettled.filter(opened_at__gte=begun).count(),
        "drifts": Drift.objects.filter(merchant=due.merchant, state=DriftState.OPEN).count(),
        "closed": sum(len(night.steps.get("closed", {}).get("figures", {}).get("ids", ())) for night in nights),
        "failed": [night.account.name for night in nights if night.account and night.state == JobState.FAILED],
        "books": _books(due.day),
    }
    said = answer(types, oldest)
    return Told(
        sentence=said if due.fresh else f"Of what happened until then, {said[0].lower()}{said[1:]}", figures=figures
    )


def nights_of(merchant: Merchant, day: date) -> Iterable[JobRun]:
    """The nights of the merchant's accounts."""
    rows = JobRun.objects.filter(job=NIGHT, merchant=merchant, business_date=day)
    return rows.select_related("account").order_by("account__name")


def answer(types: dict[str, dict[str, dict[str, int]]], oldest: date | None) -> str:
    """The morning's answer in one sentence."""
    count = sum(one["count"] for currencies in types.values() for one in currencies.values())
    if not count:
        return "Nothing is left that did not meet."
    sums: dict[str, int] = {}
    for currencies in types.values():
        for currency, one in currencies.items():
            sums[currency] = sums.get(currency, 0) + one["amount"]
    worth = " and ".join(str(Money(amount, currency)) for currency, amount in sorted(sums.items()) if amount)
    much = f"worth {worth}" if worth else "yet no money is missing"
    since = f"; the oldest since {oldest:%-d %B %Y}" if oldest else ""
    return f"{'1 thing does' if count == 1 else f'{count} things do'} not meet, {much}{since}."


def _expiring(due: ReportDue) -> Told:
    """At least two days ahead; before a weekend, a day beyond the next night."""
    if not due.fresh:
        return Told(sentence="This night was made up for; the newest one tells what ends soon.")
    now = database_now()
    terms = terms_of(list(GatewayAccount.objects.filter(merchant=due.merchant))).values()
    following = [begins_at(one, calendar.next_business_day(one, newest_day(one, now))) for one in terms]
    until = max([now + AHEAD, *(moment + AHEAD / 2 for moment in following)])
    return digest(due.merchant, now, until=until)


def _books(day: date) -> dict[str, Any]:
    """Whether the newest look at everybody's books found them whole; the examples stay with operators."""
    row = JobRun.objects.filter(job=BOOKS, business_date__lte=day, finished_at__isnull=False).first()
    if row is None:
        return {"ok": True, "sentence": "The invariants were not asked yet."}
    steps: dict[str, Any] = row.steps
    broken = bool(steps.get("invariants", {}).get("figures", {}).get("broken"))
    cut = bool(steps.get("chain", {}).get("figures", {}).get("broken"))
    if broken or cut:
        sentence = "The books or the audit log do not hold. Do not move money before your administrator has looked."
        return {"ok": False, "sentence": sentence}
    return {
        "ok": row.state == JobState.DONE,
        "sentence": f"Invariants and audit log hold (asked on {row.business_date}).",
    }
