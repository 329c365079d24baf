"""The search box finds a settlement line that no order knows, by any of its words, among those a person may see."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import connection
from django.test import Client

from orders.models import DiscrepancyState, FileState, GatewayAccount, ReferenceKind, SettlementFile, SettlementLine
from orders.reconciliation.lookup import LOOKED_AT, SHOWN, _statement, lines_named
from orders.references import note_words
from tests.factories import a_merchant, a_person, an_account, an_order
from tests.large_books import tables_read_whole
from tests.reconciliation_factories import a_discrepancy, a_file, a_line, a_match

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(client: Client) -> GatewayAccount:
    account = an_account(merchant=a_merchant("Northwind"))
    client.force_login(a_person(merchants=[account.merchant], groups=["viewer"]))
    return account


def a_strange_line(account: GatewayAccount, **words: str) -> SettlementLine:
    line: SettlementLine = a_line(a_file(account), **{"reference": "R", **words})
    a_discrepancy(line=line)
    return line


def text_of(client: Client, word: str) -> str:
    response = client.get("/search/", {"q": word})
    assert response.status_code == 200
    return str(response.content.decode())


@pytest.mark.parametrize("word", ["reference", "gateway_id", "custom_reference", "payout_reference"])
def test_every_word_of_a_line_in_full_opens_it(client: Client, account: GatewayAccount, word: str) -> None:
    line = a_strange_line(account, **{word: "Strange-4711"})

    response = client.get("/search/", {"q": " sTRANGE-4711 "})

    assert (response.status_code, response["Location"]) == (303, f"/reconciliation/lines/{line.pk}/")


def test_the_beginning_of_a_word_opens_no_line(client: Client, account: GatewayAccount) -> None:
    a_strange_line(account, reference="Strange-4711")

    assert "Nothing begins with “strange-471”" in text_of(client, "strange-471")


def test_an_order_that_knows_the_word_is_opened_first(client: Client, account: GatewayAccount) -> None:
    a_strange_line(account, reference="both-1")
    order = an_order(account=account)
    note_words(order, [(ReferenceKind.GATEWAY, "both-1")])

    assert client.get("/search/?q=both-1")["Location"] == f"/orders/{order.pk}/"


def test_several_lines_of_a_payout_are_listed_newest_first(client: Client, account: GatewayAccount) -> None:
    lines = [a_strange_line(account, payout_reference="PO-7") for _ in range(3)]

    page = text_of(client, "po-7")

    places = [page.index(f'href="/reconciliation/lines/{line.pk}/"') for line in reversed(lines)]
    assert places == sorted(places)
    assert "3 lines found among those that do not fit." in page
    assert "Look at it" in page


def test_no_more_lines_are_listed_than_a_page_holds(client: Client, account: GatewayAccount) -> None:
    for _ in range(SHOWN + 2):
        a_strange_line(account, payout_reference="PO-7")

    page = text_of(client, "po-7")
    assert page.count('href="/reconciliation/lines/') == SHOWN
    assert f"These are the newest {SHOWN} lines" in page


def test_what_was_settled_and_what_a_corrected_file_replaced_is_found_too(
    client: Client, account: GatewayAccount
) -> None:
    line: SettlementLine = a_line(a_file(account, state=FileState.REPLACED), reference="old-1")
    a_discrepancy(line=line, state=DiscrepancyState.VANISHED)

    assert client.get("/search/?q=old-1")["Location"] == f"/reconciliation/lines/{line.pk}/"


def test_a_line_with_two_discrepancies_is_one(client: Client, account: GatewayAccount) -> None:
    line = a_strange_line(account, reference="twice-1")
    a_discrepancy(line=line, key=f"fee:{line.identity}")

    assert client.get("/search/?q=twice-1")["Location"] == f"/reconciliation/lines/{line.pk}/"


def test_lines_of_other_merchants_are_nobodys_business(client: Client, account: GatewayAccount) -> None:
    line = a_strange_line(an_account(merchant=a_merchant("Elsewhere")), reference="hidden-1")

    assert "hidden-1" not in text_of(client, "hidden-1").replace("“hidden-1”", "").replace('value="hidden-1"', "")
    assert lines_named("hidden-1", merchants=[]) == []
    assert [one.pk for one in lines_named("hidden-1", merchants=None)] == [line.pk]
    client.force_login(a_person(groups=[], is_superuser=True))
    assert client.get("/search/?q=hidden-1")["Location"] == f"/reconciliation/lines/{line.pk}/"


def test_a_person_who_may_see_nothing_finds_nothing(client: Client, account: GatewayAccount) -> None:
    a_strange_line(account, reference="strange-1")
    client.force_login(a_person(merchants=[account.merchant], groups=[]))

    assert client.get("/search/?q=strange-1").status_code == 403


def test_a_line_that_met_is_found_by_its_order_and_the_page_says_so(client: Client, account: GatewayAccount) -> None:
    a_match(a_line(a_file(account), reference="met-1"))

    page = text_of(client, "met-1")
    assert "A line that met is found by its order." in page
    assert f"of the newest {LOOKED_AT} unsettled and {LOOKED_AT} other discrepancies" in page


@pytest.mark.parametrize("text", ["", "two words", "jana@example.com", "x" * 65, "%", "'); --", "_"])
def test_what_is_no_reference_finds_no_line(account: GatewayAccount, text: str) -> None:
    a_strange_line(account)

    assert lines_named(text, merchants=[account.merchant_id]) == []


FILL = """
INSERT INTO orders_settlementline (account_id, file_id, number, identity, overlap, type, gross, fee, net, currency,
       booked_on, reference, transaction_reference, gateway_id, custom_reference, payout_reference, original_currency,
       text)
SELECT account_id, id, n, md5(n::text)::uuid, false, 'capture', 100, 0, 100, 'EUR', '2026-11-20', 'ref-' || n, '',
       'gw-' || n, '', 'po-1', '', '' FROM orders_settlementfile, generate_series(1, 100000) n WHERE id = %s
"""
MISS = """
INSERT INTO orders_discrepancy (merchant_id, account_id, key, type, state, line_id, reference, amount, difference,
       currency, sentence, occurred_on, month, cause, confidence, evidence, opened_at, closed_at, fix, resolution,
       reopened, version)
SELECT f.merchant_id, l.account_id, 'line:' || l.identity, 'theirs_not_ours',
       CASE WHEN l.number % 40 = 0 THEN 'open' ELSE 'vanished' END, l.id, l.reference, 100, 100, 'EUR', '',
       l.booked_on, '2026-11-01', '', 0, '{}', now(),
       CASE WHEN l.number % 40 = 0 THEN NULL ELSE now() END, '', 'Met.', 0, 1
  FROM orders_settlementline l JOIN orders_settlementfile f ON f.id = l.file_id WHERE l.number % 5 = 0
"""


@pytest.fixture
def a_hundred_thousand_lines(account: GatewayAccount) -> SettlementFile:
    """Of which twenty thousand have a discrepancy, two and a half thousand an open one."""
    file = a_file(account)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(FILL, [file.pk])
        cursor.execute("ANALYZE")
        cursor.execute(MISS)
        cursor.execute("ANALYZE")
    return file


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only: its planner is asked")
def test_at_a_hundred_thousand_lines_none_is_looked_for_in_all_of_them(
    account: GatewayAccount, a_hundred_thousand_lines: SettlementFile
) -> None:
    line = SettlementLine.objects.get(number=400)
    several = [account.merchant_id, a_merchant().pk]

    for merchants in ([account.merchant_id], several, None):
        for word in ("gw-400", "nothing-like-this"):
            looked = partial(lines_named, word, merchants=merchants)
            assert tables_read_whole(looked) == [], (word, merchants)
        assert lines_named("gw-400", merchants=merchants) == [line]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite only: its plan is read")
def test_sqlite_goes_through_discrepancies_by_their_index_and_reads_lines_by_key(account: GatewayAccount) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {_statement([account.merchant_id])}", {"text": "x"})
        plan = "\n".join(row[3] for row in cursor.fetchall())
    assert "discrepancy_unsettled" in plan
    assert "discrepancy_of_merchant" in plan
    assert "SEARCH l USING INTEGER PRIMARY KEY" in plan
