"""docs/failures.md is complete, and every test that it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PAGE = (TESTS.parent / "docs/failures.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
FAILURES = range(14, 62)
OF_FILES = range(76, 83)
"""They look alike for every gateway, so their rows have one column of tests."""
SEEDS = {"001", "002", "004"}


def rows(first: str) -> list[list[str]]:
    """The cells of every table row whose first cell looks so."""
    lines = [line.strip().strip("|").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    return [cells for line in lines if re.fullmatch(first, (cells := [cell.strip() for cell in line])[0])]


@cache
def functions_of(file: str) -> frozenset[str]:
    """The functions of a file of tests; a parametrized one counts by its name."""
    path = TESTS / file
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module(body=[], type_ignores=[])
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_test_that_is_named_exists() -> None:
    named = set(NAMED.findall(PAGE))

    assert len(named) > len(FAILURES)
    assert [f"{file}::{test}" for file, test in sorted(named) if test not in functions_of(file)] == []
    assert PAGE.count("::") == len(NAMED.findall(PAGE)), "every name is whole"


def test_no_failure_is_missing_and_each_stands_once() -> None:
    assert [row[0] for row in rows(r"F\d+")] == [f"F{number}" for number in (*FAILURES, *OF_FILES)]


@pytest.mark.parametrize("row", rows(r"F[78]\d"), ids=lambda row: row[0])
def test_a_failure_of_files_has_tests(row: list[str]) -> None:
    number, what, tests = row

    assert what, number
    assert NAMED.search(tests), number


@pytest.mark.parametrize("row", rows(r"F[1-6]\d"), ids=lambda row: row[0])
def test_a_failure_has_a_test_or_a_reason_for_each_gateway(row: list[str]) -> None:
    number, what, *gateways = row

    assert what, number
    assert len(gateways) == 3, number
    for cell in gateways:
        assert NAMED.search(cell) or re.match(r"does not apply: .{10}", cell), f"{number}: {cell}"


@pytest.mark.parametrize("row", rows(r"00\d"), ids=lambda row: f"{row[0]} {row[1]}")
def test_a_limit_has_a_test(row: list[str]) -> None:
    _, limit, tests = row

    assert limit
    assert NAMED.search(tests)


def test_the_seeds_with_limits_are_all_there() -> None:
    assert {row[0] for row in rows(r"00\d")} == SEEDS
