"""Drifts as their page shows them: what we say, what the gateway shows, since when, and what may be done."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User

from orders.models import Drift, DriftState, Merchant
from orders.permissions import permissions_of
from orders.presenters.paging import Lists, cut
from orders.reconciliation.nights.comparing import TEXTS

ROWS_PER_PAGE = 30
FIELDS = {
    "state": "State",
    "authorized": "Authorized",
    "captured": "Captured",
    "refunded": "Refunded",
    "charged_back": "Charged back",
    "currency": "Currency",
    "partner_reference": "Partner reference",
    "payment_method": "Payment method",
    "expires_at": "End of the authorization",
}
TONES = {
    DriftState.OPEN: "careful",
    DriftState.ADOPTED: "good",
    DriftState.KEPT: "quiet",
    DriftState.ASKED: "quiet",
    DriftState.GONE: "good",
}


class Tab(Lists):
    """What is open, and what is over."""

    OPEN = "open"
    DECIDED = "decided"

    @property
    def label(self) -> str:
        """The word on the tab."""
        return "Open" if self is Tab.OPEN else "Decided or gone"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One drift; `harmless` fields may be taken over as they are, the others follow the books."""

    drift: Drift
    title: str
    tone: str
    word: str
    harmless: bool
    may_decide: bool


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of the list; `after` leads to the next one and is empty on the last."""

    tab: Tab
    rows: tuple[Row, ...]
    after: str
    first: bool


def page_of(person: User, *, tab: Tab, after: int | None) -> Page:
    """Drifts before the id `after`, newest first, in a fixed number of queries."""
    rows = Drift.objects.filter(merchant__in=Merchant.objects.of(person))
    rows = rows.filter(state=DriftState.OPEN) if tab is Tab.OPEN else rows.exclude(state=DriftState.OPEN)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    related = ("transaction", "account", "merchant", "decided_by")
    shown = cut(rows.select_related(*related).order_by("-pk"), ROWS_PER_PAGE)
    return Page(
        tab=tab,
        rows=tuple(_row(drift, person) for drift in shown.rows),
        after=shown.after,
        first=after is None,
    )


def _row(drift: Drift, person: User) -> Row:
    state = DriftState(drift.state)
    return Row(
        drift=drift,
        title=FIELDS.get(drift.field, drift.field),
        tone=TONES[state],
        word=str(state.label),
        harmless=drift.field in TEXTS,
        may_decide=state is DriftState.OPEN and "reconcile" in permissions_of(person, drift.merchant_id),
    )
