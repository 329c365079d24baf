"""The evidence board: what it shows, which buttons are safe, and how a doubtful end is proposed."""

from __future__ import annotations

import html
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orders.gateways.base import Kind, Verdict
from orders.models import Event, GatewayAccount, Modification, ModificationState, Proposal, Purpose
from tests.factories import a_captured_transaction, a_transaction
from tests.views.scenes import a_modification, a_shop, answered, doubtful, in_state, logged_in, sent

pytestmark = pytest.mark.django_db

S = ModificationState
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' hx-get=/logout/ hx-trigger=load x='",
    "{{ 7|add:7 }}{% debug %}",
    "javascript:alert(1)",
    "</textarea><b>",
)


@pytest.fixture
def shop() -> tuple[GatewayAccount, User]:
    return a_shop("supervisor")


@pytest.fixture
def modification(shop: tuple[GatewayAccount, User]) -> Modification:
    account, person = shop
    return a_modification(a_captured_transaction(account=account), person, description="Strap returned")


@pytest.fixture
def client(shop: tuple[GatewayAccount, User]) -> Client:
    return logged_in(shop[1])


def _board(client: Client, modification: Modification) -> str:
    answer = client.get(reverse("orders:modification", args=[modification.pk]))
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def _post(client: Client, name: str, modification: Modification, form: dict[str, Any] | None = None) -> str:
    answer = client.post(reverse(f"orders:{name}", args=[modification.pk]), form or {}, follow=True)
    assert answer.status_code in (200, 422)
    return html.unescape(answer.content.decode())


def test_the_frozen_request_is_shown_with_its_hash_and_a_masked_key(client: Client, modification: Modification) -> None:
    board = _board(client, modification)

    assert modification.body_sha256 in board
    assert '"amount": 20.00' in board
    assert f'"modificationId": "{modification.pk}"' in board
    assert modification.account.merchant_key not in board
    assert modification.account.masked_merchant_key in board
    assert "secret-one" not in board


def test_attempts_and_evidence_are_shown(client: Client, modification: Modification) -> None:
    answered(modification, Verdict.SUCCEEDED)
    modification.attempts.update(
        request_transcript="POST /payment/refund",
        response_transcript="HTTP/1.1 200 OK",
        reason_text="The gateway did it.",
        duration_ms=312,
        http_status=200,
    )

    board = _board(client, modification)

    for text in ("POST /payment/refund", "HTTP/1.1 200 OK", "312 ms", "HTTP 200", "The gateway answered succeeded."):
        assert text in board
    assert modification.gateway_reference in board


@pytest.mark.parametrize("state", sorted(set(S) - {S.WITHDRAWN}))
def test_every_state_has_a_story(client: Client, modification: Modification, state: ModificationState) -> None:
    in_state(modification, state)

    board = _board(client, modification)

    sentence = {
        S.QUEUED: "Queued; nothing was sent yet.",
        S.IN_FLIGHT: "The gateway is being asked now.",
        S.PENDING: "The gateway accepted it and is working on it.",
        S.UNKNOWN: "Nobody knows yet whether the money moved",
        S.REVIEW: "A person must look.",
        S.SUCCEEDED: "Done: €20.00 was refunded to the shopper.",
        S.FAILED: "The gateway refused it: The card was closed by its holder. No money moved",
    }[state]
    assert sentence in board


def test_a_refund_before_its_send_can_be_withdrawn_and_not_asked_about(
    client: Client, modification: Modification
) -> None:
    board = _board(client, modification)

    assert "Nothing was sent yet, so it can be taken back; no money moves." in board
    assert "Nothing was sent yet, so the gateway knows nothing of it." in board


def test_an_unknown_outcome_can_be_retried_because_the_gateway_replays(
    client: Client, modification: Modification
) -> None:
    doubtful(modification, S.UNKNOWN)

    board = _board(client, modification)

    assert "Safe, because this gateway replays" in board
    assert "it can no longer be withdrawn" in board


def test_asking_now_puts_the_look_up_first_and_says_so(client: Client, modification: Modification) -> None:
    doubtful(modification, S.UNKNOWN)

    page = _post(client, "question_create", modification)

    modification.refresh_from_db()
    assert "The gateway is being asked now" in page
    assert modification.next_step == Purpose.QUERY
    assert Event.objects.filter(verb="modification.query_now", modification=modification).count() == 1


def test_asking_about_what_was_never_sent_is_refused_with_the_sentence(
    client: Client, modification: Modification
) -> None:
    page = _post(client, "question_create", modification)

    assert "Nothing was sent yet, so the gateway knows nothing of it." in page
    assert Event.objects.filter(refused=True, modification=modification).count() == 1


def test_retrying_sends_the_same_bytes_first_and_only_in_doubt(client: Client, modification: Modification) -> None:
    doubtful(modification, S.UNKNOWN)
    hash_before = modification.body_sha256

    retried = _post(client, "retry_create", modification)
    Modification.objects.filter(pk=modification.pk).update(state=S.PENDING, doubt_since=None)
    refused = _post(client, "retry_create", modification)

    modification.refresh_from_db()
    assert "The same request is sent again now" in retried
    assert "Only a modification with an unknown outcome is sent again." in refused
    assert (modification.next_step, modification.body_sha256) == (Purpose.SEND, hash_before)


def test_a_viewer_sees_why_every_button_is_closed() -> None:
    account, agent = a_shop()
    modification = doubtful(a_modification(a_captured_transaction(account=account), agent), S.UNKNOWN)
    _, viewer = a_shop("viewer")
    viewer.memberships.update(merchant=account.merchant)

    board = _board(logged_in(viewer), modification)

    assert board.count("You may not act on this modification") == 2
    assert "People with the “repair” permission at this merchant can propose how it ended." in board
    assert reverse("orders:question_create", args=[modification.pk]) not in board


def test_a_doubtful_end_is_proposed_and_nothing_changes_yet(client: Client, modification: Modification) -> None:
    doubtful(modification, S.REVIEW)
    form = {"verdict": "succeeded", "amount": "20.00", "gateway_reference": "rec-1", "evidence_text": "Portal, 12:04."}

    page = _post(client, "resolution_create", modification, form)

    proposal = Proposal.objects.get()
    modification.refresh_from_db()
    assert "Nothing changed yet: a second person" in page
    assert (proposal.verdict, proposal.amount, proposal.evidence_text) == ("succeeded", 2_000, "Portal, 12:04.")
    assert modification.state == S.REVIEW


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"evidence_text": ""}, "Say what you saw and where; nothing was proposed."),
        ({"verdict": ""}, "Say whether the money moved; nothing was proposed."),
        ({"verdict": "perhaps"}, "perhaps is not one of the available choices"),
        ({"amount": "1e2"}, "is not an amount"),
        ({"amount": "19.00"}, "It asked for 20.00 EUR"),
        ({"gateway_reference": ""}, "A success carries the gateway’s reconciliation reference"),
        ({"evidence_text": "x" * 2001}, "at most 2000 characters"),
    ],
)
def test_an_incomplete_proposal_is_refused_and_keeps_what_was_typed(
    client: Client, modification: Modification, change: dict[str, str], sentence: str
) -> None:
    doubtful(modification, S.REVIEW)
    form = {"verdict": "succeeded", "amount": "20.00", "gateway_reference": "rec-1", "evidence_text": "Portal, 12:04."}

    answer = client.post(reverse("orders:resolution_create", args=[modification.pk]), form | change)

    assert answer.status_code == 422
    assert sentence in html.unescape(answer.content.decode())
    assert not Proposal.objects.exists()


def test_a_cancel_or_refund_asks_what_the_gateway_chose(shop: tuple[GatewayAccount, User], client: Client) -> None:
    account, person = shop
    reversal = a_modification(a_transaction(account=account), person, kind=Kind.CANCEL_OR_REFUND, amount=10_000)
    doubtful(reversal, S.REVIEW)

    assert 'name="executed_kind"' in _board(client, reversal)


def test_what_is_not_in_doubt_is_not_resolved_by_hand(client: Client, modification: Modification) -> None:
    sent(modification)

    board = _board(client, modification)

    assert "Only a modification in doubt is resolved by hand." in board
    assert 'name="evidence_text"' not in board


@pytest.mark.parametrize(
    "name", ["modification", "modification_live", "question_create", "retry_create", "resolution_create"]
)
def test_a_foreign_modification_and_one_that_never_was_answer_alike(modification: Modification, name: str) -> None:
    _, stranger = a_shop("supervisor")
    client = logged_in(stranger)
    ask = client.post if name.endswith("create") else client.get

    foreign = ask(reverse(f"orders:{name}", args=[modification.pk]))
    unknown = ask(reverse(f"orders:{name}", args=[uuid4()]))

    assert foreign.status_code == unknown.status_code == 404


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_from_anywhere_is_only_text(
    shop: tuple[GatewayAccount, User], client: Client, hostile: str
) -> None:
    account, person = shop
    transaction = a_captured_transaction(account=account, facts={hostile: hostile}, raw_status=hostile[:60])
    transaction.order.customer_name = transaction.order.customer_email = hostile
    transaction.order.save()
    modification = doubtful(a_modification(transaction, person, description=hostile), S.REVIEW, reason=hostile)
    modification.attempts.update(request_transcript=hostile, response_transcript=hostile, reason_text=hostile)

    pages = [
        client.get(url).content.decode()
        for url in (
            reverse("orders:order", args=[transaction.order_id]),
            reverse("orders:modification", args=[modification.pk]),
            reverse("orders:order_conversation", args=[transaction.order_id]),
            reverse("orders:modification_new", args=[transaction.pk, Kind.REFUND]),
            reverse("orders:modification_list") + "?state=review",
        )
    ]

    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "' hx-get=/logout/" not in page
        assert "</textarea><b>" not in page
    assert html.escape(hostile) in pages[1]


def test_the_list_shows_each_modification_where_it_stands(shop: tuple[GatewayAccount, User], client: Client) -> None:
    account, person = shop
    rows = {
        state: in_state(a_modification(a_captured_transaction(account=account), person), state)
        for state in (S.QUEUED, S.IN_FLIGHT, S.PENDING, S.UNKNOWN, S.REVIEW, S.FAILED, S.SUCCEEDED)
    }
    expected = {
        "": {S.QUEUED, S.IN_FLIGHT, S.PENDING},
        "in_flight": {S.QUEUED, S.IN_FLIGHT, S.PENDING},
        "unknown": {S.UNKNOWN},
        "review": {S.REVIEW},
        "failed": {S.FAILED},
        "all": set(rows),
        "'; drop": {S.QUEUED, S.IN_FLIGHT, S.PENDING},
    }

    for tab, states in expected.items():
        page = client.get(reverse("orders:modification_list"), {"state": tab}).content.decode()
        assert {state for state, row in rows.items() if str(row.pk) in page} == states, tab


def test_the_list_pages_without_loss_and_without_repeats(shop: tuple[GatewayAccount, User], client: Client) -> None:
    account, person = shop
    transaction = a_captured_transaction(account=account)
    made = {str(a_modification(transaction, person, amount=number).pk) for number in range(1, 121)}

    seen: list[str] = []
    after = ""
    for _ in range(3):
        page = client.get(reverse("orders:modification_list"), {"after": after}).content.decode()
        seen += [pk for pk in made if f"/modifications/{pk}/" in page]
        after = page.partition("after=")[2].partition('"')[0]

    assert sorted(seen) == sorted(made)
    assert after == ""


@pytest.mark.parametrize("after", ["x", "20261120T120000000000.zz", "0.0", "\x00", "9" * 500])
def test_a_damaged_place_in_the_list_shows_the_first_page(
    modification: Modification, client: Client, after: str
) -> None:
    page = client.get(reverse("orders:modification_list"), {"after": after})

    assert page.status_code == 200
    assert str(modification.pk) in page.content.decode()


def test_the_list_holds_only_ones_own_merchants(modification: Modification) -> None:
    _, stranger = a_shop("supervisor")

    page = logged_in(stranger).get(reverse("orders:modification_list"), {"state": "all"}).content.decode()

    assert str(modification.pk) not in page
    assert "Nobody has captured, cancelled or refunded anything yet." in page
