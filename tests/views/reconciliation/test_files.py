"""Settlement files: the list, the page of one with its lines, what a correction flips, and the original."""

from __future__ import annotations

import zlib
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.models import (
    Event,
    FileState,
    GatewayAccount,
    LineType,
    RunStage,
    RunState,
    SettlementBadLine,
    SettlementFile,
    SettlementFilePart,
)
from orders.presenters.reconciliation import changes, files, lines
from orders.presenters.reconciliation.progress import progress_of
from tests.factories import a_person, an_account
from tests.reconciliation_factories import a_discrepancy, a_file, a_line, a_match, a_run, lines_of
from tests.views.pages import href_of, links_of, text_of
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db

LIST = "/reconciliation/files/"
SUMS = {"EUR": {"lines": 2, "gross": 20_000, "fee": 300, "net": 19_700}}


def names(page: str) -> list[str]:
    return [link["text"] for link in links_of(page) if link["row"]]


def page_of(file: SettlementFile) -> str:
    return reverse("orders:settlement_file", args=[file.pk])


def live_of(file: SettlementFile, seen: str = "") -> str:
    return f"{reverse('orders:settlement_file_live', args=[file.pk])}?seen={seen}"


def test_the_list_says_what_came_and_what_it_comes_to(client: Client, account: GatewayAccount) -> None:
    a_file(account, name="one.csv", lines=2, totals=SUMS)
    a_file(account, name="two.csv", state=FileState.REFUSED, bad_lines=7)

    page = text_of(client, LIST)

    assert names(page) == ["two.csv", "one.csv"]
    assert all(words in page for words in ("€197.00", "20 Nov 2026", "Applied", "Refused", ">7<"))


def test_the_list_is_chosen_by_state_account_and_date(client: Client, account: GatewayAccount) -> None:
    other = an_account(merchant=account.merchant)
    a_file(account, name="one.csv")
    a_file(account, name="two.csv", state=FileState.REFUSED)
    a_file(other, name="three.csv", business_date=date(2026, 11, 19))

    assert names(text_of(client, f"{LIST}?state=refused")) == ["two.csv"]
    assert names(text_of(client, f"{LIST}?account={other.pk}")) == ["three.csv"]
    assert names(text_of(client, f"{LIST}?date=2026-11-20")) == ["two.csv", "one.csv"]
    assert names(text_of(client, f"{LIST}?state=waiting")) == []


@pytest.mark.parametrize(
    "query", ["state=trial", "account=x", "account=9" * 30, "date=tomorrow", "date=2026-13-01", "after=-1", "after=%00"]
)
def test_an_address_that_cannot_be_used_shows_everything(client: Client, account: GatewayAccount, query: str) -> None:
    a_file(account, name="one.csv")

    assert names(text_of(client, f"{LIST}?{query}")) == ["one.csv"]


def test_files_of_other_merchants_and_trials_are_not_there(client: Client, account: GatewayAccount) -> None:
    stranger, trial = a_file(), a_file(account, state=FileState.TRIAL)

    assert names(text_of(client, LIST)) == []
    for file in (stranger, trial):
        for name in ("settlement_file", "settlement_file_live", "settlement_file_changes", "settlement_file_original"):
            assert client.get(reverse(f"orders:{name}", args=[file.pk])).status_code == 404


def test_a_long_list_is_read_page_by_page(
    client: Client, account: GatewayAccount, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(files, "ROWS_PER_PAGE", 2)
    for number in range(5):
        a_file(account, name=f"{number}.csv")

    first = text_of(client, f"{LIST}?state=applied")
    second = text_of(client, LIST + href_of(first, "next"))
    third = text_of(client, LIST + href_of(second, "next"))

    assert [names(page) for page in (first, second, third)] == [["4.csv", "3.csv"], ["2.csv", "1.csv"], ["0.csv"]]
    assert "state=applied" in href_of(first, "next")
    assert href_of(third, "next") == ""
    with django_assert_num_queries(5):
        client.get(LIST)


def test_a_page_shows_lines_beside_what_they_met(client: Client, account: GatewayAccount) -> None:
    file = a_file(account, lines=4, totals=SUMS)
    met, missed, fee, before = (
        a_line(file, number=2, reference="rec-met"),
        a_line(file, number=3, gross=777, fee=0),
        a_line(file, number=4, type=LineType.FEE, gross=0, fee=50),
        a_line(file, number=5, overlap=True),
    )
    a_match(met, run=a_run(file=file))
    a_discrepancy(line=missed)

    page = text_of(client, page_of(file))

    assert names(page) == ["2. Capture", "3. Capture", "4. Fee", "5. Capture"]
    assert "Capture of €100.00" in page
    assert "Theirs, not ours" in page
    assert [page.index(word) for word in ("Look at it", "Needs nothing", "Counted before")]
    assert before.pk != fee.pk


def test_a_match_that_ended_is_none_any_more(client: Client, account: GatewayAccount) -> None:
    file = a_file(account, lines=1)
    line = a_line(file)
    match = a_match(line, run=a_run(file=file))
    match.ended_at, match.ended_reason = file.received_at, "A mistake."
    match.save()

    page = text_of(client, page_of(file))

    assert "Capture of €100.00" not in page
    assert "Nothing met yet" in page


def test_lines_are_read_page_by_page_in_the_order_of_the_file(
    client: Client, account: GatewayAccount, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(lines, "ROWS_PER_PAGE", 3)
    file = a_file(account, lines=7)
    run = a_run(file=file)
    for line in lines_of(file, 7):
        a_match(line, run=run)

    first = text_of(client, page_of(file))
    second = text_of(client, page_of(file) + href_of(first, "next"))

    assert names(first) == ["2. Capture", "3. Capture", "4. Capture"]
    assert names(second) == ["5. Capture", "6. Capture", "7. Capture"]
    assert names(text_of(client, f"{page_of(file)}?after=7")) == ["8. Capture"]
    clocks = 2 if connection.vendor == "postgresql" else 0  # the database is asked what time it is
    with django_assert_max_num_queries(12 + clocks):
        client.get(page_of(file))


def test_a_refused_file_says_why_and_lists_its_bad_lines(
    client: Client, account: GatewayAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BAD_LINES_SHOWN", 2)
    file = a_file(account, state=FileState.REFUSED, problem="3 lines cannot be read; nothing counts.", bad_lines=3)
    for number in (4, 9, 12):
        SettlementBadLine.objects.create(file=file, number=number, reason=f"Reason {number}.", text="<b>;x")

    first = text_of(client, page_of(file))
    second = text_of(client, page_of(file) + href_of(first, "next"))

    assert "3 lines cannot be read; nothing counts." in first
    assert "Reason 4." in first
    assert "Reason 9." in first
    assert "Reason 12." not in first
    assert "Reason 12." in second
    assert "<b>;x" not in client.get(page_of(file)).content.decode()


def test_progress_is_followed_until_it_ends_with_a_sentence(client: Client, account: GatewayAccount) -> None:
    file = a_file(account, state=FileState.LOADING, size=1_000, bytes_read=500, rows_read=1_234)

    moving = client.get(live_of(file))
    file.state, file.lines, file.applied_at = FileState.APPLIED, 2_000, file.received_at
    file.save()
    ended = client.get(live_of(file))

    assert moving.status_code == 200
    assert 'aria-valuenow="45"' in moving.content.decode()
    assert "1,234 lines read; nothing of it counts before all are." in moving.content.decode()
    assert ended.status_code == 286
    assert "2,000 lines of it count." in ended.content.decode()
    assert "hx-trigger" not in ended.content.decode()


def test_a_refusal_that_comes_while_somebody_watches_says_what_to_do(client: Client, account: GatewayAccount) -> None:
    file = a_file(account, state=FileState.REFUSED, problem="Two lines cannot be read.", bad_lines=1)
    SettlementBadLine.objects.create(file=file, number=17, reason="The amount is no number.", text="x")

    ended = client.get(live_of(file))
    shown = ended.content.decode()

    assert ended.status_code == 286
    assert 'id="file-came-to" class="stack" hx-swap-oob="true"' in shown
    assert "It needs nothing more: set it aside" in shown
    assert "The amount is no number." in shown


def test_a_row_of_several_uploads_is_followed_like_the_page(client: Client, account: GatewayAccount) -> None:
    file = a_file(account, state=FileState.LOADING, size=1_000, bytes_read=500, rows_read=1_234)
    address = f"{live_of(file)}&row=1"

    moving = client.get(address)
    file.state, file.problem = FileState.REFUSED, "No profile fits it."
    file.save()
    ended = client.get(address)

    assert (moving.status_code, ended.status_code) == (200, 286)
    assert "1,234 lines read" in moving.content.decode()
    assert "row=1&amp;seen=" in moving.content.decode()
    assert "No profile fits it." in ended.content.decode()
    assert "hx-trigger" not in ended.content.decode()


def test_nothing_new_is_not_drawn_again(client: Client, account: GatewayAccount) -> None:
    file = a_file(account, state=FileState.LOADING, size=1_000, bytes_read=500)
    mark = progress_of(file, None, now=timezone.now(), zone="UTC").mark

    assert client.get(live_of(file, mark)).status_code == 204
    SettlementFile.objects.filter(pk=file.pk).update(bytes_read=600)
    assert client.get(live_of(file, mark)).status_code == 200


def test_a_run_that_still_looks_is_followed_too(client: Client, account: GatewayAccount) -> None:
    file = a_file(account, lines=3)
    run = a_run(file=file, stage=RunStage.TYPING)

    assert "Its lines count. Typing what did not meet …" in client.get(live_of(file)).content.decode()
    assert client.get(live_of(file)).status_code == 200
    run.stage = RunStage.DONE
    run.save()
    assert client.get(live_of(file)).status_code == 286


def test_a_file_whose_worker_stopped_says_so_and_when_it_goes_on(client: Client, account: GatewayAccount) -> None:
    lease = timezone.now().replace(microsecond=0) + timedelta(seconds=12)
    file = a_file(account, state=FileState.LOADING, rows_read=7)
    run = a_run(file=file, state=RunState.RUNNING, stage=RunStage.LOADING, lease_until=lease, epoch=1)
    silent = f"has not been heard of since {lease - timedelta(seconds=90):%H:%M:%S}; it may have stopped"

    stopped = text_of(client, page_of(file))
    mark = progress_of(file, run, now=timezone.now(), zone="UTC").mark
    assert silent in stopped
    assert f"goes on by itself at {lease:%H:%M:%S}, from where it stopped" in stopped
    assert client.get(live_of(file, mark)).status_code == 204

    run.lease_until = lease - timedelta(seconds=20)
    run.save()
    assert "goes on by itself in a moment" in text_of(client, page_of(file))

    run.epoch, run.lease_until = 2, lease + timedelta(seconds=138)  # the second try has a minute more
    run.save()
    going_on = client.get(live_of(file, mark))
    assert going_on.status_code == 200
    assert "heard of" not in going_on.content.decode()


def test_a_file_whose_reading_failed_says_when_it_is_tried_again(client: Client, account: GatewayAccount) -> None:
    lease = timezone.now() + timedelta(minutes=2)
    file = a_file(account, state=FileState.LOADING)
    a_run(
        file=file,
        state=RunState.RUNNING,
        stage=RunStage.LOADING,
        lease_until=lease,
        problem="It stopped at an error (OSError) and is tried again by itself.",
    )

    page = text_of(client, page_of(file))

    assert "It stopped at an error (OSError) and is tried again by itself. It goes on by itself at" in page
    assert f"{lease:%H:%M:%S}; nobody needs to do anything." in page


def test_a_replaced_file_says_that_it_no_longer_counts(client: Client, account: GatewayAccount) -> None:
    old = a_file(account, state=FileState.REPLACED, lines=1)
    line = a_line(old)
    a_match(line, run=a_run(file=old, state=RunState.REPLACED))
    new = a_file(account, replaces=old, version=2)

    page = text_of(client, page_of(old))

    assert "its lines no longer count" in page
    assert "Does not count" in page
    assert page_of(new) in page
    assert reverse("orders:settlement_file_changes", args=[new.pk]) in page


def test_a_correction_shows_what_is_gone_new_and_changed(client: Client, account: GatewayAccount) -> None:
    old = a_file(account, state=FileState.REPLACED)
    new = a_file(account, replaces=old, version=2)
    same, gone, before = (
        a_line(old, number=2, reference="rec-same"),
        a_line(old, number=3, reference="rec-gone", gross=300, fee=0),
        a_line(old, number=4, reference="rec-changed", gross=400, fee=0),
    )
    a_line(new, number=2, reference="rec-same", identity=same.identity)
    came = a_line(new, number=3, reference="rec-came", gross=500, fee=0)
    after = a_line(new, number=4, reference="rec-changed", gross=450, fee=0)

    found = changes.changes_of(new, old, after=0)
    page = text_of(client, reverse("orders:settlement_file_changes", args=[new.pk]))

    pairs = {
        (change.before and change.before.line.pk, change.after and change.after.line.pk) for change in found.changes
    }
    assert pairs == {(gone.pk, None), (None, came.pk), (before.pk, after.pk)}
    assert "rec-same" not in page
    assert all(words in page for words in ("Only in the old file", "Only in the new file", "Changed", "€4.00", "€4.50"))


def test_a_long_correction_is_compared_part_by_part(
    client: Client, account: GatewayAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "WINDOW", 2)
    old = a_file(account, state=FileState.REPLACED)
    new = a_file(account, replaces=old, version=2)
    twins = [a_line(old, number=number, reference=f"rec-{number}") for number in (1, 2, 3)]
    for line in twins[:2]:
        a_line(new, number=line.number, reference=line.reference, identity=line.identity)
    address = reverse("orders:settlement_file_changes", args=[new.pk])

    first = text_of(client, address)
    second = text_of(client, address + href_of(first, "next"))

    assert "Nothing flips here" in first
    assert "rec-3" in second
    assert href_of(second, "next") == ""


def test_a_file_that_corrects_no_other_has_nothing_to_compare(client: Client, account: GatewayAccount) -> None:
    file = a_file(account)

    assert client.get(reverse("orders:settlement_file_changes", args=[file.pk])).status_code == 404


def test_the_original_comes_back_byte_by_byte_and_is_written_down(
    client: Client, shop: tuple[GatewayAccount, User]
) -> None:
    account, person = shop
    file = a_file(account, name='a "name"\r\nX: y.csv', size=11)
    for number, piece in enumerate((b"type;amo", b"unt")):
        SettlementFilePart.objects.create(file=file, number=number, content=zlib.compress(piece))

    answer = client.get(reverse("orders:settlement_file_original", args=[file.pk]))

    assert b"".join(answer) == b"type;amount"
    assert answer["Content-Disposition"].startswith("attachment; filename")
    assert "\n" not in answer["Content-Disposition"]
    assert answer["Content-Type"] == "application/octet-stream"
    event = Event.objects.get(verb="settlement.download")
    assert (event.actor_id, event.merchant_id) == (person.pk, account.merchant_id)


def test_the_original_is_for_whoever_may_reconcile(account: GatewayAccount) -> None:
    file = a_file(account)
    viewer = logged_in(a_person(merchants=[account.merchant], groups=("viewer",)))

    assert viewer.get(reverse("orders:settlement_file_original", args=[file.pk])).status_code == 403
    assert "Original" not in text_of(viewer, page_of(file))
    assert not Event.objects.filter(verb="settlement.download").exists()


def test_half_a_file_has_no_original(client: Client, account: GatewayAccount) -> None:
    file = a_file(account, state=FileState.RECEIVING)

    assert client.get(reverse("orders:settlement_file_original", args=[file.pk])).status_code == 404


def test_lines_of_an_earlier_file_are_told_beside_those_that_count(client: Client, account: GatewayAccount) -> None:
    file = a_file(account, lines=0, overlaps=2)
    a_line(file, number=2, overlap=True)

    page = text_of(client, page_of(file))

    assert "0 lines of it count. 2 lines stood in an earlier file already and are not counted again." in page
    assert names(page) == ["2. Capture"]
