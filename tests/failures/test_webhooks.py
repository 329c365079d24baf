"""Webhooks of a real sandbox (F53 to F61): early, late, twice, backwards, forged or lost, the books end the same."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest

from orders.database import database_now
from orders.gateways.base import Door, Kind
from orders.inbox import receive
from orders.models import (
    ExternalMovement,
    InboxDelivery,
    InboxRejection,
    Modification,
    ModificationState,
)
from orders.modifications import recover, submit
from orders.modifications.resolve import resolve_results
from tests.failures.places import Place, a_place, next_turn, worked
from tests.inbox.letters import Letter, post, signed_by_b, signed_by_c, work_off
from tests.modifications import steps
from tests.modifications.channels import money_of
from tests.proofs.given import WEBHOOK_SECRET
from tests.proofs.racing import race
from tests.sandbox_process import SandboxHandle

pytestmark = [pytest.mark.django_db, pytest.mark.process]
S = ModificationState

AT_ONCE = 100
REFUSED = {"smartpay_orders": 401, "smarterpay": 498}


@pytest.fixture(params=REFUSED)
def signed(request: pytest.FixtureRequest, gateway: SandboxHandle, _unhurried: None, db: None) -> Iterator[Place]:
    """A place at each gateway whose webhooks are signed."""
    with a_place(request.param, gateway) as made:
        yield made


def a_capture(place: Place) -> Modification:
    return steps.asked(place.known(), Kind.CAPTURE, 4_000)


def told_of_a_capture(place: Place) -> tuple[Modification, list[Letter]]:
    """One of ours that has ended, and the webhooks about it, which nobody has opened yet."""
    row = worked(a_capture(place))
    assert row.state == S.SUCCEEDED
    place.wait_for(about=row.transaction.reference)
    return row, place.letters()


def booked(row: Modification) -> tuple[str, int, int]:
    """Its state, what is captured, and how many movements are not ours."""
    row.refresh_from_db()
    return row.state, money_of(row.transaction).get("captured", 0), ExternalMovement.objects.count()


def test_word_that_comes_before_the_answer_is_one_booking(place: Place) -> None:
    row = a_capture(place)
    taken = steps.armed(row)
    door = submit.prepare(taken)
    assert isinstance(door, Door)

    with ThreadPoolExecutor() as sender:
        answer = sender.submit(submit.send, taken, door).result()
    place.hear(about=row.transaction.reference)
    assert booked(row)[2] == 0, "ours is not taken for a stranger's"
    assert resolve_results([answer]) == []
    place.deliver()

    assert booked(row) == (S.SUCCEEDED, 4_000, 0)
    assert place.executions(row) == [("capture", 4_000)]


def test_word_that_comes_backwards_and_again_ends_in_the_same_books(place: Place) -> None:
    row = worked(a_capture(place))
    refund = Kind.VOID if place.gateway == "smarterpay" else Kind.REFUND
    back = worked(steps.asked(row.transaction, refund, 4_000))
    assert back.state == S.SUCCEEDED
    before = money_of(row.transaction)

    place.wait_for(about=row.transaction.reference)
    place.deliver(copies=3, backwards=True)

    assert booked(row) == (S.SUCCEEDED, 4_000, 0)
    assert money_of(row.transaction) == before
    assert not steps.fresh(row.transaction).frozen


@pytest.mark.django_db(transaction=True)
def test_a_hundred_deliveries_at_once_are_one(place: Place) -> None:
    row, letters = told_of_a_capture(place)

    answers = race([partial(post, place.account, letters[0]) for _ in range(AT_ONCE)])
    work_off()

    assert {getattr(answer, "status_code", answer) for answer in answers} == {200}
    assert InboxDelivery.objects.get().repeats == AT_ONCE - 1
    assert booked(row) == (S.SUCCEEDED, 4_000, 0)


@pytest.mark.parametrize("later", [timedelta(minutes=6), timedelta(days=6)], ids=["6 minutes", "6 days"])
def test_an_old_valid_delivery_has_no_effect_when_it_is_sent_again(
    place: Place, later: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, letters = told_of_a_capture(place)
    for letter in letters:
        post(place.account, letter)
    work_off()
    version = steps.fresh(row.transaction).version

    monkeypatch.setattr(receive, "database_now", lambda: database_now() + later)
    answers = {post(place.account, letter).status_code for letter in letters}
    work_off()

    # Gateway B signs the moment too, so that an old one is refused; the others' are known by their keys.
    assert answers == {401 if place.gateway == "smartpay_orders" else 200}
    assert InboxDelivery.objects.count() == len(letters)
    assert (booked(row), steps.fresh(row.transaction).version) == ((S.SUCCEEDED, 4_000, 0), version)


def forgeries(letter: Letter, stranger: Letter) -> dict[str, Letter]:
    """One byte or one header changed, and the signature of another account."""
    middle = len(letter.body) // 2
    forged = {
        "first byte": Letter(body=b"[" + letter.body[1:], headers=letter.headers),
        "middle byte": Letter(
            body=letter.body[:middle] + bytes([letter.body[middle] ^ 1]) + letter.body[middle + 1 :],
            headers=letter.headers,
        ),
        "one more byte": Letter(body=letter.body + b" ", headers=letter.headers),
        "a stranger's signature": Letter(body=letter.body, headers=stranger.headers),
        "a stranger's letter": stranger,
    }
    for name, value in letter.headers.items():
        flipped = ("0" if value[0] != "0" else "1") + value[1:]
        forged |= {
            f"{name} changed": letter.with_header(name, flipped),
            f"{name} empty": letter.with_header(name, ""),
            f"{name} missing": letter.with_header(name, None),
        }
    return forged


def test_a_forgery_is_refused_and_nothing_of_it_is_kept(signed: Place, gateway: SandboxHandle) -> None:
    row, [letter, *_] = told_of_a_capture(signed)
    with a_place(signed.gateway, gateway) as elsewhere:
        elsewhere.account.seal_webhook_secret("AnotherSecretOfAnotherMerchantInBase62AB", overlap_until=None)
        gateway.control(
            "webhook",
            gateway=signed.gateway,
            merchantKey=elsewhere.account.merchant_key,
            url=elsewhere.box.url,
            secret="AnotherSecretOfAnotherMerchantInBase62AB",
        )
        _, [stranger, *_] = told_of_a_capture(elsewhere)

    forged = forgeries(letter, stranger)
    answers = {how: post(signed.account, one).status_code for how, one in forged.items()}

    assert set(answers.values()) == {REFUSED[signed.gateway]}, answers
    assert not InboxDelivery.objects.exists()
    assert InboxRejection.objects.filter(account=signed.account).count() == len(forged)
    assert booked(row) == (S.SUCCEEDED, 4_000, 0)
    assert post(signed.account, letter).status_code == 200, "the true one is taken"


def test_what_nobody_signed_is_a_hint_and_settles_nothing_by_itself(place: Place) -> None:
    """What was lost stays unknown until the gateway itself is asked; where it cannot be asked, until people look."""
    row = a_capture(place)
    place.spoil(row, "lose_reply")
    row = worked(row)
    assert row.state == S.UNKNOWN
    place.account.seal_webhook_secret("", overlap_until=None)
    place.account.save()

    place.hear(about=row.transaction.reference)

    sources = set(row.evidence.values_list("source", flat=True))
    assert "webhook" not in sources
    assert booked(row)[0] == (S.SUCCEEDED if place.can_be_asked else S.UNKNOWN)
    assert booked(row)[2] == 0


@pytest.fixture
def _webhooks_are_lost(gateway: SandboxHandle) -> Iterator[None]:
    gateway.control("dials", webhookLose=1.0)
    yield
    gateway.control("dials", webhookLose=0.0)


@pytest.mark.usefixtures("_webhooks_are_lost")
def test_without_any_webhook_it_is_found_by_asking_or_comes_before_people(place: Place) -> None:
    row = a_capture(place)
    place.spoil(row, "lose_reply")
    row = worked(row)
    assert row.state == S.UNKNOWN

    if place.can_be_asked:
        row = place.follow(row)
        assert booked(row) == (S.SUCCEEDED, 4_000, 0)
    else:
        Modification.objects.filter(pk=row.pk).update(last_sent_at=database_now() - timedelta(hours=1))
        row = next_turn(row)
        assert (row.state, money_of(row.transaction)) == (S.REVIEW, {"capturing": 4_000})
        assert len(place.requests(row)) == 1, "it is never sent again"
    assert place.executions(row) == [("capture", 4_000)]


@pytest.mark.usefixtures("_webhooks_are_lost")
def test_what_was_accepted_and_is_never_told_of_comes_before_people_after_three_days(place: Place) -> None:
    row = a_capture(place)
    assert steps.ended(row, steps.pending()).state == S.PENDING
    long_ago = database_now() - timedelta(hours=73)
    Modification.objects.filter(pk=row.pk).update(first_sent_at=long_ago, due_at=database_now() + timedelta(hours=1))

    recover.send_old_doubts_to_review()

    row.refresh_from_db()
    assert (row.state, money_of(row.transaction)) == (S.REVIEW, {"capturing": 4_000})


def test_a_success_about_other_money_is_not_booked_as_ours(signed: Place) -> None:
    """Gateway B's word makes us read, and what is read is right; gateway C's word is evidence that contradicts."""
    row = a_capture(signed)
    signed.spoil(row, "lose_reply")
    row = worked(row)
    signed.wait_for(about=row.transaction.reference)
    sign = signed_by_b if signed.gateway == "smartpay_orders" else signed_by_c

    for letter in signed.letters():
        post(signed.account, sign(letter.body.replace(b"4000", b"4001"), secret=WEBHOOK_SECRET))
    work_off()

    state, captured, _ = booked(row)
    assert (state, captured) == ((S.SUCCEEDED, 4_000) if signed.can_be_asked else (S.REVIEW, 0))
    assert steps.fresh(row.transaction).frozen is not signed.can_be_asked
