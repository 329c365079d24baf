"""One discrepancy: both sides, every hypothesis, what can be done and by whom, and what happened to it."""

from __future__ import annotations

import html
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.models import (
    Discrepancy,
    DiscrepancyEntry,
    DiscrepancyState,
    DiscrepancyType,
    Event,
    GatewayAccount,
    LineType,
    MonthClose,
    SettlementTerms,
    Transaction,
)
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
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db
T, S = DiscrepancyType, DiscrepancyState


@pytest.fixture
def account() -> GatewayAccount:
    return an_account(name="northwind")


@pytest.fixture
def finn(account: GatewayAccount) -> User:
    return a_person("finn", merchants=[account.merchant], groups=["finance"])


@pytest.fixture
def olga(account: GatewayAccount) -> User:
    return a_person("olga", merchants=[account.merchant], groups=["finance"])


@pytest.fixture
def small(account: GatewayAccount) -> Discrepancy:
    """Of 50.00, which one person may accept."""
    return a_discrepancy(account, amount=5_000, difference=5_000)


def text_of(client: Client, row: Discrepancy) -> str:
    answer = client.get(reverse("orders:discrepancy", args=[row.pk]))
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def fix(person: User, row: Discrepancy, code: str, *, version: Any = None, **fields: Any) -> tuple[int, str]:
    """Press the button of one fix; follow to the page that comes."""
    data = {"version": row.version if version is None else version, "reason": "Looked into it.", **fields}
    url = reverse("orders:discrepancy_fix_create", args=[row.pk, code])
    answer = logged_in(person).post(url, data, follow=True)
    row.refresh_from_db()
    return answer.status_code, html.unescape(answer.content.decode())


def at_desk(person: User, row: Discrepancy, **fields: Any) -> tuple[int, str]:
    data = {"version": row.version, **fields}
    answer = logged_in(person).post(reverse("orders:discrepancy_desk_create", args=[row.pk]), data, follow=True)
    row.refresh_from_db()
    return answer.status_code, html.unescape(answer.content.decode())


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

    page = text_of(logged_in(finn), row)

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

    page = text_of(logged_in(finn), row)

    assert "No line of any file that counts is about this." in page
    assert ("€25.00" if kind == "capture" else "−€25.00") in page
    assert "Seen at the gateway and booked" in page


def test_a_line_that_our_books_do_not_know_has_one_side(account: GatewayAccount, finn: User) -> None:
    row = a_discrepancy(line=a_line(a_file(account), original_currency="USD", original_amount=12_345))

    page = text_of(logged_in(finn), row)

    assert "Our books hold nothing that this line could be about." in page
    assert "US$123.45" in page or "$123.45" in page


def test_where_no_movement_is_meant_the_payment_is_our_side(account: GatewayAccount, finn: User) -> None:
    transaction = a_captured_transaction(account=account, captured=6_000)
    row = a_discrepancy(account, type=T.REMAINDER, transaction=transaction)

    page = text_of(logged_in(finn), row)

    assert "Authorised" in page
    assert "€60.00" in page


def test_other_lines_of_the_same_movement_are_named(account: GatewayAccount, finn: User) -> None:
    first, second = a_line(a_file(account, name="first.csv")), a_line(a_file(account))
    match = a_match(first)
    row = a_discrepancy(line=second, type=T.DUPLICATE, modification=match.modification, transaction=match.transaction)

    page = text_of(logged_in(finn), row)

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

    page = text_of(logged_in(finn), row)

    for words in ("80 % sure", "Not due yet", "It was due on 12 November.", "No file of 12 November came."):
        assert words in page
    assert "3 hypotheses tested" in page
    assert page.index("Not due yet") < page.index("No file of 12 November came.")


def test_before_anybody_looked_no_cause_is_claimed(small: Discrepancy, finn: User) -> None:
    assert "No cause was looked for yet" in text_of(logged_in(finn), small)


def test_a_stranger_finds_nothing_and_a_viewer_may_only_look(account: GatewayAccount, small: Discrepancy) -> None:
    stranger = logged_in(a_person(merchants=[an_account().merchant], groups=["finance"]))
    viewer = a_person(merchants=[account.merchant], groups=["viewer"])
    urls = [
        reverse("orders:discrepancy_fix_create", args=[small.pk, "accept"]),
        reverse("orders:discrepancy_desk_create", args=[small.pk]),
    ]

    assert stranger.get(reverse("orders:discrepancy", args=[small.pk])).status_code == 404
    assert [stranger.post(url, {"version": 1}).status_code for url in urls] == [404, 404]
    page = text_of(logged_in(viewer), small)
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


# Fixes.


def test_a_small_difference_is_accepted_once_with_its_reason(small: Discrepancy, finn: User) -> None:
    client = logged_in(finn)
    assert "Not met" in text_of(client, small)

    status, page = fix(finn, small, "accept")
    again, refused = fix(finn, small, "accept")

    assert (status, small.state, small.closed_by) == (200, S.ACCEPTED, finn)
    assert "was accepted: Looked into it." in page
    assert (again, "It is closed already" in refused) == (422, True)
    assert DiscrepancyEntry.objects.filter(discrepancy=small, verb="accept").count() == 1
    assert Event.objects.filter(verb="discrepancy.accept").count() == 1


def test_a_fix_without_a_reason_says_so_beside_its_form_and_keeps_what_was_typed(
    small: Discrepancy, finn: User
) -> None:
    status, page = fix(finn, small, "accept", reason="  ")

    assert (status, small.state) == (422, S.OPEN)
    assert 'id="fix-accept-problem">Say why; nothing was changed.' in page
    long, told = fix(finn, small, "accept", reason="x" * 501)
    assert (long, "x" * 501 in told) == (422, True)


def test_what_is_too_much_for_one_person_says_so_instead_of_a_button(account: GatewayAccount, finn: User) -> None:
    SettlementTerms.objects.create(account=account, accept_limit=4_999)
    row = a_discrepancy(account, amount=5_000, difference=5_000)

    page = text_of(logged_in(finn), row)
    status, _ = fix(finn, row, "accept")

    assert "50.00 EUR is more than the 49.99 EUR that one person may accept for this account." in page
    assert (status, row.state) == (422, S.OPEN)


def test_a_write_off_needs_two_people(small: Discrepancy, finn: User, olga: User) -> None:
    fix(finn, small, "write_off", reason="Not worth a letter.")
    assert small.state == S.WAITING

    mine = text_of(logged_in(finn), small)
    alone, refused = fix(finn, small, "confirm")
    assert "finn proposed to write €50.00 off" in mine
    assert "You proposed this yourself; a second person must confirm it." in mine
    assert (alone, small.state) == (422, S.WAITING)
    assert "Nothing was written off." in refused

    done, page = fix(olga, small, "confirm")
    assert (done, small.state, small.closed_by) == (200, S.WRITTEN_OFF, olga)
    assert "Not worth a letter." in page


def test_a_second_person_rejects_and_it_is_open_again(small: Discrepancy, finn: User, olga: User) -> None:
    fix(finn, small, "write_off")

    status, _ = fix(olga, small, "reject", reason="We ask the gateway first.")

    assert (status, small.state, small.proposed_by) == (200, S.OPEN, None)
    assert "We ask the gateway first." in text_of(logged_in(finn), small)


def test_an_accepted_one_is_reopened_and_keeps_its_history(small: Discrepancy, finn: User) -> None:
    fix(finn, small, "accept", reason="Rounding.")

    status, page = fix(finn, small, "reopen", reason="It was more.")

    assert (status, small.state, small.reopened) == (200, S.OPEN, 1)
    assert "Rounding." in page
    assert "It was more." in page


def test_what_somebody_changed_meanwhile_is_shown_and_not_overwritten(
    small: Discrepancy, finn: User, olga: User
) -> None:
    drawn = small.version
    at_desk(olga, small, act="assign", owner=str(olga.pk))

    status, page = fix(finn, small, "accept", version=drawn)

    assert (status, small.state) == (409, S.OPEN)
    assert "It was changed since you opened it" in page
    assert "olga gave it to olga." in page
    assert f'name="version" value="{small.version}"' in page


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 12, "٣"])
def test_a_damaged_version_changes_nothing(small: Discrepancy, finn: User, version: str) -> None:
    status, page = fix(finn, small, "accept", version=version)

    assert (status, small.state) == (422, S.OPEN)
    assert "This form is damaged; nothing was changed." in page


@pytest.mark.parametrize("code", ["nonsense", "link", "adopt", "confirm", "reopen", "ask"])
def test_a_fix_that_does_not_fit_is_refused_with_a_sentence(small: Discrepancy, finn: User, code: str) -> None:
    status, page = fix(finn, small, code)

    assert (status, small.state) == (422, S.OPEN)
    assert 'role="alert"' in page or "-problem" in page


@pytest.mark.parametrize(
    "fields",
    [
        {"other": "modification:x"},
        {"other": "movement:"},
        {"other": "movement:99999999999999999999"},
        {"other": "line:1"},
        {"other_id": "12"},
        {"other_id": "00000000-0000-0000-0000-000000000000"},
        {"other_id": "\0"},
        {},
    ],
)
def test_a_link_to_nothing_links_nothing(account: GatewayAccount, finn: User, fields: dict[str, str]) -> None:
    row = a_discrepancy(line=a_line(a_file(account)))

    status, _ = fix(finn, row, "link", **fields)

    assert (status, row.state) == (422, S.OPEN)


def test_a_line_is_linked_to_the_movement_that_it_is(account: GatewayAccount, finn: User) -> None:
    transaction = a_captured_transaction(account=account)
    modification = a_modification_of(transaction, amount=10_000, gateway_reference="rec-other")
    line = a_line(a_file(account), gross=10_000, reference="rec-typo", transaction_reference=transaction.reference)
    row = a_discrepancy(line=line, transaction=transaction)

    page = text_of(logged_in(finn), row)
    status, _ = fix(finn, row, "link", other=f"modification:{modification.pk}")

    assert f'value="modification:{modification.pk}"' in page
    assert (status, row.state) == (200, S.RESOLVED)
    assert line.matches.get().modification_id == modification.pk


def test_a_movement_is_adopted_into_the_books_that_the_preview_showed(account: GatewayAccount, finn: User) -> None:
    transaction = a_captured_transaction(account=account)
    line = a_line(
        a_file(account),
        type=LineType.REFUND,
        gross=-2_500,
        fee=0,
        transaction_reference=transaction.reference,
        gateway_id="portal-1",
    )
    row = a_discrepancy(line=line, transaction=transaction)

    page = text_of(logged_in(finn), row)
    status, _ = fix(finn, row, "adopt")

    assert "is booked as one that was not ours" in page
    assert (status, row.state) == (200, S.RESOLVED)
    assert Transaction.objects.get(pk=transaction.pk).refunded == 2_500


def test_a_closed_month_closes_every_fix(account: GatewayAccount, finn: User, olga: User) -> None:
    row = a_discrepancy(account, amount=5_000)
    MonthClose.objects.create(
        merchant_id=account.merchant_id,
        account=account,
        month=row.month,
        until=date(2026, 12, 1),
        state="closed",
        report={},
        report_sha256="0" * 64,
        signature="0" * 64,
        proposed_by=finn,
        proposed_at=row.opened_at,
        decided_by=olga,
        decided_at=row.opened_at,
    )

    status, page = fix(finn, row, "accept")

    assert (status, row.state) == (422, S.OPEN)
    assert "November 2026 is closed" in page


# Matching again.


def matched_again(person: User, row: Discrepancy) -> str:
    answer = logged_in(person).post(reverse("orders:discrepancy_matching_create", args=[row.pk]), follow=True)
    row.refresh_from_db()
    return html.unescape(answer.content.decode())


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


def test_who_may_not_reconcile_has_nothing_matched_again(account: GatewayAccount, small: Discrepancy) -> None:
    viewer = a_person(merchants=[account.merchant], groups=["viewer"])

    page = matched_again(viewer, small)

    assert "You may not have this account matched again" in page
    assert "Match again" not in text_of(logged_in(viewer), small)
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
            text_of(client, row)
        return len(captured)

    queries()
    few = queries()
    for _ in range(20):
        at_desk(finn, row, act="comment", text="Again.")
        a_match(a_line(a_file(account)), modification=match.modification)

    assert queries() == few <= 20
