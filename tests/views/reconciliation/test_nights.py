"""The pages of the nights: which ran, a merchant's morning with the list behind every figure, and the drifts."""

from __future__ import annotations

import html
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.database import database_now
from orders.models import Drift, DriftState, Event, GatewayAccount, JobRun, JobState
from orders.presenters.reconciliation import drifts, nights
from tests.factories import a_person, a_transaction, an_account
from tests.reconciliation_factories import a_discrepancy
from tests.views import pages
from tests.views.pages import text_of
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 20)


def links_of(page: str) -> list[str]:
    return [link.get("href", "") for link in pages.links_of(page)]


def a_step(sentence: str, *, ok: bool = True, **figures: Any) -> dict[str, Any]:
    return {"at": database_now().isoformat(), "seconds": 1.25, "sentence": sentence, "ok": ok, "figures": figures}


def a_night(account: GatewayAccount, day: date = DAY, *, state: JobState = JobState.DONE, **steps: Any) -> JobRun:
    return _row("night", f"account:{account.pk}", account, day, state, steps, account_id=account.pk)


def a_report(account: GatewayAccount, day: date = DAY, **steps: Any) -> JobRun:
    steps.setdefault("figures", a_step("Nothing is left that did not meet.", types={}, books={"sentence": "Whole."}))
    return _row("report", f"merchant:{account.merchant_id}", account, day, JobState.DONE, steps)


def _row(
    job: str, subject: str, account: GatewayAccount, day: date, state: JobState, steps: Any, **fields: Any
) -> JobRun:
    now = database_now()
    return JobRun.objects.create(
        job=job,
        subject=subject,
        merchant=account.merchant,
        business_date=day,
        state=state,
        steps=steps,
        lease_until=now,
        started_at=now,
        finished_at=None if state is JobState.RUNNING else now,
        **fields,
    )


def a_drift(account: GatewayAccount, **fields: Any) -> Drift:
    now = database_now()
    values = {"field": "captured", "ours": "100.00 EUR", "theirs": "90.00 EUR", "seen_at": now, "last_seen_at": now}
    transaction = fields.pop("transaction", None) or a_transaction(account=account)
    return Drift.objects.create(
        account=account, merchant=account.merchant, transaction=transaction, **{**values, **fields}
    )


def test_before_the_first_night_the_list_says_when_it_comes(client: Client) -> None:
    page = text_of(client, "/reconciliation/nights/")

    assert "No report yet" in page
    assert "None yet" in page


def test_the_list_leads_to_each_morning(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    account, _ = shop
    a_night(account)
    a_report(account)

    page = text_of(client, "/reconciliation/nights/")

    assert f"/reconciliation/nights/{account.merchant_id}/2026-11-20/" in links_of(page)
    assert "Nothing is left that did not meet." in page


def test_a_missed_night_is_told_on_top(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nights, "missed", lambda merchants: ["The night of 19 November has not run."])

    assert "The night of 19 November has not run." in text_of(client, "/reconciliation/nights/")


def test_a_morning_shows_every_step_and_every_figure_opens_its_list(
    client: Client, shop: tuple[GatewayAccount, User]
) -> None:
    account, _ = shop
    a_night(
        account,
        state=JobState.FAILED,
        refresh=a_step("The gateway was left alone then.", ok=False),
        drift=a_step("2 fields differ from what the gateway shows.", open=2),
        remainder=a_step("1 ended authorization still holds something.", remainders=1, legs=0, ended=0),
    )
    a_report(
        account,
        figures=a_step(
            "1 thing does not meet, worth 412.00 EUR.",
            types={"theirs_not_ours": {"EUR": {"count": 1, "amount": 41_200}}},
            drifts=2,
            books={"ok": False, "sentence": "The books do not hold."},
        ),
        expiring=a_step("Soon.", currencies={"EUR": {"count": 3, "amount": 7_000}}),
    )

    page = text_of(client, f"/reconciliation/nights/{account.merchant_id}/2026-11-20/")

    for words in ("1 thing does not meet", "The gateway was left alone then.", "Not whole", "The books do not hold."):
        assert words in page
    links = links_of(page)
    assert f"/reconciliation/discrepancies/?type=theirs_not_ours&merchant={account.merchant_id}" in links
    assert f"/reconciliation/discrepancies/?type=remainder&account={account.pk}" in links
    assert "/reconciliation/drifts/" in links
    assert "/orders/?flag=expiring" in links
    assert "1 discrepancy, €412.00" in page


def test_a_figure_opens_no_other_merchants_discrepancies(account: GatewayAccount) -> None:
    other = an_account()
    both = logged_in(a_person(merchants=[account.merchant, other.merchant], groups=["finance"]))
    a_night(account)
    a_report(account, figures=a_step("One.", types={"theirs_not_ours": {"EUR": {"count": 1, "amount": 100}}}))
    mine, strange = a_discrepancy(account), a_discrepancy(other)

    links = links_of(text_of(both, f"/reconciliation/nights/{account.merchant_id}/2026-11-20/"))
    behind = text_of(both, next(link for link in links if "type=theirs_not_ours" in link))

    assert f"/reconciliation/discrepancies/{mine.pk}/" in behind
    assert f"/reconciliation/discrepancies/{strange.pk}/" not in behind


def test_a_running_night_says_that_its_answer_follows(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    a_night(shop[0], state=JobState.RUNNING)

    page = text_of(client, f"/reconciliation/nights/{shop[0].merchant_id}/2026-11-20/")

    assert "its answer follows" in page
    assert "only just begun" in page


@pytest.mark.parametrize("day", ["2026-11-19", "yesterday", "2026-13-01", "20261120x"])
def test_a_morning_that_is_not_there_is_not_found(client: Client, shop: tuple[GatewayAccount, User], day: str) -> None:
    a_night(shop[0])

    assert client.get(f"/reconciliation/nights/{shop[0].merchant_id}/{day}/").status_code == 404


def test_strangers_see_neither_nights_nor_drifts(shop: tuple[GatewayAccount, User]) -> None:
    account, _ = shop
    a_night(account)
    a_report(account)
    drift = a_drift(account)
    stranger = logged_in(a_person(merchants=[an_account().merchant], groups=["finance"]))

    assert stranger.get(f"/reconciliation/nights/{account.merchant_id}/2026-11-20/").status_code == 404
    assert "2026-11-20" not in text_of(stranger, "/reconciliation/nights/")
    assert drift.transaction.reference not in text_of(stranger, "/reconciliation/drifts/")
    answer = stranger.post(f"/reconciliation/drifts/{drift.pk}/decisions/", {"decision": "keep", "reason": "Mine."})
    assert answer.status_code == 404
    drift.refresh_from_db()
    assert drift.state == DriftState.OPEN


def test_everybodys_books_are_for_superusers(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    broken = a_step("1 of 40 invariants is broken (I9a).", broken=[{"number": "I9a"}])
    now = database_now()
    JobRun.objects.create(
        job="books", subject="all", business_date=DAY, lease_until=now, started_at=now, steps={"invariants": broken}
    )
    operator = logged_in(a_person(is_superuser=True))

    assert "I9a" in text_of(operator, "/reconciliation/nights/")
    assert "I9a" not in text_of(client, "/reconciliation/nights/")


def test_the_list_goes_on_by_its_last_row(
    client: Client, shop: tuple[GatewayAccount, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nights, "ROWS_PER_PAGE", 2)
    for back in range(3):
        a_report(shop[0], DAY - timedelta(days=back))

    first = text_of(client, "/reconciliation/nights/")
    following = next(link for link in links_of(first) if link.startswith("?after="))
    second = text_of(client, f"/reconciliation/nights/{following}")

    assert ("20 Nov 2026" in first, "18 Nov 2026" in first) == (True, False)
    assert ("20 Nov 2026" in second, "18 Nov 2026" in second) == (False, True)
    assert client.get("/reconciliation/nights/?after=nonsense").status_code == 200


def test_an_empty_list_of_drifts_says_what_is_compared(client: Client) -> None:
    assert "Nothing differs" in text_of(client, "/reconciliation/drifts/")


def test_a_drift_shows_both_sides_and_is_decided_with_a_reason(
    client: Client, shop: tuple[GatewayAccount, User]
) -> None:
    drift = a_drift(shop[0])
    page = text_of(client, "/reconciliation/drifts/")
    assert all(words in page for words in ("Captured of", "100.00 EUR", "90.00 EUR", "Keep ours", "Take theirs"))
    address = f"/reconciliation/drifts/{drift.pk}/decisions/"

    refused = client.post(address, {"decision": "keep", "reason": ""}, follow=True)
    assert "Say why ours is right" in html.unescape(refused.content.decode())
    client.post(address, {"decision": "keep", "reason": "The gateway rounds."})
    again = client.post(address, {"decision": "keep", "reason": "Twice."}, follow=True)

    drift.refresh_from_db()
    assert (drift.state, drift.reason) == (DriftState.KEPT, "The gateway rounds.")
    assert "decided already" in html.unescape(again.content.decode())
    assert Event.objects.filter(verb="drift.kept").count() == 1
    assert "The gateway rounds." in text_of(client, "/reconciliation/drifts/?state=decided")


def test_who_may_only_look_decides_nothing(shop: tuple[GatewayAccount, User]) -> None:
    account, _ = shop
    drift = a_drift(account)
    viewer = logged_in(a_person(merchants=[account.merchant], groups=["viewer"]))

    assert "Take theirs" not in text_of(viewer, "/reconciliation/drifts/")
    answer = viewer.post(
        f"/reconciliation/drifts/{drift.pk}/decisions/", {"decision": "keep", "reason": "Mine."}, follow=True
    )

    assert "reconcile" in html.unescape(answer.content.decode())
    drift.refresh_from_db()
    assert drift.state == DriftState.OPEN


def test_a_decision_that_does_not_exist_is_not_found(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    drift = a_drift(shop[0])

    assert client.post(f"/reconciliation/drifts/{drift.pk}/decisions/", {"decision": "burn"}).status_code == 404
    assert client.get(f"/reconciliation/drifts/{drift.pk}/decisions/").status_code == 405


@pytest.mark.parametrize("address", ["/reconciliation/nights/", "/reconciliation/drifts/"])
def test_a_long_list_costs_no_more_queries_than_a_short_one(
    client: Client, shop: tuple[GatewayAccount, User], address: str
) -> None:
    client.get(address)
    counts: list[int] = []
    for rows in (1, drifts.ROWS_PER_PAGE):
        for number in range(rows):
            a_drift(shop[0])
            a_report(shop[0], DAY - timedelta(days=number + 40 * len(counts)))
        with CaptureQueriesContext(connection) as queries:
            text_of(client, address)
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[1] <= 16
