"""A batch of orders: each row is checked by itself, the good ones are taken over, the bad ones say why not."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib.auth.models import User
from pydantic import ValidationError

from orders.api.order_words import BatchTold, BatchVerdict, OrderGiven
from orders.api.validation import field_errors, sentence_of
from orders.mirror.ingest import OrderRefused, OrderRow
from orders.mirror.ingest_many import Taken, ingest_orders
from orders.models import GatewayAccount, Source


def take_over(account: GatewayAccount, given: list[Any], *, by: User) -> BatchTold:
    """The verdicts, in the order of the batch."""
    verdicts: dict[int, BatchVerdict] = {}
    rows: dict[int, OrderRow] = {}
    for index, one in enumerate(given):
        try:
            read = OrderGiven.model_validate(one)
        except ValidationError as error:
            verdicts[index] = _malformed(index, one, error)
        else:
            rows[index] = read.row(read.reference)
    answers = ingest_orders(account=account, rows=list(rows.values()), by=by, source=Source.API)
    for (index, row), answer in zip(rows.items(), answers, strict=True):
        verdicts[index] = _verdict(index, row, answer)
    counted = Counter(verdict.verdict for verdict in verdicts.values())
    return BatchTold(
        created=counted["created"],
        updated=counted["updated"],
        unchanged=counted["unchanged"],
        refused=counted["refused"],
        results=[verdicts[index] for index in range(len(given))],
    )


def _verdict(index: int, row: OrderRow, answer: Taken | OrderRefused) -> BatchVerdict:
    if isinstance(answer, OrderRefused):
        return BatchVerdict(index=index, reference=row.reference, verdict="refused", id=None, detail=str(answer))
    return BatchVerdict(
        index=index, reference=row.reference, verdict=answer.verdict.value, id=answer.order_id, detail=""
    )


def _malformed(index: int, one: Any, error: ValidationError) -> BatchVerdict:
    errors = field_errors(error.errors(include_url=False, include_input=False), prefix=f"/orders/{index}")
    reference = one.get("reference") if isinstance(one, dict) else None
    return BatchVerdict(
        index=index,
        reference=reference[:64] if isinstance(reference, str) else "",
        verdict="refused",
        id=None,
        detail=sentence_of(errors),
        errors=errors,
    )
