"""Orders: PUT and POST bring them in, GET reads them by id or by any reference."""

from __future__ import annotations

from typing import Annotated

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from ninja import Path, Query, Router
from ninja.responses import Status

from orders.api.batch import take_over
from orders.api.entrance import for_scopes, token_in
from orders.api.finding import account_named, order_of, orders_of
from orders.api.order_words import (
    BatchGiven,
    BatchTold,
    OrderFacts,
    OrderList,
    OrderQuery,
    OrderTold,
)
from orders.api.problems import Problem, not_found
from orders.api.queries import refuse_other_names
from orders.api.telling import order_told
from orders.api.words import ID_MAXIMUM, Name60, Word64
from orders.keyset import Cursor, CursorRefused, page_of, read_cursor
from orders.mirror.ingest import OrderRefused
from orders.mirror.ingest_many import Verdict, ingest_orders
from orders.models import ApiToken, Order, Reference, ReferenceKind, Source
from orders.modifications import bell

router = Router(tags=["Orders"])


@router.post("/batch", **for_scopes("orders:write"), response=BatchTold, summary="Bring many orders in")
def bring_batch(request: HttpRequest, body: BatchGiven) -> BatchTold:
    """Up to a thousand orders of one account; the answer says for each what became of it."""
    token = token_in(request)
    return take_over(account_named(token, body.account), body.orders, by=token.acts_as)


@router.get("", **for_scopes("orders:read"), response=OrderList, summary="List or find orders")
def list_orders(request: HttpRequest, query: Query[OrderQuery]) -> OrderList:
    """Newest first; with `reference` those that this word names."""
    refuse_other_names(request, OrderQuery)
    token = token_in(request)
    rows = orders_of(token).filter(_conditions(token, query))
    page = page_of(rows, by="placed_at", size=query.limit, after=_cursor(query.after))
    return OrderList(orders=[order_told(order) for order in page.rows], next=page.after or None)


@router.get("/{order_id}", **for_scopes("orders:read"), response=OrderTold, summary="Read an order")
def read_order(request: HttpRequest, order_id: Annotated[int, Path(ge=1, le=ID_MAXIMUM)]) -> OrderTold:
    """An order with its transactions."""
    return order_told(order_of(token_in(request), order_id))


@router.get(
    "/{account}/{path:reference}", **for_scopes("orders:read"), response=OrderTold, summary="Read a shop’s order"
)
def read_order_of_shop(
    request: HttpRequest, account: Annotated[Name60, Path()], reference: Annotated[Word64, Path()]
) -> OrderTold:
    """An order by the account’s name and the shop’s own reference."""
    order = _shops_orders(token_in(request), account, reference).first()
    if order is None:
        raise not_found()
    return order_told(order)


@router.put(
    "/{account}/{path:reference}",
    **for_scopes("orders:write"),
    response={200: OrderTold, 201: OrderTold},
    summary="Bring an order in",
)
def bring_order(
    request: HttpRequest,
    account: Annotated[Name60, Path()],
    reference: Annotated[Word64, Path()],
    body: OrderFacts,
) -> Status[OrderTold]:
    """Create the order, or bring it up to date; the same body again changes nothing.

    A new transaction holds no money until its gateway was asked, which happens by itself.
    """
    token = token_in(request)
    owner = account_named(token, account)
    taken = ingest_orders(account=owner, rows=[body.row(reference)], by=token.acts_as, source=Source.API)[0]
    if isinstance(taken, OrderRefused):
        raise Problem(409, "contradiction", f"{taken} Nothing was changed.")
    order = order_of(token, taken.order_id)
    _ask_soon(order)
    return Status(201 if taken.verdict is Verdict.CREATED else 200, order_told(order))


def _ask_soon(order: Order) -> None:
    """A shop that waits for its payment should not wait for the next round of the mirror."""
    for transaction in order.transactions.all():
        if transaction.refreshed_at is None and transaction.refresh_due_at is not None:
            bell.ring_refresh(transaction.pk)


def _shops_orders(token: ApiToken, account: str, reference: str) -> QuerySet[Order]:
    return orders_of(token).filter(account=account_named(token, account), reference=reference)


def _conditions(token: ApiToken, query: OrderQuery) -> Q:
    found = Q()
    if query.reference is not None:
        words = Reference.objects.filter(merchant=token.merchant_id, value=query.reference.lower())
        found &= Q(pk__in=words.exclude(kind=ReferenceKind.NAME.value).values("order_id"))
    if query.account is not None:
        found &= Q(account=account_named(token, query.account))
    if query.state is not None:
        found &= Q(state=query.state.value)
    if query.placed_from is not None:
        found &= Q(placed_at__gte=query.placed_from)
    if query.placed_before is not None:
        found &= Q(placed_at__lt=query.placed_before)
    return found


def _cursor(after: str | None) -> Cursor | None:
    try:
        return None if after is None else read_cursor(after)
    except CursorRefused as damaged:
        raise Problem(
            422, "cursor", "`after` takes what `next` said on the page before. Nothing was read."
        ) from damaged
