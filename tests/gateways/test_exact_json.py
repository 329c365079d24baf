"""JSON without floats, and texts that every database can store."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orders.gateways import exact_json


def read(text: bytes) -> tuple[dict[str, object], list[str]]:
    warnings: list[str] = []
    return exact_json.read_object(text, warn=warnings.append), warnings


def test_numbers_keep_their_digits() -> None:
    tree, _ = read(b'{"a": 0.1, "b": 25, "c": 49.990, "d": 1e2, "e": 12345678901234567.89}')

    assert tree == {"a": "0.1", "b": 25, "c": "49.990", "d": "1e2", "e": "12345678901234567.89"}
    assert exact_json.plain(tree) == tree
    assert type(exact_json.plain(tree)["a"]) is str


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'"x"',
        b"{",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b"\xff{}",
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"a": ' + b"9" * 10_000 + b"}",
    ],
    ids=lambda text: str(text[:20]),
)
def test_what_is_no_json_object_is_unreadable(text: bytes) -> None:
    with pytest.raises(exact_json.Unreadable):
        read(text)


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert read(b'\xef\xbb\xbf{"a": 1}') == ({"a": 1}, [])


def test_of_a_repeated_field_the_last_counts_and_it_is_told() -> None:
    tree, warnings = read(b'{"a": 1, "a": 2}')

    assert tree == {"a": 2}
    assert warnings == ["A field appears twice in the answer; its last value was used."]


def test_what_a_database_cannot_store_is_replaced() -> None:
    tree, _ = read(rb'{"a\u0000": ["x\ud800y", {"b": "\u0000"}]}')

    assert tree == {"a\ufffd": ["x\ufffdy", {"b": "\ufffd"}]}


def test_writing_is_exact_and_refuses_floats() -> None:
    assert (
        exact_json.write({"a": Decimal("25.00"), "b": [1, True, None, "é"]})
        == b'{"a":25.00,"b":[1,true,null,"\\u00e9"]}'
    )
    with pytest.raises(TypeError, match="float"):
        exact_json.write({"a": 0.1})
