"""`manage.py nightly`: what is due is run and told; what cannot be run is refused with a sentence."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.core import mail

from orders.database import database_now
from orders.models import GatewayAccount, JobRun, Transaction
from tests.commands.running import run
from tests.factories import a_captured_transaction, a_person, an_account

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_transaction_but_the_tests_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.database._is_transaction_open", lambda: False)


@pytest.fixture
def account() -> GatewayAccount:
    return an_account(gateway="smarterpay", name="tea in europe")


def test_the_night_is_run_once_and_told(account: GatewayAccount) -> None:
    first = run("nightly")
    second = run("nightly")

    assert (first.code, second.code) == (0, 0)
    assert "for tea in europe: done" in first.out
    assert "All" in first.out
    assert "Nothing was due" in second.out


def test_programs_read_every_step(account: GatewayAccount) -> None:
    facts = run("nightly", "--json").facts

    assert [one["job"] for one in facts["errands"]] == ["books", "night", "report"]
    assert facts["errands"][1]["account"] == "tea in europe"
    assert all(step["ok"] for one in facts["errands"] for step in one["steps"].values())


def test_one_account_is_run_alone(account: GatewayAccount) -> None:
    an_account(gateway="smarterpay", name="tea in asia")

    told = run("nightly", "--account", "tea in europe")

    assert "tea in asia" not in told.out
    assert JobRun.objects.filter(job="night").count() == 1


def test_broken_books_end_with_one(account: GatewayAccount) -> None:
    Transaction.objects.filter(pk=a_captured_transaction().pk).update(captured=9_000)

    told = run("nightly")

    assert told.code == 1
    assert "invariants are broken" in told.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--date", "20.11.2026"), "is no date such as 2026-11-20"),
        (("--account", "nobody"), "There is no account “nobody”"),
        (("--date", "2999-01-01"), "has not ended yet"),
    ],
)
def test_what_cannot_be_run_is_refused(account: GatewayAccount, words: tuple[str, ...], sentence: str) -> None:
    told = run("nightly", *words)

    assert told.code == 2
    assert sentence in told.err
    assert not JobRun.objects.filter(job="night").exists()


def test_a_letter_is_sent_again_only_on_demand(account: GatewayAccount, settings: LazySettings) -> None:
    settings.SENDS_MAIL = True
    a_person(merchants=[account.merchant], groups=["finance"], email="mei@tea.example")
    run("nightly", "--force-report")
    run("nightly")
    assert len(mail.outbox) == 1

    run("nightly", "--force-report")

    assert len(mail.outbox) == 2
    assert database_now() - JobRun.objects.get(job="report").started_at < timedelta(minutes=5)
