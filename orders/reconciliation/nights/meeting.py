"""The night's steps over lines and books: match what is left, miss what is late, and weigh both sides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from django.db.models import QuerySet

from orders.models import Discrepancy, ExternalMovement, Modification, ReconciliationRun
from orders.modifications.refusals import Refused
from orders.money import Money
from orders.reconciliation import calendar, runs
from orders.reconciliation.discrepancies import causes, typing
from orders.reconciliation.matching.balance import balance
from orders.reconciliation.nights.books import patience
from orders.reconciliation.nights.due import Due
from orders.reconciliation.nights.errands import Told
from orders.reconciliation.nights.expectations import expected_since, late_modifications, late_movements
from orders.reconciliation.nights.words import capitalised, counted, night_of

Late = TypeVar("Late", Modification, ExternalMovement)
AT_MOST = 50_000
"""So many movements a night misses of one account; when a whole month of files is missing, the rest follows."""
CLOSED = "closed"
"""Said by a night whose month is locked: there is nothing to try again."""
_AT_ONCE = 500


def match(due: Due) -> Told:
    """Match the counting lines that met nothing yet against everything that is known now."""
    try:
        run = runs.rematch(due.account, due.day)
    except Refused as refusal:
        return Told(sentence=refusal.sentence, ok=refusal.code == CLOSED)
    if run.problem:
        return Told(sentence=f"Matching did not come to its end: {run.problem}", figures={"run": run.pk}, ok=False)
    matches = sum(run.figures.get("matches", {}).values())
    left = sum(one["count"] for types in run.figures.get("discrepancies", {}).values() for one in types.values())
    met = capitalised(counted(matches, "line", "lines"))
    opened = counted(left, "discrepancy was", "discrepancies were")
    sentence = f"{met} that had met nothing met now; {opened} opened or changed."
    return Told(sentence=sentence, figures={"run": run.pk, "matches": matches, "discrepancies": left})


def miss_what_is_late(due: Due, *, run_id: int | None) -> Told:
    """Open a discrepancy for each movement whose line is overdue on the night's business date."""
    account, terms = due.account, due.terms
    since = expected_since(account, terms)
    if since is None:
        return Told(sentence=f"No settlement file of {account.name} was ever applied, so nothing is expected in one.")
    before = calendar.late_before(terms, due.day)
    run = None if run_id is None else ReconciliationRun.objects.get(pk=run_id)
    missed = 0
    for ours in _rows(late_modifications(account, since, before)):
        missed += typing.miss(account, ours, run, due.day)
    for theirs in _rows(late_movements(account, since, before)):
        missed += typing.miss(account, theirs, run, due.day)
    figures = {"missed": missed, "before": before.isoformat()}
    if not missed:
        return Told(sentence=f"Nothing executed before {before:%-d %B %H:%M} UTC is newly missed.", figures=figures)
    return Told(
        sentence=f"{counted(missed, 'movement', 'movements')} executed before {before:%-d %B %H:%M} UTC should be in a "
        "settlement file by now, and in none.",
        figures=figures,
    )


def find_causes(due: Due) -> Told:
    """Test the hypotheses on what the night opened after its run, and on whatever has no cause yet."""
    rows = Discrepancy.objects.filter(account=due.account, cause="").unsettled().order_by("pk")
    found = causes.explain(rows.values_list("pk", flat=True)[:AT_MOST], by=night_of(due.day))
    have = counted(found, "discrepancy has", "discrepancies have")
    sentence = f"{have} a likely cause now." if found else "No discrepancy was without its cause."
    return Told(sentence=sentence, figures={"explained": found})


def weigh(due: Due) -> Told:
    """Whether the lines of the account are its books, what is on the way and its discrepancies, to the minor unit."""
    with patience():
        found = balance(due.account.pk, until=None)
    figures = {currency: one.as_json() for currency, one in sorted(found.items())}
    missing = [Money(abs(one.missing), currency) for currency, one in sorted(found.items()) if not one.holds]
    if not found:
        return Told(sentence="Nothing was settled yet.", figures={"currencies": figures})
    if missing:
        amounts = " and ".join(map(str, missing))
        sentence = f"{amounts} between lines and books is explained by nothing; tell your administrator."
        return Told(sentence=sentence, figures={"currencies": figures, "broken": True})
    return Told(
        sentence="Lines and books are equal to the minor unit, but for what is listed.", figures={"currencies": figures}
    )


def _rows(late: QuerySet[Late]) -> Iterator[Sequence[Late]]:
    """In chunks, by ids that are read beforehand: nothing is read any more while a chunk is written."""
    with patience():
        ids = list(late.values_list("pk", flat=True)[:AT_MOST])
    for start in range(0, len(ids), _AT_ONCE):
        yield list(late.model._default_manager.filter(pk__in=ids[start : start + _AT_ONCE]).order_by("pk"))
