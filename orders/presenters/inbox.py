"""The inbox as its pages show it: what came, from whom, what it matched and what it changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from orders.gateways import smarterpay_scrubbing, smartpay_orders_scrubbing, smartpay_scrubbing
from orders.gateways.transcripts import mask_emails, mask_fields
from orders.models import GatewayAccount, InboxDelivery, InboxRejection, InboxState, Merchant, Transaction
from orders.permissions import permissions_of
from orders.presenters.json_text import pretty_json
from orders.presenters.paging import Lists, cut

ROWS_PER_PAGE = 50
TONES = {
    InboxState.WAITING: "busy",
    InboxState.DONE: "good",
    InboxState.UNMATCHED: "careful",
    InboxState.IGNORED: "quiet",
    InboxState.FAILED: "bad",
}
_SCRUBBINGS = (smartpay_scrubbing, smartpay_orders_scrubbing, smarterpay_scrubbing)
_SECRET = frozenset().union(*(one.SECRET_FIELDS for one in _SCRUBBINGS))
_PERSONAL = frozenset().union(*(one.PERSONAL_FIELDS for one in _SCRUBBINGS))


class Tab(Lists):
    """Everything, and by what became of it."""

    ALL = "all"
    UNMATCHED = "unmatched"
    FAILED = "failed"
    WAITING = "waiting"
    DONE = "done"
    IGNORED = "ignored"

    @property
    def label(self) -> str:
        """The word on the tab."""
        return "All" if self is Tab.ALL else str(InboxState(self.value).label)


@dataclass(frozen=True, kw_only=True)
class Matched:
    """One event's result: what it says happened, what it was about, what it changed."""

    type: str
    summary: str
    tone: str
    word: str
    sentence: str
    order_id: int | None
    transaction_reference: str
    modification_id: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """One delivery in the list."""

    delivery: InboxDelivery
    tone: str
    word: str
    matched: tuple[Matched, ...]

    @property
    def title(self) -> str:
        """The types of its events, or its key while nothing is known of them."""
        types = list(dict.fromkeys(one.type for one in self.matched if one.type))
        return ", ".join(types[:3]) + (" …" if len(types) > 3 else "") if types else self.delivery.key[:24]

    @property
    def leads(self) -> tuple[Matched, ...]:
        """What it matched, each once: several events of a delivery are mostly about one payment."""
        found = (one for one in self.matched if one.modification_id or one.order_id)
        return tuple({one.modification_id or one.transaction_reference: one for one in found}.values())


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of the list; `after` leads to the next one and is empty on the last."""

    tab: Tab
    account: int | None
    accounts: tuple[tuple[int, str], ...]
    rows: tuple[Row, ...]
    after: str
    first: bool

    @property
    def chosen(self) -> str:
        """The choice of account, for the addresses of tabs and pages."""
        return f"&account={self.account}" if self.account else ""

    @property
    def query(self) -> str:
        """This list in an address."""
        return f"{self.tab.query}{self.chosen}"


@dataclass(frozen=True, kw_only=True)
class Rejections:
    """One page of what was not believed; `after` leads to the next one and is empty on the last."""

    rows: tuple[InboxRejection, ...]
    after: str
    first: bool


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One delivery on its own page: everything it carried, scrubbed, and what became of each event."""

    row: Row
    headers: tuple[tuple[str, str], ...]
    body: str
    may_repeat: bool


def page_of(person: User, *, tab: Tab, account: int | None, after: int | None) -> Page:
    """Deliveries before the id `after`, newest first, in a fixed number of queries."""
    accounts = _accounts(person)
    rows = InboxDelivery.objects.of(person)
    if tab is not Tab.ALL:
        rows = rows.filter(state=tab.value)
    chosen = account if account in dict(accounts) else None
    if chosen is not None:
        rows = rows.filter(account_id=chosen)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    related = rows.select_related("account", "merchant").defer("body", "headers")
    shown = cut(related.order_by("-pk"), ROWS_PER_PAGE)
    return Page(
        tab=tab,
        account=chosen,
        accounts=accounts,
        rows=_rows(shown.rows),
        after=shown.after,
        first=after is None,
    )


def letter_of(delivery: InboxDelivery, person: User) -> Letter:
    """The delivery with its account and merchant loaded."""
    (row,) = _rows([delivery])
    return Letter(
        row=row,
        headers=tuple(sorted(delivery.headers.items())),
        body=shown_body(bytes(delivery.body)),
        may_repeat="repair" in permissions_of(person, delivery.merchant_id),
    )


def shown_body(body: bytes) -> str:
    """The body as people read it: indented, without secrets, shoppers unrecognisable."""
    text = pretty_json(body.decode("utf-8", "replace"))
    text = mask_fields(text, names=_SECRET, mask=lambda _value: "(removed)")
    text = mask_fields(text, names=_PERSONAL, mask=lambda value: "(personal)" if value else value)
    return mask_emails(text)


def rejections_of(person: User, *, after: int | None) -> Rejections:
    """What was not believed before the id `after`, newest first."""
    rows = InboxRejection.objects.filter(account__merchant__in=Merchant.objects.of(person))
    if after is not None:
        rows = rows.filter(pk__lt=after)
    shown = cut(rows.select_related("account__merchant").order_by("-pk"), ROWS_PER_PAGE)
    return Rejections(rows=shown.rows, after=shown.after, first=after is None)


def _accounts(person: User) -> tuple[tuple[int, str], ...]:
    accounts = GatewayAccount.objects.filter(merchant__in=Merchant.objects.of(person)).order_by("name")
    return tuple(accounts.values_list("pk", "name"))


def _rows(deliveries: Sequence[InboxDelivery]) -> tuple[Row, ...]:
    named = {entry.get("transaction") for one in deliveries for entry in one.results}
    transactions = _transactions(pk for pk in named if pk is not None)
    return tuple(
        Row(
            delivery=one,
            tone=TONES[InboxState(one.state)],
            word=str(InboxState(one.state).label),
            matched=tuple(_matched(entry, transactions) for entry in one.results),
        )
        for one in deliveries
    )


def _transactions(ids: Iterable[int]) -> dict[int, Transaction]:
    wanted = list(ids)
    return Transaction.objects.only("pk", "reference", "order_id").in_bulk(wanted) if wanted else {}


def _matched(entry: dict[str, Any], transactions: dict[int, Transaction]) -> Matched:
    transaction = transactions.get(entry.get("transaction") or 0)
    state = InboxState(entry["state"])
    return Matched(
        type=entry.get("type", ""),
        summary=entry.get("summary", ""),
        tone=TONES[state],
        word=str(state.label),
        sentence=entry.get("sentence", ""),
        order_id=transaction.order_id if transaction else None,
        transaction_reference=transaction.reference if transaction else "",
        modification_id=entry.get("modification") or "",
    )
