"""`import_orders`: hostile files are refused line by line and leave nothing; good ones end in the gateway's state."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from orders.models import Event, GatewayAccount, Order, Transaction
from tests.commands.running import run
from tests.factories import an_account
from tests.sandbox_process import SandboxHandle

GOOD = {
    "reference": "R-1",
    "currency": "EUR",
    "amount": "49.99",
    "customer_name": "Jana Novák",
    "customer_email": "jana@example.com",
    "transactions": [{"transactionId": "T-1", "partnerReference": "P-1", "amount": 49.99, "paymentMethod": "VISA"}],
}


def line(**changes: object) -> str:
    return json.dumps({**GOOD, **changes}, ensure_ascii=False)


def written(folder: Path, content: str | bytes) -> str:
    path = folder / "orders.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


BAD_LINES = {
    "broken JSON": ('{"reference": "R-1",', "not valid JSON"),
    "nested too deeply": ("[" * 20, "JSON list"),
    "a list inside": (line() + "\n[1]", "not a JSON object"),
    "NaN": (line().replace('"49.99"', "NaN"), "not a number"),
    "an exponent": (line().replace('"49.99"', "1e2"), "is not an amount"),
    "zero": (line(amount="0"), "greater than zero"),
    "a minus": (line(amount="-1"), "is not an amount"),
    "three decimals": (line(amount="12.345"), "2 decimals"),
    "yen with decimals": (line(currency="JPY", amount="10.5"), "no decimals"),
    "full-width digits": (line(amount="１２"), "is not an amount"),
    "a boolean": (line(amount=True), "must be a number"),
    "too much": (line(amount="99999999999999.99"), "larger than"),
    "a small currency": (line(currency="eur"), "three-letter currency"),
    "no currency": (line(currency=None), "currency is missing"),
    "no transactions": (line(transactions=[]), "list of 1"),
    "an odd transaction id": (line(transactions=[{"transactionId": "../x", "amount": "1"}]), "letters, digits"),
    "a misspelt field": (line(costumer_name="x"), "no field “costumer_name”"),
    "a long reference": (line(reference="x" * 65), "64 are allowed"),
    "a control character": (line(customer_name="a\u0007b"), "control character"),
    "an e-mail without @": (line(customer_email="jana"), "not an e-mail"),
    "a number as reference": (line(reference=7), "must be a text"),
    "a repeated field": ('{"reference": "A", "reference": "B"}', "stands in it twice"),
    "the future": (line(placed_at="2999-01-01T00:00:00Z"), "past moment"),
    "the same transaction twice": (line() + "\n" + line(reference="R-2"), "already stands on line 1"),
    "the same order otherwise": (
        line() + "\n" + line(amount="50.00", transactions=[{"transactionId": "T-2", "amount": "1"}]),
        "already stands on line 1 with other facts",
    ),
    "CSV with a missing cell": ("reference,currency,amount,transactionId\nR-1,EUR,1.00", "3 cells"),
    "CSV with an open quote": ('reference,currency,amount,transactionId\n"R-1,EUR,1.00,T-1', "not valid CSV"),
    "CSV with a comma as point": ("reference;currency;amount;transactionId\nR-1;EUR;1,00;T-1", "is not an amount"),
}


@pytest.mark.django_db
@pytest.mark.parametrize(("content", "reason"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_is_told_and_nothing_is_imported(tmp_path: Path, content: str, reason: str) -> None:
    account = an_account()

    ended = run("import_orders", written(tmp_path, content), "--account", account.name)

    assert ended.code in (1, 2)
    assert reason in ended.out + ended.err
    assert "othing was imported" in ended.out + ended.err
    assert not Order.objects.exists()
    assert not Event.objects.filter(verb="order.imported").exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xfe" + line().encode("utf-16-le"), "UTF-16"),
        (b"", "holds no orders"),
        (b"\n\n", "holds no orders"),
        (b"reference,currency,amount\nR-1,EUR,1", "transactionId is missing"),
        (b"reference,currency,amount,transactionId,colour\n", "“colour”"),
        (line().encode() + b"\n" + b"\xc3\x28", "not UTF-8"),
        (line().encode() + b"\n" + line(reference="R\0").replace("\\u0000", "\0").encode(), "NUL"),
        (line().encode() + b"\n{" + b"x" * (10 * 1024 * 1024) + b"\n", "longer than 64 KiB"),
    ],
    ids=["UTF-16", "empty", "blank", "a column missing", "an unknown column", "no UTF-8", "NUL", "a 10 MB line"],
)
def test_a_file_that_is_not_what_it_should_be_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    account = an_account()

    ended = run("import_orders", written(tmp_path, content), "--account", account.name)

    assert ended.code in (1, 2)
    assert reason in ended.out + ended.err
    assert not Order.objects.exists()


@pytest.mark.django_db
def test_bad_lines_come_with_their_numbers_in_json(tmp_path: Path) -> None:
    account = an_account()
    content = "\n".join([line(), "", line(reference="R-3", amount="0"), "{"])

    ended = run("import_orders", written(tmp_path, content), "--account", account.name, "--json")

    assert ended.code == 1
    assert [bad["line"] for bad in ended.facts["bad_lines"]] == [3, 4]
    assert ended.facts["imported"] == 0


@pytest.mark.django_db
def test_a_row_against_the_books_is_told_with_its_line(tmp_path: Path) -> None:
    account = an_account()
    run("import_orders", written(tmp_path, line()), "--account", account.name)

    other = line(reference="R-9", transactions=[{"transactionId": "T-9", "amount": "1"}])
    ended = run(
        "import_orders", written(tmp_path, other + "\n" + line(amount="50.00")), "--account", account.name, "--json"
    )

    assert ended.code == 1
    assert ended.facts["bad_lines"][0]["line"] == 2
    assert Order.objects.count() == 1


@pytest.mark.django_db
def test_an_unreachable_gateway_leaves_the_orders_with_a_problem(tmp_path: Path) -> None:
    account = an_account()

    ended = run("import_orders", written(tmp_path, line()), "--account", account.name, "--json")

    assert ended.code == 1
    assert ended.facts["imported"] == 1
    assert ended.facts["problems"][0]["transaction"] == "T-1"
    assert Transaction.objects.get().refresh_problem


@pytest.mark.django_db
def test_an_unknown_account_or_file_is_a_misuse(tmp_path: Path) -> None:
    account = an_account()

    assert run("import_orders", written(tmp_path, line()), "--account", "nobody").code == 2
    assert run("import_orders", str(tmp_path / "missing"), "--account", account.name).code == 2


@pytest.mark.django_db
@pytest.mark.process
def test_good_orders_end_in_the_gateways_state_and_a_second_import_changes_nothing(
    tmp_path: Path, gateway: SandboxHandle, account: GatewayAccount
) -> None:
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    made = {"merchantKey": account.merchant_key, "currencyCode": "EUR", "amount": 4_999}
    gateway.control(
        "orders",
        orders=[{**made, "transactionId": first}, {**made, "transactionId": second, "paymentStatus": "CAPTURED"}],
    )
    bom_and_semicolons = (
        "\ufeffreference;currency;amount;customer_name;transactionId;transactionAmount\r\n"
        f'R-1;EUR;99.98;"Novák; Jana";{first};49.99\r\n'
        f'R-1;EUR;99.98;"Novák; Jana";{second};49.99\r\n'
    )
    path = written(tmp_path, bom_and_semicolons)

    ended = run("import_orders", path, "--account", account.name, "--json")
    events = Event.objects.count()
    again = run("import_orders", path, "--account", account.name, "--json")

    assert ended.code == 0, ended.out
    assert (ended.facts["imported"], ended.facts["new"], ended.facts["transactions"]) == (1, 1, 2)
    order = Order.objects.get()
    assert order.customer_name == "Novák; Jana"
    assert sorted(order.transactions.values_list("state", flat=True)) == ["authorized", "captured"]
    assert (again.code, again.facts["new"], again.facts["changed"]) == (0, 0, 0)
    assert Event.objects.count() == events
