"""The verbs on gateway accounts while they are in use: rotation is seen by the next request, secrets by nobody."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import IntegrityError, connection
from pytest_django import Settings

from orders import crypto
from orders.accounts import (
    AccountRefused,
    create_account,
    reseal_credentials,
    rotate_authentication_key,
)
from orders.mirror.fetching import ask_gateway, question_about
from orders.models import Event, GatewayAccount, Source
from tests.factories import a_merchant, a_person, a_transaction, an_account
from tests.mirror.conftest import account, gateway, sandbox_process
from tests.sandbox_process import SandboxHandle

__all__ = ["account", "gateway", "sandbox_process"]
pytestmark = pytest.mark.django_db
SECRET = "s3cret-of-the-gateway"


@pytest.mark.process
def test_a_key_rotated_under_use_is_the_one_of_the_next_request(
    gateway: SandboxHandle, account: GatewayAccount
) -> None:
    transaction = a_transaction(account=account)
    gateway.control("orders", merchantKey="merchant-one", transactionId=transaction.reference, amount=10_000)
    question = question_about(transaction)
    assert ask_gateway(question).snapshot is not None

    gateway.control("merchants", merchantKey="merchant-one", authenticationKey="the-new-key")
    refused = ask_gateway(question)
    rotate_authentication_key(account_id=account.pk, authentication_key="the-new-key", by=None, source=Source.COMMAND)
    transaction.account.refresh_from_db()
    served = ask_gateway(question_about(transaction))

    gateway.control("merchants", merchantKey="merchant-one", authenticationKey="secret-one")
    assert refused.pause_account
    assert served.snapshot is not None


def test_no_event_of_an_account_holds_its_secret() -> None:
    person = a_person()
    made = create_account(
        merchant=a_merchant(),
        name="north",
        gateway="smartpay",
        base_url="https://gateway.example/",
        merchant_key="3ip7f1-8e72",
        authentication_key=SECRET,
        by=person,
        source=Source.PAGE,
    )
    rotate_authentication_key(account_id=made.pk, authentication_key=SECRET * 2, by=person, source=Source.PAGE)
    reseal_credentials(by=person, source=Source.PAGE)

    told = str(list(Event.objects.filter(verb__startswith="account.").values_list("sentence", "details", "actor")))
    assert Event.objects.filter(verb__startswith="account.", actor=person).count() == 3
    assert SECRET not in told
    assert "3ip7f1" not in told


def test_the_database_file_holds_no_secret_in_the_clear() -> None:
    an_account(authentication_key=SECRET)

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM orders_gatewayaccount")
        assert SECRET not in repr(cursor.fetchall())


def test_a_base_url_is_stored_in_one_spelling_so_that_one_key_stands_at_one_address_once() -> None:
    merchant = a_merchant()
    facts: dict[str, Any] = {
        "merchant": merchant,
        "gateway": "smartpay",
        "merchant_key": "k",
        "authentication_key": SECRET,
    }
    create_account(name="one", base_url="https://Gateway.Example:443/x/", by=None, source=Source.COMMAND, **facts)

    assert GatewayAccount.objects.get().base_url == "https://gateway.example/x"
    with pytest.raises(AccountRefused, match="this merchant key at this address"):
        create_account(name="two", base_url="https://gateway.example/x", by=None, source=Source.COMMAND, **facts)


def test_a_refusal_never_repeats_the_secret() -> None:
    with pytest.raises(AccountRefused) as refused:
        rotate_authentication_key(
            account_id=an_account().pk, authentication_key="two words", by=None, source=Source.COMMAND
        )

    assert "two words" not in str(refused.value)


def test_a_credential_that_no_key_opens_says_what_to_do(settings: Settings) -> None:
    made = an_account(authentication_key=SECRET)
    settings.CREDENTIALS_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(crypto.CredentialUnreadable, match="CREDENTIALS_KEYS"):
        _ = made.authentication_key
    assert "CREDENTIALS_KEYS" in ask_gateway(question_about(a_transaction(account=made))).reason


@pytest.mark.parametrize("column", ["base_url", "merchant_key", "gateway", "merchant_id"])
def test_the_database_refuses_another_address_for_a_known_account(column: str) -> None:
    made = an_account()

    with pytest.raises(IntegrityError, match="another address or key is another account"):
        GatewayAccount.objects.filter(pk=made.pk).update(**{column: a_merchant().pk})
