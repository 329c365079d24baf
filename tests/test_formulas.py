"""Cells for spreadsheets: nothing that others wrote is ever worked out, and nothing is lost by that."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.formulas import cell_text, without_guard


@pytest.mark.parametrize("text", ["=1", "+1 2", "-x", "@a", "\t=1", "\r=1", " =1", "\0=1", "＝1", "\n+1", "-1+1"])
def test_what_begins_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert cell_text(text) == f"'{text}"


@pytest.mark.parametrize("cell", ["-12.50", "12", "rec-1", "a=b", "Ünal", Decimal("-0.05"), 7, date(2026, 11, 20)])
def test_numbers_days_and_plain_words_stay_as_they_are(cell: Any) -> None:
    assert cell_text(cell) == str(cell)


def test_nothing_is_an_empty_cell() -> None:
    assert cell_text(None) == ""


@given(st.text())
def test_no_text_ever_begins_like_a_formula(text: str) -> None:
    written = cell_text(text)

    assert written[:1] not in set("=+@\t\r\n") or written == ""
    assert not written.startswith("-") or Decimal(written) < 1


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1234", "-x", "@a"])
def test_what_went_out_guarded_comes_back_as_it_was(text: str) -> None:
    assert without_guard(cell_text(text)) == text


@pytest.mark.parametrize("text", ["'quoted'", "'", "plain", ""])
def test_an_apostrophe_of_somebody_s_own_stays(text: str) -> None:
    assert without_guard(text) == text
