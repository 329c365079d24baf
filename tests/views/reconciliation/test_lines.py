"""One line and one match: what the file says, what it met and why, and links made and ended by people."""

from __future__ import annotations

import html
import uuid
import zlib
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from orders.models import (
    FileState,
    GatewayAccount,
    LineType,
    Match,
    ModificationState,
    Rule,
    RunKind,
    RunState,
    SettlementFilePart,
    SettlementLine,
)
from orders.presenters.reconciliation import original
from orders.reconciliation.files.profile import SANDBOX_MAPPING
from tests.factories import a_captured_transaction, a_person, an_account
from tests.reconciliation_factories import (
    a_discrepancy,
    a_file,
    a_line,
    a_match,
    a_modification_of,
    a_movement,
    a_profile,
    a_run,
)
from tests.views.pages import text_of
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer(account: GatewayAccount) -> Client:
    return logged_in(a_person(merchants=[account.merchant], groups=("viewer",)))


def page_of(line: SettlementLine) -> str:
    return reverse("orders:settlement_line", args=[line.pk])


def link(client: Client, line: SettlementLine, **given: Any) -> HttpResponse:
    answer = client.post(reverse("orders:link_create", args=[line.pk]), {"reason": "The bank said so.", **given})
    assert isinstance(answer, HttpResponse)
    return answer


def unlink(client: Client, match: Match, reason: str = "It is another one.") -> HttpResponse:
    answer = client.post(reverse("orders:match_end", args=[match.pk]), {"reason": reason})
    assert isinstance(answer, HttpResponse)
    return answer


def said(answer: HttpResponse) -> str:
    return html.unescape(answer.content.decode())


def test_a_line_shows_what_it_says_and_what_it_met(client: Client, account: GatewayAccount) -> None:
    line = a_line(
        a_file(account), reference="rec-77", gateway_id="cap-9", original_currency="USD", original_amount=11_000
    )
    match = a_match(line)

    page = text_of(client, page_of(line))

    for words in ("rec-77", "cap-9", "€100.00", "€1.50", "€98.50", "$110.00", "Reconciliation reference and kind"):
        assert words in page
    assert reverse("orders:match", args=[match.pk]) in page
    assert "Link it by hand" not in page


def test_a_line_leads_to_what_does_not_fit(client: Client, account: GatewayAccount) -> None:
    line = a_line(a_file(account))
    discrepancy = a_discrepancy(line=line)

    page = text_of(client, page_of(line))

    assert discrepancy.sentence in page
    assert reverse("orders:discrepancy", args=[discrepancy.pk]) in page


def test_a_match_shows_its_rule_and_both_sides(client: Client, account: GatewayAccount) -> None:
    line = a_line(a_file(account), reference="rec-77", gateway_id="theirs")
    match = a_match(line, candidates=3)

    page = text_of(client, reverse("orders:match", args=[match.pk]))

    for words in ("Both carry the same reconciliation reference", "2 other movements", "theirs", "Differs", "Same"):
        assert words in page
    assert reverse("orders:modification", args=[match.modification_id]) in page


def test_a_match_names_what_came_second(client: Client, account: GatewayAccount) -> None:
    transaction = a_captured_transaction(account=account)
    second = a_modification_of(transaction, amount=9_900)
    match = a_match(a_line(a_file(account)), runner_up=second.pk, candidates=2)

    page = text_of(client, reverse("orders:match", args=[match.pk]))

    assert reverse("orders:modification", args=[second.pk]) in page
    assert "Capture of €99.00" in page


def test_a_match_with_a_movement_of_the_gateway_is_shown_too(client: Client, account: GatewayAccount) -> None:
    movement = a_movement(a_captured_transaction(account=account), amount=2_500)
    match = a_match(a_line(a_file(account), type=LineType.REFUND, gross=-2_500, fee=0), movement=movement)

    page = text_of(client, reverse("orders:match", args=[match.pk]))

    assert "Refund of €25.00 at the gateway" in page
    assert "not asked for here" in page


def test_the_row_is_shown_as_it_stands_in_the_file(client: Client, account: GatewayAccount) -> None:
    names = sorted({source.column for source in SANDBOX_MAPPING.columns.values() if source.column})
    file = a_file(account, profile=a_profile(account, mapping=SANDBOX_MAPPING.to_json()))
    rows = [",".join(names), ",".join("a" for _ in names), ",".join(f"<{name}>" for name in names)]
    SettlementFilePart.objects.create(file=file, number=0, content=zlib.compress("\n".join(rows).encode()))

    answer = client.get(page_of(a_line(file, number=3)))

    page = answer.content.decode()
    assert f"&lt;{names[0]}&gt;" in page
    assert f"<{names[0]}>" not in page


def test_a_row_far_down_is_left_to_the_download(
    client: Client, account: GatewayAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(original, "LOOKED_THROUGH", 10)

    assert "download the original" in text_of(client, page_of(a_line(a_file(account), number=11)))
    assert "cannot be shown here" in text_of(client, page_of(a_line(a_file(account), number=10)))


def test_a_person_links_a_line_with_a_modification(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    account, person = shop
    line = a_line(a_file(account))
    modification = a_modification_of(a_captured_transaction(account=account))

    answer = link(client, line, item=str(modification.pk))

    assert answer.status_code == 303
    match = Match.objects.get()
    assert (match.line_id, match.modification_id, match.rule) == (line.pk, modification.pk, Rule.PERSON)
    assert (match.made_by_id, match.run.kind, match.run.state) == (person.pk, RunKind.PERSON, RunState.APPLIED)
    assert "Linked." in text_of(client, page_of(line))
    second = link(client, line, item=str(modification.pk))
    assert second.status_code == 422
    assert "has met a movement already" in said(second)
    assert Match.objects.count() == 1


def test_a_person_links_a_line_with_a_movement_of_the_gateway(client: Client, account: GatewayAccount) -> None:
    line = a_line(a_file(account), type=LineType.REFUND, gross=-2_500, fee=0)
    movement = a_movement(a_captured_transaction(account=account), amount=2_500)

    assert link(client, line, item=f"#{movement.pk}").status_code == 303
    assert Match.objects.get().movement_id == movement.pk


def test_movements_of_the_named_transaction_are_offered(client: Client, account: GatewayAccount) -> None:
    transaction = a_captured_transaction(account=account)
    modification = a_modification_of(transaction, state=ModificationState.UNKNOWN)
    movement = a_movement(transaction)
    line = a_line(a_file(account), transaction_reference=transaction.reference)

    page = text_of(client, page_of(line))

    assert f'value="{modification.pk}"' in page
    assert f'value="{movement.pk}"' in page
    assert "Outcome unknown" in page


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"item": ""}, "Say which movement the line belongs to"),
        ({"item": "nonsense"}, "neither a modification id nor the number"),
        ({"item": str(uuid.uuid4())}, "This account has no such movement"),
        ({"item": "123456789012345678"}, "This account has no such movement"),
        ({"item": "\0"}, "Null characters are not allowed"),
        ({"item": str(uuid.uuid4()), "reason": "  "}, "Say why they belong together"),
        ({"item": str(uuid.uuid4()), "reason": "x" * 301}, "at most 300 characters"),
    ],
)
def test_what_cannot_be_linked_is_told_and_nothing_changes(
    client: Client, account: GatewayAccount, given: dict[str, str], sentence: str
) -> None:
    answer = link(client, a_line(a_file(account)), **given)

    assert answer.status_code == 422
    assert sentence.casefold() in said(answer).casefold()
    assert not Match.objects.exists()


def test_a_movement_of_another_account_is_never_linked(client: Client, account: GatewayAccount) -> None:
    other = a_modification_of(a_captured_transaction(account=an_account(merchant=account.merchant)))

    assert link(client, a_line(a_file(account)), item=str(other.pk)).status_code == 422
    assert not Match.objects.exists()


@pytest.mark.parametrize("fields", [{"overlap": True}, {"type": LineType.FEE, "gross": 0, "fee": 5}])
def test_a_line_that_meets_nothing_offers_no_link(
    client: Client, account: GatewayAccount, fields: dict[str, Any]
) -> None:
    line = a_line(a_file(account), **fields)

    assert "Link it by hand" not in text_of(client, page_of(line))
    assert link(client, line, item=str(a_modification_of().pk)).status_code == 422


def test_a_person_takes_a_match_apart_and_it_stays_in_the_history(
    client: Client, shop: tuple[GatewayAccount, User]
) -> None:
    line = a_line(a_file(shop[0]))
    match = a_match(line)

    answer = unlink(client, match)

    assert answer.status_code == 303
    match.refresh_from_db()
    assert (match.ended_by_id, match.ended_reason) == (shop[1].pk, "It is another one.")
    page = text_of(client, page_of(line))
    assert "Taken apart" in page
    assert "It is another one." in page
    assert "Link it by hand" in page
    again = unlink(client, match)
    assert again.status_code == 422
    assert "does not count any more" in said(again)


def test_taking_apart_needs_a_reason(client: Client, account: GatewayAccount) -> None:
    match = a_match(a_line(a_file(account)))

    answer = unlink(client, match, reason=" ")

    assert answer.status_code == 422
    assert "Say why they do not belong together" in said(answer)
    match.refresh_from_db()
    assert match.ended_at is None


def test_linking_is_for_whoever_may_reconcile(viewer: Client, account: GatewayAccount) -> None:
    line = a_line(a_file(account))
    match = a_match(a_line(a_file(account)))

    assert "Link it by hand" not in text_of(viewer, page_of(line))
    assert "Take them apart" not in text_of(viewer, reverse("orders:match", args=[match.pk]))
    assert link(viewer, line, item=str(uuid.uuid4())).status_code == 403
    assert unlink(viewer, match).status_code == 403
    match.refresh_from_db()
    assert match.ended_at is None


def test_lines_of_other_merchants_and_of_trials_are_not_there(client: Client, account: GatewayAccount) -> None:
    stranger, trial = a_line(), a_line(a_file(account, state=FileState.TRIAL))
    foreign = a_match(stranger)
    tried = a_match(a_line(a_file(account)), run=a_run(account, kind=RunKind.TRIAL, state=RunState.TRIAL))

    for line in (stranger, trial):
        assert client.get(page_of(line)).status_code == 404
        assert link(client, line, item="1").status_code == 404
    for match in (foreign, tried):
        assert client.get(reverse("orders:match", args=[match.pk])).status_code == 404
        assert unlink(client, match).status_code == 404


def test_another_site_cannot_link(client: Client, account: GatewayAccount) -> None:
    line = a_line(a_file(account))
    address = reverse("orders:link_create", args=[line.pk])

    assert client.post(address, {"item": "1"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.get(address).status_code == 405


def test_the_queries_of_a_line_do_not_grow_with_its_history(
    client: Client, account: GatewayAccount, django_assert_max_num_queries: Any
) -> None:
    transaction = a_captured_transaction(account=account)
    line = a_line(a_file(account), transaction_reference=transaction.reference)
    run = a_run(account)
    for number in range(10):
        modification = a_modification_of(transaction, amount=100 + number)
        a_match(line, modification=modification, run=run, ended_at=modification.requested_at, ended_reason="No.")
    client.get(page_of(line))

    with django_assert_max_num_queries(16):
        client.get(page_of(line))
