"""Tokens: shown once, kept as a hash, acting as a user of their own, revoked for good."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from orders.gateways.base import Kind
from orders.models import ApiToken, Event, ModificationState, Source
from orders.modifications.claim import claim
from orders.permissions import permissions_of
from orders.tokens import SCOPES, NotAccepted, TokenRefused, create_token, revoke_token, token_of
from tests import factories
from tests.api.shop import a_shop, a_token
from tests.modifications.asking import ask

pytestmark = pytest.mark.django_db


def refusal_of(plain: str) -> str:
    with pytest.raises(NotAccepted) as refused:
        token_of(plain, now=timezone.now())
    return refused.value.code


def test_the_secret_is_nowhere_but_in_the_answer() -> None:
    made = a_token(factories.a_merchant())
    secret = made.plain.rpartition("_")[2]

    kept = "".join(str(value) for row in ApiToken.objects.values() for value in row.values())
    told = "".join(f"{event.sentence}{event.details}" for event in Event.objects.all())

    assert made.plain.startswith(f"sod_{made.token.prefix}_")
    assert len(secret) == 40
    assert secret not in f"{kept}{told}{made!r}{made.token}"
    assert token_of(made.plain, now=timezone.now()) == made.token


def test_no_two_tokens_are_alike() -> None:
    merchant = factories.a_merchant()

    assert len({a_token(merchant).plain for _ in range(20)}) == 20


@pytest.mark.parametrize("scope", SCOPES)
def test_the_tokens_user_may_what_its_scope_says_at_its_merchant_and_nothing_elsewhere(scope: str) -> None:
    own, other = factories.a_merchant(), factories.a_merchant()

    user = a_token(own, scopes=[scope]).token.acts_as

    assert permissions_of(user, own.pk) == SCOPES[scope][1]
    assert permissions_of(user, other.pk) == frozenset()


def test_the_tokens_user_cannot_log_in() -> None:
    user = a_token(factories.a_merchant()).token.acts_as

    assert not user.has_usable_password()
    assert authenticate(None, username=user.username, password="") is None
    page = Client().post("/login/", {"login": user.username, "password": "!"})
    assert page.status_code == 200


@pytest.mark.parametrize(
    "plain",
    ["", "sod", "sod__", "sod_abc_def", "Bearer", "sod_0000000000_" + "a" * 40, "\0", "sod_é_ü", "x" * 5000],
)
def test_what_is_no_token_is_nobody(plain: str) -> None:
    a_token(factories.a_merchant())

    assert refusal_of(plain) == "unknown_token"


def test_the_right_prefix_with_a_wrong_secret_is_nobody() -> None:
    made = a_token(factories.a_merchant())

    assert refusal_of(made.plain[:-1] + ("a" if made.plain[-1] != "a" else "b")) == "unknown_token"
    assert refusal_of(made.plain + "a") == "unknown_token"
    assert token_of(made.plain, now=timezone.now())


def test_why_a_token_is_over_is_told_to_its_holder_only() -> None:
    merchant = factories.a_merchant()
    made = a_token(merchant, expires_at=timezone.now() + timedelta(days=1))
    ApiToken.objects.update(expires_at=timezone.now())

    assert refusal_of(made.plain) == "expired_token"
    assert refusal_of(made.plain[:-5] + "aaaaa") == "unknown_token"


def test_revoking_ends_it_and_revoking_twice_is_revoking_once() -> None:
    merchant = factories.a_merchant()
    made = a_token(merchant)
    person = factories.a_person(merchants=[merchant], groups=["integrator"])

    revoke_token(token=made.token, by=person, source=Source.PAGE)
    revoke_token(token=made.token, by=person, source=Source.PAGE)

    assert refusal_of(made.plain) == "revoked_token"
    assert not User.objects.get(pk=made.token.acts_as_id).is_active
    assert Event.objects.filter(verb="api_token.revoked", actor=person).count() == 1


def test_what_a_revoked_token_queued_is_not_sent() -> None:
    transaction = factories.a_transaction()
    made = a_token(transaction.merchant)
    row = ask(transaction, Kind.CAPTURE, 1_000, by=made.token.acts_as, source=Source.API)

    revoke_token(token=made.token, by=made.token.created_by, source=Source.PAGE)

    assert claim(slots=5) == []
    row.refresh_from_db()
    assert (row.state, row.never_sent) == (ModificationState.REVIEW, True)
    assert "may no longer capture" in row.reason_text


def test_who_may_not_configure_neither_makes_nor_revokes() -> None:
    merchant = factories.a_merchant()
    agent = factories.a_person(merchants=[merchant], groups=["agent"])
    made = a_token(merchant)

    with pytest.raises(TokenRefused, match="permission to configure"):
        create_token(merchant=merchant, name="mine", scopes=["orders:read"], by=agent, source=Source.PAGE)
    with pytest.raises(TokenRefused, match="may not revoke"):
        revoke_token(token=made.token, by=agent, source=Source.PAGE)

    assert token_of(made.plain, now=timezone.now())


def test_nobody_gives_a_token_what_they_may_not_do_themselves() -> None:
    merchant = factories.a_merchant()
    person = factories.a_person(merchants=[merchant], groups=["integrator"])

    with pytest.raises(TokenRefused, match="refunds:write"):
        create_token(merchant=merchant, name="a", scopes=["refunds:write"], by=person, source=Source.PAGE)
    person.user_permissions.add(Permission.objects.get(codename="refund", content_type__app_label="orders"))
    again = User.objects.get(pk=person.pk)
    made = create_token(merchant=merchant, name="a", scopes=["refunds:write"], by=again, source=Source.PAGE)

    assert made.token.scopes == ["refunds:write"]


def test_nobody_makes_a_token_for_another_merchant() -> None:
    person = factories.a_person(merchants=[factories.a_merchant()], groups=["integrator"])

    with pytest.raises(TokenRefused):
        create_token(merchant=factories.a_merchant(), name="a", scopes=["orders:read"], by=person, source=Source.PAGE)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"name": "  "}, "1 to 60"),
        ({"name": "x" * 61}, "1 to 60"),
        ({"name": "a\nb"}, "one line"),
        ({"scopes": []}, "at least one"),
        ({"scopes": ["everything"]}, "no scope"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "past"),
    ],
)
def test_what_makes_no_token_leaves_nothing_behind(words: dict[str, object], said: str) -> None:
    merchant = factories.a_merchant()
    given: dict[str, object] = {"name": "shop", "scopes": ["orders:read"], **words}
    person = factories.a_person(groups=[], is_superuser=True)

    with pytest.raises(TokenRefused, match=said):
        create_token(merchant=merchant, by=person, source=Source.PAGE, **given)  # type: ignore[arg-type]

    assert not ApiToken.objects.exists()
    assert not User.objects.filter(username__startswith="api-").exists()


def test_a_name_is_used_once_per_merchant() -> None:
    merchant = factories.a_merchant()
    a_token(merchant, name="webshop")

    with pytest.raises(TokenRefused, match="already has a token"):
        a_token(merchant, name="webshop")

    assert a_token(factories.a_merchant(), name="webshop")


def test_making_one_is_in_the_audit_log_with_the_person() -> None:
    merchant = factories.a_merchant()
    person = factories.a_person(merchants=[merchant], groups=["integrator"])

    create_token(merchant=merchant, name="webshop", scopes=["orders:read"], by=person, source=Source.PAGE)

    event = Event.objects.get(verb="api_token.created")
    assert (event.actor, event.merchant, event.details["scopes"]) == (person, merchant, ["orders:read"])
    assert {one.actor for one in Event.objects.filter(verb__in=["membership_added", "permission_changed"])} >= {person}


def test_the_last_use_is_written_down_once_a_minute() -> None:
    made = a_token(factories.a_merchant())
    now = timezone.now()

    token_of(made.plain, now=now)
    token_of(made.plain, now=now + timedelta(seconds=30))
    assert ApiToken.objects.get().last_used_at == now

    token_of(made.plain, now=now + timedelta(seconds=61))
    assert ApiToken.objects.get().last_used_at == now + timedelta(seconds=61)


def test_a_session_opens_no_door_of_the_api() -> None:
    shop = a_shop()
    shop.client.force_login(factories.a_person(groups=[], is_superuser=True))

    answer = shop.send("GET", "orders", headers={"Authorization": ""})

    assert (answer.status, answer.code) == (401, "no_token")
