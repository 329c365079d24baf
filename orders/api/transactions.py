"""GET /transactions/{id}: the money, the captures, and what may be done now."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Path, Router

from orders.api.entrance import for_scopes, token_in
from orders.api.finding import transaction_of
from orders.api.telling import transaction_with_actions
from orders.api.transaction_words import TransactionWithActions
from orders.api.words import ID_MAXIMUM
from orders.modifications.rules import decide_all
from orders.modifications.situation import situation_of

router = Router(tags=["Transactions"])


@router.get(
    "/{transaction_id}", **for_scopes("orders:read"), response=TransactionWithActions, summary="Read a transaction"
)
def read_transaction(
    request: HttpRequest, transaction_id: Annotated[int, Path(ge=1, le=ID_MAXIMUM)]
) -> TransactionWithActions:
    """The transaction with what the rules say about each thing that could be done with it by this token."""
    token = token_in(request)
    transaction = transaction_of(token, transaction_id)
    return transaction_with_actions(transaction, decide_all(situation_of(transaction, token.acts_as)))
