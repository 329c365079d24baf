"""What becomes of the part that is not captured: kept, released with the capture, or cancelled afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orders.gateways.base import Kind, TransactionState
from orders.models import ModificationState
from orders.modifications.refusals import IdConflict, NotAllowed
from tests import factories
from tests.modifications import steps
from tests.modifications.channels import money_of
from tests.modifications.other_accounts import in_yen, on_card

pytestmark = pytest.mark.django_db
S = ModificationState


def test_a_capture_that_keeps_the_rest_leaves_it_open_for_another_one() -> None:
    transaction = in_yen()
    first = steps.asked(transaction, Kind.CAPTURE, 6_000)

    steps.ended(first, steps.success(first))
    second = steps.asked(steps.fresh(transaction), Kind.CAPTURE, 4_000)
    steps.ended(second, steps.success(second))

    assert money_of(transaction) == {"captured": 10_000}
    assert [capture.amount for capture in transaction.captures.all()] == [6_000, 4_000]
    assert steps.fresh(transaction).state == TransactionState.CAPTURED


def test_a_capture_that_releases_the_rest_ends_the_authorization() -> None:
    transaction = in_yen()
    row = steps.asked(transaction, Kind.CAPTURE, 6_000, release_rest=True)

    steps.ended(row, steps.success(row))

    assert money_of(transaction) == {"captured": 6_000, "released": 4_000}
    assert not steps.fresh(transaction).capture_open
    with pytest.raises(NotAllowed):
        steps.asked(steps.fresh(transaction), Kind.CAPTURE, 1_000)


def test_the_gateway_is_told_what_was_chosen() -> None:
    kept, released = (
        json.loads(bytes(steps.asked(in_yen(), Kind.CAPTURE, 6_000, release_rest=choice).body))
        for choice in (False, True)
    )

    assert (kept["cancelRemainder"], released["cancelRemainder"]) == ("manual", "automatic")


def test_the_same_form_with_another_choice_is_a_conflict() -> None:
    transaction = in_yen()
    row = steps.asked(transaction, Kind.CAPTURE, 6_000)

    with pytest.raises(IdConflict, match="already used for a capture"):
        steps.asked(transaction, Kind.CAPTURE, 6_000, modification_id=row.pk, by=row.requested_by, release_rest=True)


def test_the_rest_is_cancelled_after_a_capture_and_what_was_captured_stays() -> None:
    transaction = in_yen(6_000)
    row = steps.asked(transaction, Kind.CANCEL, 4_000)
    assert steps.fresh(transaction).exclusive_modification == row.pk

    steps.ended(row, steps.success(row))

    now = steps.fresh(transaction)
    assert money_of(transaction) == {"captured": 6_000, "released": 4_000}
    assert (now.state, now.capture_open, now.exclusive_modification) == (TransactionState.CAPTURED, False, None)


def test_a_cancel_that_is_refused_after_a_capture_frees_the_transaction() -> None:
    transaction = in_yen(6_000)
    row = steps.asked(transaction, Kind.CANCEL, 4_000)

    steps.ended(row, steps.declined())

    now = steps.fresh(transaction)
    assert (now.exclusive_modification, now.released, now.capture_open) == (None, 0, True)


def test_a_cancel_takes_all_of_the_rest_and_nothing_less() -> None:
    with pytest.raises(NotAllowed, match="Only the full 4000 JPY can be cancelled"):
        steps.asked(in_yen(6_000), Kind.CANCEL, 3_999)


def test_where_the_vendor_releases_the_rest_it_is_gone_after_the_capture() -> None:
    transaction = on_card()
    row = steps.asked(transaction, Kind.CAPTURE, 6_000)

    steps.ended(row, steps.success(row))

    assert money_of(transaction) == {"captured": 6_000, "released": 4_000}


def test_two_captures_of_one_deal_stay_within_it() -> None:
    deal: dict[str, Any] = {"deal_reference": "deal-1", "deal_type": "3RIPSS", "deal_amount": 12_000}
    first = factories.a_transaction(**deal)
    second = factories.a_transaction(account=first.account, **deal)
    steps.asked(first, Kind.CAPTURE, 10_000)

    with pytest.raises(NotAllowed, match=r"more than the 20\.00 EUR that can be captured"):
        steps.asked(second, Kind.CAPTURE, 2_001)

    assert steps.asked(second, Kind.CAPTURE, 2_000).amount == 2_000
