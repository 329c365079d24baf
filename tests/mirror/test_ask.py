"""A person asks for a refresh: only of what they may see, written down, and left to a worker."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from orders.mirror.ask import ask_refresh
from orders.models import Event, Source
from orders.modifications.refusals import NotAllowed, UnknownThing
from tests.factories import a_person, a_transaction

pytestmark = pytest.mark.django_db


def test_the_bell_rings_after_the_event_is_written(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    transaction = a_transaction()
    person = a_person(merchants=[transaction.merchant], groups=["viewer"])

    with (
        patch("orders.modifications.bell.ring_refresh") as ring,
        django_capture_on_commit_callbacks(execute=True),
    ):
        ask_refresh(transaction_id=transaction.pk, by=person, source=Source.PAGE)

    ring.assert_called_once_with(transaction.pk)
    assert Event.objects.get(verb="refresh.asked").actor == person


def test_a_foreign_transaction_is_unknown_and_nothing_is_rung() -> None:
    transaction = a_transaction()

    with patch("orders.modifications.bell.ring_refresh") as ring, pytest.raises(UnknownThing):
        ask_refresh(transaction_id=transaction.pk, by=a_person(), source=Source.PAGE)

    ring.assert_not_called()


def test_somebody_without_the_view_permission_is_refused() -> None:
    transaction = a_transaction()
    person = a_person(merchants=[transaction.merchant], groups=[])

    with pytest.raises(NotAllowed):
        ask_refresh(transaction_id=transaction.pk, by=person, source=Source.PAGE)
