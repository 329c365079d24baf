"""What happens at the gateway without us (F46 to F49): it comes into the books once, and nothing is paid back twice."""

from __future__ import annotations

import pytest

from orders.gateways.base import Kind
from orders.models import Capture, ExternalMovement, Modification, ModificationState, Transaction
from orders.modifications.refusals import NotAllowed
from tests.failures.places import WHOLE, Place, a_place, worked
from tests.modifications import steps
from tests.modifications.channels import money_of
from tests.sandbox_process import SandboxHandle

pytestmark = [pytest.mark.django_db, pytest.mark.process]
S = ModificationState


def learn(place: Place, transaction: Transaction) -> None:
    """Our books hear of it, twice: read where that is possible, else by the webhooks."""
    if place.can_be_asked:
        assert [place.read(transaction) for _ in range(2)] == ["", ""]
    else:
        place.hear(about=transaction.reference, copies=2)


def capture_in_portal(place: Place, transaction: Transaction) -> None:
    place.portal(transaction, "release" if place.gateway == "smarterpay" else "capture")


def expire(place: Place, transaction: Transaction) -> None:
    if place.gateway == "smartpay":
        place.sandbox.control("expire", transactionId=transaction.reference)
    else:
        place.portal(transaction, "expire")


def test_a_cancel_that_a_capture_overtook_fails_and_what_was_captured_is_shown(place: Place) -> None:
    transaction = place.known()
    cancel = steps.asked(transaction, Kind.CANCEL, WHOLE)
    capture_in_portal(place, transaction)

    cancel = worked(cancel)
    assert (cancel.state, place.executions(cancel)) == (S.FAILED, []), cancel.reason_text
    learn(place, transaction)

    assert money_of(transaction) == {"captured": WHOLE}
    assert not Modification.objects.filter(kind__in=(Kind.REFUND, Kind.VOID)).exists(), "nothing is paid back unasked"
    back = Kind.VOID if place.gateway == "smarterpay" else Kind.REFUND
    assert worked(steps.asked(transaction, back, WHOLE)).state == S.SUCCEEDED


def test_a_refund_in_the_portal_is_booked_once_and_lessens_what_we_may_refund(place: Place) -> None:
    transaction = place.known(WHOLE)
    where = {"paymentId": Capture.objects.get().gateway_id} if place.gateway == "smartpay_orders" else {}
    place.portal(transaction, "refund", amount=4_000, **where)

    learn(place, transaction)

    assert money_of(transaction) == {"captured": WHOLE, "refunded": 4_000}
    assert ExternalMovement.objects.filter(kind="refund").count() == 1
    with pytest.raises(NotAllowed, match="more than"):
        steps.asked(transaction, Kind.REFUND, 6_001)
    assert worked(steps.asked(transaction, Kind.REFUND, 6_000)).state == S.SUCCEEDED
    assert money_of(transaction) == {"captured": WHOLE, "refunded": WHOLE}


def test_a_refund_of_ours_that_the_portal_left_no_room_for_is_refused_there_and_freed_here(place: Place) -> None:
    transaction = place.known(WHOLE)
    row = steps.asked(transaction, Kind.REFUND, WHOLE)
    where = {"paymentId": Capture.objects.get().gateway_id} if place.gateway == "smartpay_orders" else {}
    place.portal(transaction, "refund", amount=1, **where)

    row = worked(row)

    assert (row.state, place.executions(row)) == (S.FAILED, []), row.reason_text
    assert money_of(transaction) == {"captured": WHOLE}
    learn(place, transaction)
    assert money_of(transaction) == {"captured": WHOLE, "refunded": 1}


def test_an_authorization_that_ran_out_gives_everything_back_and_closes_the_buttons(place: Place) -> None:
    transaction = place.known()
    expire(place, transaction)

    learn(place, transaction)

    assert money_of(transaction) == {"released": WHOLE}
    for kind in (Kind.CAPTURE, Kind.CANCEL):
        with pytest.raises(NotAllowed):
            steps.asked(transaction, kind, WHOLE)


def test_a_capture_of_what_ran_out_unseen_fails_and_frees_its_reservation(place: Place) -> None:
    transaction = place.known()
    row = steps.asked(transaction, Kind.CAPTURE, WHOLE)
    expire(place, transaction)

    row = worked(row)

    assert (row.state, place.executions(row)) == (S.FAILED, []), row.reason_text
    assert money_of(transaction) == {}


@pytest.mark.usefixtures("_unhurried")
def test_a_chargeback_while_a_refund_is_on_its_way_freezes_and_the_refund_still_ends(
    gateway: SandboxHandle,
) -> None:
    """Only gateway A knows chargebacks."""
    with a_place("smartpay", gateway) as place:
        transaction = place.known(WHOLE)
        row = steps.asked(transaction, Kind.REFUND, 1_000)
        place.spoil(row, "lose_reply")
        row = worked(row)
        assert row.state == S.UNKNOWN
        gateway.control("chargeback", transactionId=transaction.reference, amount=2_000)

        assert "charged back" in place.read(transaction)
        row.refresh_from_db()

        assert (row.state, place.executions(row)) == (S.SUCCEEDED, [("refund", 1_000)])
        assert (transaction.refunded, transaction.charged_back) == (1_000, 2_000)
        with pytest.raises(NotAllowed, match="frozen"):
            steps.asked(transaction, Kind.REFUND, 1_000)
