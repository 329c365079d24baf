"""The words beside a modification: a pause is no countdown, and what people found out is no refusal of a gateway."""

from __future__ import annotations

import html

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.utils import timezone

from orders.gateways.base import Kind
from orders.models import GatewayAccount, Modification, ModificationState, Source
from orders.modifications.pause import pause_account
from orders.modifications.proposals import FOUND_OUT
from orders.presenters.following import Seen
from orders.presenters.modification_card import card_of
from orders.presenters.story import story_of
from tests.factories import a_captured_transaction, a_person
from tests.modifications.other_accounts import an_orders_account, in_yen, on_card
from tests.views.scenes import a_modification, a_shop, doubtful

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> tuple[GatewayAccount, User]:
    return a_shop("supervisor")


@pytest.fixture
def modification(shop: tuple[GatewayAccount, User]) -> Modification:
    return a_modification(a_captured_transaction(account=shop[0]), shop[1])


def _card(modification: Modification) -> str:
    row = Modification.objects.select_related("account").get(pk=modification.pk)
    now = timezone.now()
    card = card_of(row, seen=Seen.beginning(now=now), now=now)
    return html.unescape(render_to_string("orders/_modification_card.html", {"card": card}))


def test_the_undo_window_counts_down_to_the_send(modification: Modification) -> None:
    assert "It is sent to the gateway in <span" in _card(modification)


def test_a_paused_account_counts_down_to_nothing(shop: tuple[GatewayAccount, User], modification: Modification) -> None:
    pause_account(account_id=shop[0].pk, reason="Maintenance", by=shop[1], source=Source.PAGE)

    card = _card(modification)

    assert "is paused: Maintenance.</p>" in card
    assert "Undo" in card


def test_what_two_people_found_out_is_not_told_as_a_refusal(modification: Modification) -> None:
    modification.state = ModificationState.FAILED
    modification.reason_text = f"{FOUND_OUT}the portal shows 19.99"

    sentence = story_of(modification, now=timezone.now()).sentence

    assert sentence == (
        "Two people found out: the portal shows 19.99. So it did not happen as asked, and the amount is free again."
    )


def test_where_nothing_can_be_asked_its_own_word_is_waited_for() -> None:
    card = on_card()
    person = a_person(merchants=[card.merchant])
    unclear = doubtful(a_modification(card, person, kind=Kind.CAPTURE, amount=6_000), ModificationState.UNKNOWN)
    order = in_yen(10_000, account=an_orders_account(merchant=card.merchant))
    asked = doubtful(a_modification(order, person, amount=100), ModificationState.UNKNOWN)
    now = timezone.now()

    assert "so its own word is waited for; without it a person must look" in story_of(unclear, now=now).next_step
    assert story_of(asked, now=now).next_step == "The gateway is asked what became of it"
