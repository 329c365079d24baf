"""A merchant's morning: one report once all its accounts are through, and one letter to those who reconcile."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from orders.database import database_now
from orders.models import DiscrepancyState, DiscrepancyType, GatewayAccount, JobRun, JobState, SettlementTerms, Source
from orders.reconciliation.nights.due import NIGHT, REPORT, nights_due
from orders.reconciliation.nights.report import ReportDue, report, reports_due, tell_again
from tests.factories import a_merchant, a_person, a_transaction, an_account
from tests.reconciliation_factories import a_discrepancy

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_mail_server(settings: LazySettings) -> None:
    settings.SENDS_MAIL = True
    settings.PUBLIC_URL = "https://money.example"


@pytest.fixture
def account() -> GatewayAccount:
    account = an_account(merchant=a_merchant("Tea House"), name="tea in europe")
    SettlementTerms.objects.create(account=account, business_days="1234567")
    return account


def newest_of(account: GatewayAccount) -> date:
    return list(nights_due([account], database_now()))[-1].day


def a_night(account: GatewayAccount, day: date, state: JobState = JobState.DONE, **fields: Any) -> JobRun:
    now = database_now()
    steps = {"match": {"sentence": "12 lines met.", "ok": True, "figures": {}, "seconds": 0.1, "at": now.isoformat()}}
    values = {"steps": steps, "lease_until": now, "started_at": now - timedelta(minutes=3), **fields}
    return JobRun.objects.create(
        job=NIGHT,
        subject=f"account:{account.pk}",
        merchant=account.merchant,
        account=account,
        business_date=day,
        state=state,
        finished_at=None if state is JobState.RUNNING else now,
        **values,
    )


def due(account: GatewayAccount, *accounts: GatewayAccount) -> list[tuple[str, date, bool]]:
    found = reports_due([account, *accounts], database_now())
    return [(one.merchant.name, one.day, one.fresh) for one in found]


def finance(account: GatewayAccount, email: str = "mei@tea.example") -> None:
    a_person(merchants=[account.merchant], groups=["finance"], email=email)


def made(account: GatewayAccount, *, fresh: bool = True) -> JobRun:
    day = newest_of(account)
    a_night(account, day)
    row = report(ReportDue(merchant=account.merchant, day=day, fresh=fresh))
    assert row is not None
    return row


def test_a_report_waits_until_every_account_of_the_merchant_is_through(account: GatewayAccount) -> None:
    other = an_account(merchant=account.merchant)
    SettlementTerms.objects.create(account=other, business_days="1234567")
    day = newest_of(account)
    assert due(account, other) == []

    a_night(account, day)
    assert due(account, other) == []
    running = a_night(other, day, JobState.RUNNING)
    assert due(account, other) == []

    JobRun.objects.filter(pk=running.pk).update(state=JobState.FAILED, finished_at=database_now())
    assert due(account, other) == [("Tea House", day, True)]


def test_a_night_that_was_made_up_for_is_reported_without_a_letter(account: GatewayAccount) -> None:
    finance(account)
    day = newest_of(account)
    a_night(account, day - timedelta(days=1))
    a_night(account, day)

    found = reports_due([account], database_now())
    assert [one.fresh for one in found] == [False, True]
    row = report(found[0])

    assert row is not None
    assert row.state == JobState.DONE
    assert "made up for" in row.steps["letter"]["sentence"]
    assert mail.outbox == []


def test_a_report_is_made_once_and_its_letter_goes_once(account: GatewayAccount) -> None:
    finance(account)
    row = made(account)

    assert report(ReportDue(merchant=account.merchant, day=row.business_date, fresh=True)) is None
    assert due(account) == []
    assert len(mail.outbox) == 1


def test_the_letter_says_what_does_not_meet_in_text_and_html(account: GatewayAccount) -> None:
    finance(account)
    a_discrepancy(account, amount=41_200, occurred_on=date(2026, 11, 14))
    a_discrepancy(account, state=DiscrepancyState.RESOLVED)
    a_discrepancy(an_account(), amount=999)

    row = made(account)

    (letter,) = mail.outbox
    assert isinstance(letter, EmailMultiAlternatives)
    text, html = str(letter.body), str(letter.alternatives[0][0])
    for body in (text, html):
        assert "1 thing does not meet, worth 412.00 EUR; the oldest since 14 November 2026." in body
        assert "tea in europe" in body
        assert "12 lines met." in body
        assert f"https://money.example/reconciliation/nights/{account.merchant_id}/{row.business_date}/" in body
    assert letter.to == ["mei@tea.example"]
    assert letter.subject.startswith("Tea House, ")
    assert letter.extra_headers["Message-ID"].startswith(f"<night-{account.merchant_id}-")


def test_the_letter_goes_to_members_who_may_reconcile_and_have_an_address(account: GatewayAccount) -> None:
    finance(account)
    a_person(merchants=[account.merchant], groups=["viewer"], email="viewer@tea.example")
    a_person(merchants=[account.merchant], groups=["finance"], email="")
    a_person(merchants=[account.merchant], groups=["finance"], email="gone@tea.example", is_active=False)
    a_person(merchants=[a_merchant()], groups=["finance"], email="stranger@tea.example")

    made(account)

    assert [letter.to for letter in mail.outbox] == [["mei@tea.example"]]


def test_without_a_reader_or_a_server_the_page_says_so(account: GatewayAccount, settings: LazySettings) -> None:
    row = made(account)
    assert "nobody at Tea House who reconciles has an e-mail address" in row.steps["letter"]["sentence"]
    assert row.state == JobState.DONE

    settings.SENDS_MAIL = False
    other = an_account()
    assert "EMAIL_URL names no mail server" in made(other).steps["letter"]["sentence"]


def test_a_mail_server_that_is_away_delays_the_letter_only(
    account: GatewayAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    finance(account)
    with monkeypatch.context() as away:
        away.setattr("django.core.mail.EmailMultiAlternatives.send", _refuses)
        row = made(account)
    assert (row.state, row.steps["figures"]["ok"]) == (JobState.FAILED, True)
    assert "did not take the letter" in row.steps["letter"]["sentence"]

    again = report(ReportDue(merchant=account.merchant, day=row.business_date, fresh=True), at_once=True)

    assert again is not None
    assert again.state == JobState.DONE
    assert len(mail.outbox) == 1


def _refuses(*_: Any, **__: Any) -> int:
    raise ConnectionRefusedError


def test_figures_are_by_type_and_currency_and_open_what_is_new(account: GatewayAccount) -> None:
    a_discrepancy(account, amount=100)
    a_discrepancy(account, amount=200)
    a_discrepancy(account, amount=300, currency="JPY", type=DiscrepancyType.AMOUNT)

    figures = made(account).steps["figures"]["figures"]

    assert figures["types"] == {
        "theirs_not_ours": {"EUR": {"count": 2, "amount": 300}},
        "amount": {"JPY": {"count": 1, "amount": 300}},
    }
    assert figures["opened"] == 3


def test_nothing_unsettled_is_one_good_sentence(account: GatewayAccount) -> None:
    assert made(account).steps["figures"]["sentence"] == "Nothing is left that did not meet."


def test_a_night_that_was_made_up_for_tells_nothing_that_happened_later(account: GatewayAccount) -> None:
    day = newest_of(account) - timedelta(days=9)
    a_discrepancy(account, amount=100, occurred_on=day)
    a_discrepancy(account, amount=200, occurred_on=day + timedelta(days=1))
    a_night(account, day)

    row = report(ReportDue(merchant=account.merchant, day=day, fresh=False))

    assert row is not None
    told = row.steps["figures"]
    assert told["sentence"].startswith("Of what happened until then, 1 thing does not meet, worth 1.00 EUR")
    assert told["figures"]["types"] == {"theirs_not_ours": {"EUR": {"count": 1, "amount": 100}}}


def test_the_digest_holds_what_ends_soon_with_its_open_amount(account: GatewayAccount) -> None:
    now = database_now()
    a_transaction(account=account, expires_at=now + timedelta(hours=20), captured=4_000)
    a_transaction(account=account, expires_at=now + timedelta(days=9))
    a_transaction(account=account, expires_at=now - timedelta(hours=1))
    a_transaction(account=an_account(), expires_at=now + timedelta(hours=20))

    step = made(account).steps["expiring"]

    assert step["figures"]["currencies"] == {"EUR": {"count": 1, "amount": 6_000}}
    assert "1 authorization ends soon" in step["sentence"]


def test_a_finished_report_is_told_again_on_demand_and_stays_as_it_was(account: GatewayAccount) -> None:
    finance(account)
    row = made(account)
    before = JobRun.objects.values().get(job=REPORT)

    told = tell_again(ReportDue(merchant=account.merchant, day=row.business_date, fresh=True), source=Source.COMMAND)

    assert told is not None
    assert len(mail.outbox) == 2
    assert JobRun.objects.values().get(job=REPORT) == before
