"""One discrepancy: both sides, every hypothesis, and what happens to it at the desk."""

from __future__ import annotations

import html
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders.models import (
    Discrepancy,
    DiscrepancyEntry,
    DiscrepancyState,
    DiscrepancyType,
    Event,
    FileState,
    GatewayAccount,
    ReconciliationRun,
    RunKind,
    RunStage,
    RunState,
)
from orders.reconciliation.runs import work_due
from tests.factories import a_captured_transaction, a_person, an_account
from tests.reconciliation_factories import (
    a_discrepancy,
    a_file,
    a_line,
    a_match,
    a_modification_of,
    a_movement,
    a_run,
)
from tests.views.reconciliation.discrepancy_forms import at_desk, fix, page_of
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db
T, S = DiscrepancyType, DiscrepancyState


# What it shows.


def test_both_sides_stand_beside_each_other_and_what_differs_is_marked(account: GatewayAccount, finn: User) -> None:
    transaction = a_captured_transaction(account=account)
    modification = a_modification_of(transaction, amount=10_000, gateway_reference="rec-1")
    file = a_file(account)
    line = a_line(file, gross=9_000, fee=135, reference="rec-1", transaction_reference=transaction.reference)
    row = a_discrepancy(
        line=line,
        type=T.AMOUNT,
        amount=1_000,
        difference=-1_000,
        modification=modification,
        transaction=transaction,
        run=a_run(file=file),
        sentence="The file says €90.00, our books say €100.00.",
    )

    page = page_of(logged_in(finn), row)

    for words in (
        "The file says €90.00",
        "€90.00",
        "€100.00",
        "€1.35",
        "Different on both sides: amount",
        "€10.00 less than ours",
    ):
        assert words in page
    assert page.count("<small>differs</small>") == 1
    for name, pk in (
        *(("settlement_line", line.pk), ("settlement_file", file.pk), ("run", row.run_id)),
        *(("modification", modification.pk), ("order", transaction.order_id)),
    ):
        assert f'href="{reverse(f"orders:{name}", args=[pk])}"' in page


@pytest.mark.parametrize("kind", ["refund", "chargeback", "capture"])
def test_an_external_movement_is_our_side_too(account: GatewayAccount, finn: User, kind: str) -> None:
    movement = a_movement(a_captured_transaction(account=account), kind=kind, amount=2_500)
    row = a_discrepancy(account, type=T.OURS_NOT_THEIRS, movement=movement, transaction=movement.transaction)

    page = page_of(logged_in(finn), row)

    assert "No line of any file that counts is about this." in page
    assert ("€25.00" if kind == "capture" else "−€25.00") in page
    assert "Seen at the gateway and booked" in page


def test_a_line_that_our_books_do_not_know_has_one_side(account: GatewayAccount, finn: User) -> None:
    row = a_discrepancy(line=a_line(a_file(account), original_currency="USD", original_amount=12_345))

    page = page_of(logged_in(finn), row)

    assert "Our books hold nothing that this line could be about." in page
    assert "US$123.45" in page or "$123.45" in page


def test_where_no_movement_is_meant_the_payment_is_our_side(account: GatewayAccount, finn: User) -> None:
    transaction = a_captured_transaction(account=account, captured=6_000)
    row = a_discrepancy(account, type=T.REMAINDER, transaction=transaction)

    page = page_of(logged_in(finn), row)

    assert "Authorised" in page
    assert "€60.00" in page


def test_other_lines_of_the_same_movement_are_named(account: GatewayAccount, finn: User) -> None:
    first, second = a_line(a_file(account, name="first.csv")), a_line(a_file(account))
    match = a_match(first)
    row = a_discrepancy(line=second, type=T.DUPLICATE, modification=match.modification, transaction=match.transaction)

    page = page_of(logged_in(finn), row)

    assert f"first.csv, line {first.number}" in page
    assert reverse("orders:match", args=[match.pk]) in page


def test_every_hypothesis_that_was_tested_is_told_with_its_evidence(account: GatewayAccount, finn: User) -> None:
    tested = [
        {"cause": "not_due", "holds": False, "confidence": 0, "sentence": "It was due on 12 November."},
        {"cause": "file_missing", "holds": True, "confidence": 80, "sentence": "No file of 12 November came."},
        {"cause": "new_in_a_later_version", "holds": False, "confidence": 0, "sentence": "Not so."},
        "damaged",
    ]
    row = a_discrepancy(
        account, type=T.OURS_NOT_THEIRS, cause="file_missing", confidence=80, evidence={"tested": tested}
    )

    page = page_of(logged_in(finn), row)

    for words in ("80 % sure", "Not due yet", "It was due on 12 November.", "No file of 12 November came."):
        assert words in page
    assert "3 hypotheses tested" in page
    assert page.index("Not due yet") < page.index("No file of 12 November came.")


def test_before_anybody_looked_no_cause_is_claimed(small: Discrepancy, finn: User) -> None:
    assert "No cause was looked for yet" in page_of(logged_in(finn), small)


def test_a_stranger_finds_nothing_and_a_viewer_may_only_look(account: GatewayAccount, small: Discrepancy) -> None:
    stranger = logged_in(a_person(merchants=[an_account().merchant], groups=["finance"]))
    viewer = a_person(merchants=[account.merchant], groups=["viewer"])
    urls = [
        reverse("orders:discrepancy_fix_create", args=[small.pk, "accept"]),
        reverse("orders:discrepancy_desk_create", args=[small.pk]),
    ]

    assert stranger.get(reverse("orders:discrepancy", args=[small.pk])).status_code == 404
    assert [stranger.post(url, {"version": 1}).status_code for url in urls] == [404, 404]
    page = page_of(logged_in(viewer), small)
    assert "At the desk" not in page
    assert "You may not work on discrepancies of this merchant" in page
    status, refused = fix(viewer, small, "accept")
    assert (status, small.state) == (422, S.OPEN)
    assert "You may not work on discrepancies of this merchant" in refused


def test_get_changes_nothing(small: Discrepancy, finn: User) -> None:
    client = logged_in(finn)

    assert client.get(reverse("orders:discrepancy_fix_create", args=[small.pk, "accept"])).status_code == 405
    assert client.get(reverse("orders:discrepancy_desk_create", args=[small.pk])).status_code == 405


def test_a_post_from_another_site_changes_nothing(small: Discrepancy, finn: User) -> None:
    answer = logged_in(finn).post(
        reverse("orders:discrepancy_fix_create", args=[small.pk, "accept"]),
        {"version": 1, "reason": "x"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )

    small.refresh_from_db()
    assert (answer.status_code, small.state) == (403, S.OPEN)


# Matching again.


def asked_again(person: User, row: Discrepancy) -> str:
    answer = logged_in(person).post(reverse("orders:discrepancy_matching_create", args=[row.pk]), follow=True)
    return html.unescape(answer.content.decode())


def followed(person: User, run: ReconciliationRun) -> tuple[int, str]:
    """What the page that follows the run is told, beside the status that ends its asking."""
    answer = logged_in(person).get(reverse("orders:run_live", args=[run.pk]))
    return answer.status_code, html.unescape(answer.content.decode())


def matched_again(person: User, row: Discrepancy) -> str:
    """Asked for on the page, carried out by a worker, told where the page follows it."""
    asked_again(person, row)
    run = ReconciliationRun.objects.filter(kind=RunKind.PERSON).latest("pk")
    assert followed(person, run)[0] == 200
    assert work_due() == 1
    row.refresh_from_db()
    status, told = followed(person, run)
    assert status == 286
    return told


@pytest.fixture
def _no_transaction_but_the_tests_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.database._is_transaction_open", lambda: False)


@pytest.mark.usefixtures("_no_transaction_but_the_tests_own")
def test_what_our_books_know_by_now_is_met_without_waiting_for_the_night(account: GatewayAccount, finn: User) -> None:
    line = a_line(a_file(account), gross=10_000, reference="rec-late-news")
    row = a_discrepancy(line=line)
    nothing = matched_again(finn, row)
    a_modification_of(a_captured_transaction(account=account), amount=10_000, gateway_reference="rec-late-news")

    page = matched_again(finn, row)
    once_more = matched_again(finn, row)

    assert "northwind was matched again. No line that had not met meets now." in nothing
    assert "northwind was matched again. 1 line met now." in page
    assert row.state == S.VANISHED
    assert line.matches.count() == 1
    assert "No line that had not met meets now." in once_more
    assert Event.objects.filter(verb="reconciliation.match_again").count() == 3


def test_asking_only_rings_a_worker_and_twice_is_once(
    account: GatewayAccount, finn: User, olga: User, small: Discrepancy, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung = list[int]()
    monkeypatch.setattr("orders.modifications.bell.ring_settlement", rung.append)

    page = asked_again(finn, small)
    colleagues = asked_again(olga, small)

    run = ReconciliationRun.objects.get()
    assert (run.kind, run.state, run.epoch, run.started_by) == (RunKind.PERSON, RunState.RUNNING, 0, finn)
    assert rung == [account.pk, account.pk]
    for shown in (page, colleagues):
        assert "It waits for a worker, which begins in a moment; nothing was changed yet." in shown
        assert reverse("orders:run_live", args=[run.pk]) in shown
    assert Event.objects.filter(verb="reconciliation.match_again").count() == 1


def test_while_a_file_is_read_nothing_else_is_matched_and_that_is_said(
    account: GatewayAccount, finn: User, small: Discrepancy
) -> None:
    lease = timezone.now() + timedelta(minutes=1)
    file = a_file(account, state=FileState.LOADING)
    a_run(file=file, state=RunState.RUNNING, stage=RunStage.LOADING, lease_until=lease)

    page = asked_again(finn, small)

    assert "A settlement file of northwind is being read just now" in page
    assert "run-now" not in page
    assert ReconciliationRun.objects.count() == 1
    assert Event.objects.get(verb="reconciliation.match_again_refused").details["code"] == "busy"


def test_only_a_run_of_the_discrepancy_s_own_account_is_followed(client: Client, small: Discrepancy) -> None:
    stranger, other = a_run(), a_run(an_account(merchant=small.account.merchant))

    for text in (str(stranger.pk), str(other.pk), "x", "9" * 30):
        page = client.get(reverse("orders:discrepancy", args=[small.pk]), {"matching": text})
        assert "run-now" not in page.content.decode()


def test_who_may_not_reconcile_has_nothing_matched_again(account: GatewayAccount, small: Discrepancy) -> None:
    viewer = a_person(merchants=[account.merchant], groups=["viewer"])

    page = asked_again(viewer, small)

    assert "You may not have this account matched again" in page
    assert "Match again" not in page_of(logged_in(viewer), small)
    assert Event.objects.get(verb="reconciliation.match_again_refused").refused


# At the desk.


def test_it_gets_an_owner_a_due_date_a_comment_and_a_later_month(small: Discrepancy, finn: User, olga: User) -> None:
    assert at_desk(finn, small, act="assign", owner=str(olga.pk))[0] == 200
    assert at_desk(finn, small, act="due", due_on="2026-12-05")[0] == 200
    assert at_desk(finn, small, act="comment", text="The gateway was <called>.")[0] == 200
    status, page = at_desk(finn, small, act="carry", to_month="2026-12", text="Waits for their answer.")

    assert (status, small.owner, small.due_on, small.month) == (200, olga, date(2026, 12, 5), date(2026, 12, 1))
    for words in ("The gateway was <called>.", "Waits for their answer.", "5 Dec 2026", "December 2026"):
        assert words in page
    assert at_desk(finn, small, act="assign", owner="nobody")[0] == 200
    assert small.owner is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Choose what to do; nothing was changed."),
        ({"act": "accept", "text": "x"}, "There is no such act; nothing was changed."),
        ({"act": "assign"}, "Choose who takes them; nothing was changed."),
        ({"act": "assign", "owner": "999999"}, "This person cannot own it; nothing was changed."),
        ({"act": "due", "due_on": "soon"}, "Write the day as 2026-11-20; nothing was changed."),
        ({"act": "comment", "text": " "}, "Write the comment; nothing was changed."),
        ({"act": "comment", "text": "x" * 4001}, "At most 4000 characters; nothing was changed."),
        ({"act": "carry", "text": "x"}, "Choose the month that takes them; nothing was carried."),
        ({"act": "carry", "to_month": "2026-12"}, "Say why they are carried; nothing was carried."),
        ({"act": "carry", "to_month": "2026-10", "text": "x"}, "can only be carried to a later month"),
        ({"act": "carry", "to_month": "9999-12", "text": "x"}, "more than 12 months away"),
    ],
)
def test_what_cannot_be_done_at_the_desk_says_why(
    small: Discrepancy, finn: User, fields: dict[str, str], words: str
) -> None:
    status, page = at_desk(finn, small, **fields)

    assert status == 422
    assert words in page
    assert DiscrepancyEntry.objects.count() == 0


def test_only_what_is_unsettled_is_offered_a_later_month(small: Discrepancy, finn: User) -> None:
    offer = '<option value="carry">'
    assert offer in logged_in(finn).get(f"/reconciliation/discrepancies/{small.pk}/").content.decode()

    settled = a_discrepancy(small.account, state=S.ACCEPTED)

    assert offer not in logged_in(finn).get(f"/reconciliation/discrepancies/{settled.pk}/").content.decode()


def test_somebody_without_the_permission_cannot_become_the_owner(
    account: GatewayAccount, small: Discrepancy, finn: User
) -> None:
    viewer = a_person(merchants=[account.merchant], groups=["viewer"])

    status, _ = at_desk(finn, small, act="assign", owner=str(viewer.pk))

    assert (status, small.owner) == (422, None)


def test_a_page_costs_the_same_queries_however_much_happened(account: GatewayAccount, finn: User) -> None:
    match = a_match(a_line(a_file(account)))
    row = a_discrepancy(
        line=a_line(a_file(account)),
        type=T.DUPLICATE,
        modification=match.modification,
        transaction=match.transaction,
        owner=finn,
    )
    client = logged_in(finn)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(client, row)
        return len(captured)

    queries()
    few = queries()
    for _ in range(20):
        at_desk(finn, row, act="comment", text="Again.")
        a_match(a_line(a_file(account)), modification=match.modification)

    assert queries() == few <= 20
