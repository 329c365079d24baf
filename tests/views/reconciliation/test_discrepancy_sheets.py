"""Out as a sheet and back in: for whoever may, exactly what the list shows, tried before it is done, done once."""

from __future__ import annotations

import csv
import html
import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from orders.models import Discrepancy, DiscrepancyEntry, DiscrepancyState, DiscrepancyType, Event, GatewayAccount
from orders.reconciliation.discrepancies.sheets import COLUMNS
from tests.factories import a_person, an_account
from tests.reconciliation_factories import a_discrepancy
from tests.views.asking import _INPUT
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db
S = DiscrepancyState
EXPORT = "/reconciliation/discrepancies/export/"
SHEET = "/reconciliation/discrepancies/sheet/"


def exported(client: Client, query: str = "?form=csv") -> list[dict[str, str]]:
    answer: Any = client.get(EXPORT + query)
    assert answer.status_code == 200
    text = content_of(answer).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def content_of(answer: Any) -> bytes:
    """All that was answered; a file behind it is closed as a server does."""
    content: bytes = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if file := getattr(answer, "file_to_stream", None):
        file.close()
    return content


def bring(client: Client, text: str | bytes, name: str = "sheet.csv") -> tuple[int, str]:
    data = text.encode() if isinstance(text, str) else text
    answer = client.post(SHEET, {"sheet": SimpleUploadedFile(name, data)})
    return answer.status_code, html.unescape(answer.content.decode())


def do_it(client: Client, page: str) -> str:
    """Press the button below what was shown."""
    sealed = next(found["value"] for found in _INPUT.finditer(page) if found["name"] == "sealed")
    answer: HttpResponse = client.post(reverse("orders:discrepancy_sheet_create"), {"sealed": sealed})  # type: ignore[assignment]
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def a_sheet(*rows: tuple[Any, ...]) -> str:
    return "\n".join(["id,version,action,reason,owner,due_on,carry_to", *(",".join(map(str, row)) for row in rows)])


# Out.


def test_exactly_what_the_filters_find_goes_out_and_is_written_down(
    client: Client, account: GatewayAccount, finn: User
) -> None:
    fee = a_discrepancy(account, type=DiscrepancyType.FEE)
    a_discrepancy(account)
    a_discrepancy(an_account())

    rows = exported(client, "?form=csv&type=fee")

    assert [row["id"] for row in rows] == [str(fee.pk)]
    assert len(exported(client)) == 2
    event = Event.objects.filter(verb="discrepancy.export").order_by("pk")[0]
    assert (event.actor, event.merchant) == (finn, account.merchant)
    assert "type “Fee differs”" in event.sentence


def test_a_workbook_goes_out_with_the_same_rows(client: Client, account: GatewayAccount) -> None:
    row = a_discrepancy(account)

    answer: Any = client.get(f"{EXPORT}?form=xlsx")
    sheet = load_workbook(io.BytesIO(content_of(answer))).active

    assert sheet is not None
    assert [cell.value for cell in sheet[1]] == list(COLUMNS)
    assert (sheet["A2"].value, sheet.max_row) == (row.pk, 2)
    assert "attachment" in answer["Content-Disposition"]


def test_too_many_for_a_workbook_are_refused_with_a_way_out(
    client: Client, account: GatewayAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.views.reconciliation.discrepancies_export.WORKBOOK_ROWS", 1)
    for _ in range(2):
        a_discrepancy(account)

    answer = client.get(f"{EXPORT}?form=xlsx&currency=EUR", follow=True)

    assert "nothing was exported" in html.unescape(answer.content.decode())
    assert answer.redirect_chain == [("/reconciliation/discrepancies/?currency=EUR", 303)]
    assert not Event.objects.filter(verb="discrepancy.export").exists()


@pytest.mark.parametrize(("group", "status"), [("viewer", 403), ("agent", 403), ("finance", 200), ("supervisor", 200)])
def test_only_who_exports_takes_them_out(account: GatewayAccount, group: str, status: int) -> None:
    client = logged_in(a_person(merchants=[account.merchant], groups=[group]))

    for form in ("csv", "xlsx"):
        answer: Any = client.get(f"{EXPORT}?form={form}")
        content_of(answer)
        assert answer.status_code == status


# Back in.


def test_a_sheet_shows_what_it_would_do_and_then_does_exactly_that(
    client: Client, account: GatewayAccount, finn: User
) -> None:
    small, owned, due, old = (a_discrepancy(account, amount=100, difference=100) for _ in range(4))
    foreign = a_discrepancy(an_account())
    Discrepancy.objects.filter(pk=old.pk).update(version=4)
    sheet = a_sheet(
        (small.pk, 1, "accept", "Rounding.", "", "", ""),
        (owned.pk, 1, "assign", "", "finn", "", ""),
        (due.pk, 1, "due", "", "", "2026-12-05", ""),
        (old.pk, 1, "comment", "Too late.", "", "", ""),
        (foreign.pk, 1, "accept", "Theirs.", "", "", ""),
        (small.pk + 1000, 1, "write_off", "None.", "", "", ""),
        (1, 1, "explode", "", "", "", ""),
    )

    status, shown = bring(client, sheet)
    before = {row.pk: row.state for row in Discrepancy.objects.all()}
    entries_before = DiscrepancyEntry.objects.count()
    done = do_it(client, shown)

    assert status == 200
    assert "3 rows would be done; 4 rows would be refused and left out." in shown
    assert "It was changed since it was exported" in shown
    assert "row 8 of the sheet" in shown
    assert shown.count("There is no such discrepancy.") == 2
    assert "“explode” is no action" in shown
    assert set(before.values()) == {S.OPEN}
    assert (entries_before, DiscrepancyEntry.objects.count()) == (0, 3)
    small.refresh_from_db()
    owned.refresh_from_db()
    due.refresh_from_db()
    assert (small.state, small.resolution, owned.owner) == (
        S.ACCEPTED,
        "The difference of 1.00 EUR was accepted: Rounding.",
        finn,
    )
    assert str(due.due_on) == "2026-12-05"
    assert "3 rows done." in done


def test_what_was_done_is_not_done_twice(client: Client, account: GatewayAccount) -> None:
    small, told = a_discrepancy(account, amount=100), a_discrepancy(account)
    _, shown = bring(
        client,
        a_sheet((small.pk, 1, "accept", "Rounding.", "", "", ""), (told.pk, 1, "comment", "Called.", "", "", "")),
    )

    assert "Adds to its history: “Called.”" in shown
    assert "finn commented." not in shown
    do_it(client, shown)
    again = do_it(client, shown)

    assert "It was changed since you opened it" in again
    assert "Your comment stands there already." in again
    assert DiscrepancyEntry.objects.filter(verb="accept").count() == 1
    assert DiscrepancyEntry.objects.filter(verb="commented").count() == 1


def test_a_dry_run_leaves_no_trace(client: Client, account: GatewayAccount) -> None:
    row = a_discrepancy(account, amount=100)

    bring(client, a_sheet((row.pk, 1, "write_off", "Small.", "", "", ""), (row.pk + 1, 1, "accept", "x", "", "", "")))

    row.refresh_from_db()
    assert (row.state, row.version, DiscrepancyEntry.objects.count()) == (S.OPEN, 1, 0)
    assert not Event.objects.filter(verb__startswith="discrepancy.").exists()


def test_a_write_off_from_a_sheet_still_needs_a_second_person(client: Client, account: GatewayAccount) -> None:
    row = a_discrepancy(account)

    do_it(client, bring(client, a_sheet((row.pk, 1, "write_off", "Old.", "", "", "")))[1])

    row.refresh_from_db()
    assert row.state == S.WAITING


def test_an_exported_sheet_comes_back_as_it_went_out(client: Client, account: GatewayAccount) -> None:
    row = a_discrepancy(account, sentence="=HYPERLINK(1)")
    (line,) = exported(client)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(line), delimiter=";")
    writer.writeheader()
    writer.writerow(line | {"action": "comment", "reason": "Seen."})

    assert bring(client, out.getvalue().encode("utf-16"))[0] == 200
    do_it(client, bring(client, out.getvalue())[1])

    assert DiscrepancyEntry.objects.get().text == "Seen."
    assert line["what"] == "'=HYPERLINK(1)"
    assert line["id"] == str(row.pk)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04", "workbook is damaged"),
        (b"a,b\n", "names no column"),
        (b"id,version,action\n1,1,\n", "No row of the sheet has an action"),
        (b"\xff\xfe\xff", "neither CSV"),
    ],
)
def test_a_sheet_that_is_none_gets_a_sentence(client: Client, data: bytes, words: str) -> None:
    status, page = bring(client, data)

    assert status == 422
    assert words in page
    assert 'name="sealed"' not in page


def test_no_sheet_at_all_gets_a_sentence(client: Client) -> None:
    answer = client.post(SHEET)

    assert answer.status_code == 422
    assert "Choose a sheet; nothing was changed." in answer.content.decode()


def test_what_was_shown_cannot_be_changed_taken_by_another_or_kept_for_long(
    client: Client, account: GatewayAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = a_discrepancy(account, amount=100)
    _, shown = bring(client, a_sheet((row.pk, 1, "accept", "Mine.", "", "", "")))
    sealed = next(found["value"] for found in _INPUT.finditer(shown) if found["name"] == "sealed")
    url = reverse("orders:discrepancy_sheet_create")
    other = logged_in(a_person(merchants=[account.merchant], groups=["finance"]))

    answers = [
        client.post(url, {"sealed": f"x{sealed}"}),
        client.post(url, {"sealed": ""}),
        client.post(url),
        other.post(url, {"sealed": sealed}),
    ]
    monkeypatch.setattr("orders.views.reconciliation.discrepancies_bulk.SEAL_SECONDS", -1)
    answers.append(client.post(url, {"sealed": sealed}))

    row.refresh_from_db()
    assert [answer.status_code for answer in answers] == [422] * 5
    assert "Bring the sheet once more." in answers[0].content.decode()
    assert row.state == S.OPEN


def test_only_who_reconciles_brings_sheets(account: GatewayAccount) -> None:
    viewer = logged_in(a_person(merchants=[account.merchant], groups=["viewer"]))

    assert viewer.get(SHEET).status_code == 403
    assert bring(viewer, "id,version,action\n")[0] == 403
    assert viewer.post(reverse("orders:discrepancy_sheet_create")).status_code == 403
