"""One file on its way in and the payment that its lines are about; and for fixes an account of Anna’s and Bert’s."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from orders.models import GatewayAccount, SettlementFile, SettlementTerms, Transaction
from tests.factories import a_captured_transaction, a_person, an_account
from tests.reconciliation_factories import a_file


@pytest.fixture
def file(db: None) -> SettlementFile:
    return a_file()


@pytest.fixture
def transaction(file: SettlementFile) -> Transaction:
    return a_captured_transaction(account=file.account)


@pytest.fixture
def account() -> GatewayAccount:
    account = an_account()
    SettlementTerms.objects.create(account=account, accept_limit=5_000)
    return account


@pytest.fixture
def anna(account: GatewayAccount) -> User:
    return a_person("anna", merchants=[account.merchant], groups=["finance"])


@pytest.fixture
def bert(account: GatewayAccount) -> User:
    return a_person("bert", merchants=[account.merchant], groups=["supervisor"])
