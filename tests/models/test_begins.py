"""`value__begins` takes every character literally and means the same on both databases."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.models import Reference, ReferenceKind
from orders.models.reference import words_of_name
from tests import factories
from tests.examples import examples

pytestmark = pytest.mark.django_db

VALUES = (
    *("abc", "abcd", "abd", "ab", "ABC", "a%c", "a%cd", "axc", "a_c", "a_cd", "a\\c", "a\\cd", "a'c", 'a"c'),
    *("äbc", "äbd", "zzz", "a\U0010fffd", "%", "_", "\\", "100%", "100 %"),
)


def found(prefix: str) -> set[str]:
    return set(Reference.objects.filter(value__begins=prefix).values_list("value", flat=True))


@pytest.fixture
def words() -> None:
    order = factories.an_order(reference="zzz-order")
    Reference.objects.bulk_create(
        [
            Reference(merchant_id=order.merchant_id, order=order, kind=ReferenceKind.NAME, value=value)
            for value in VALUES
        ]
    )


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize(
    "prefix",
    ["a", "ab", "abc", "abcd", "abcde", "a%", "a%c", "a_", "a_c", "a\\", "a\\c", "a'", 'a"', "ä", "%", "_", "\\"],
)
def test_a_prefix_finds_what_begins_with_exactly_these_characters(prefix: str) -> None:
    assert found(prefix) == {value for value in VALUES if value.startswith(prefix)}


@pytest.mark.usefixtures("words")
def test_a_percent_sign_is_not_a_wildcard() -> None:
    assert found("a%c") == {"a%c", "a%cd"}
    assert found("a_c") == {"a_c", "a_cd"}
    assert found("%bc") == set()


@pytest.mark.usefixtures("words")
def test_everything_begins_with_nothing() -> None:
    assert found("") == {*VALUES, "zzz-order"}


@pytest.mark.usefixtures("words")
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(prefix=st.text(alphabet="ab%_\\c'Aä \U0010ffff", max_size=4))
def test_any_prefix_means_what_python_means_by_it(prefix: str) -> None:
    assert found(prefix) == {value for value in (*VALUES, "zzz-order") if value.startswith(prefix)}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Jana Novák", ["jana novák", "novák"]),
        ("  Jana   Novák ", ["jana novák", "novák"]),
        ("", []),
        ("A B C D E F", ["a b c d e f", "b c d e f", "c d e f", "d e f"]),
    ],
)
def test_a_name_is_found_from_each_of_its_words_on(name: str, words: list[str]) -> None:
    assert words_of_name(name) == words
