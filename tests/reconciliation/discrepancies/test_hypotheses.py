"""Each cause has a case that it is found in, and the cases that are most like it are told apart."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from orders.models import Cause, DiscrepancyType
from orders.models import DiscrepancyType as T
from orders.reconciliation.discrepancies.case import Case, Elsewhere
from orders.reconciliation.discrepancies.hypotheses import ORDER, every_finding, likeliest
from orders.reconciliation.discrepancies.hypotheses.words import similar
from tests.reconciliation.discrepancies.cases import EXECUTED, FILE, TODAY, case, expected, item, line, payment

MISSED = {"item": item(), "transaction": payment()}
HALF = {"line": line(gross=5_000), "item": item()}

CASES: dict[str, tuple[Case, Cause]] = {
    # Ours, not theirs.
    "not yet late": (case(T.OURS_NOT_THEIRS, **MISSED, expectation=expected(in_time_until=TODAY)), Cause.NOT_DUE),
    "late since yesterday, its file came": (
        case(T.OURS_NOT_THEIRS, **MISSED, expectation=expected(in_time_until=TODAY - timedelta(days=1))),
        Cause.LINE_MISSING,
    ),
    "no file of its day": (
        case(T.OURS_NOT_THEIRS, **MISSED, expectation=expected(file=None)),
        Cause.FILE_MISSING,
    ),
    "no file of its day is known, but its neighbours settled": (
        case(T.OURS_NOT_THEIRS, **MISSED, expectation=expected(file=None, neighbours=12)),
        Cause.LINE_MISSING,
    ),
    "a line alike under another reference": (
        case(T.OURS_NOT_THEIRS, **MISSED, expectation=expected(), alike_lines=(line(reference="rec-12354"),)),
        Cause.WRONG_REFERENCE,
    ),
    "the only line alike of its day has a reference unlike ours": (
        case(T.OURS_NOT_THEIRS, **MISSED, expectation=expected(neighbours=5), alike_lines=(line(reference="unlike"),)),
        Cause.WRONG_REFERENCE,
    ),
    "the only line alike is of another day than the missing file": (
        case(
            T.OURS_NOT_THEIRS,
            **MISSED,
            expectation=expected(file=None),
            alike_lines=(line(reference="unlike", booked_on=date(2026, 11, 16)),),
        ),
        Cause.FILE_MISSING,
    ),
    "several lines alike prove nothing": (
        case(
            T.OURS_NOT_THEIRS,
            **MISSED,
            expectation=expected(neighbours=5),
            alike_lines=(line(reference="unlike"), line(reference="unsame")),
        ),
        Cause.LINE_MISSING,
    ),
    "two movements of the payment are alike, and a line names the payment alone": (
        case(
            T.OURS_NOT_THEIRS,
            **MISSED,
            expectation=expected(neighbours=5),
            items=(item(), item(key="item-two")),
            alike_lines=(line(reference="", transaction_reference="pay-1"),),
        ),
        Cause.ALIKE,
    ),
    "its twin has met, so the line that names the payment is its own": (
        case(
            T.OURS_NOT_THEIRS,
            **MISSED,
            expectation=expected(neighbours=5),
            items=(item(), item(key="item-two", met=True)),
            alike_lines=(line(reference="", transaction_reference="pay-1"),),
        ),
        Cause.WRONG_REFERENCE,
    ),
    "a line alike of another payment says nothing of a twin": (
        case(
            T.OURS_NOT_THEIRS,
            **MISSED,
            expectation=expected(neighbours=5),
            items=(item(), item(key="item-two")),
            alike_lines=(
                line(reference="unlike", transaction_reference="pay-2"),
                line(reference="unsame", transaction_reference="pay-3"),
            ),
        ),
        Cause.LINE_MISSING,
    ),
    # Theirs, not ours.
    "the shopper's bank": (
        case(T.THEIRS_NOT_OURS, line=line(type="chargeback", gross=-10_000), transaction=payment()),
        Cause.CHARGEBACK,
    ),
    "the payment of another account": (
        case(T.THEIRS_NOT_OURS, line=line(), elsewhere=Elsewhere(account="the other")),
        Cause.OTHER_ACCOUNT,
    ),
    "a chargeback of another account's payment": (
        case(T.THEIRS_NOT_OURS, line=line(type="chargeback", gross=-10_000), elsewhere=Elsewhere()),
        Cause.OTHER_ACCOUNT,
    ),
    "nobody here asked for this refund": (
        case(T.THEIRS_NOT_OURS, line=line(type="refund", gross=-2_500), transaction=payment(), items=(item(met=True),)),
        Cause.PORTAL_ACTION,
    ),
    "nobody asked, and our copy is older than the line": (
        case(T.THEIRS_NOT_OURS, line=line(type="refund", gross=-2_500), transaction=payment(refreshed_at=None)),
        Cause.PORTAL_ACTION,
    ),
    "we asked for this refund and wait for its end": (
        case(
            T.THEIRS_NOT_OURS,
            line=line(type="refund", gross=-2_500),
            transaction=payment(),
            items=(item(kind="refund", amount=2_500, state="unknown"),),
        ),
        Cause.MISSED_NEWS,
    ),
    "the account captures by itself": (
        case(
            T.THEIRS_NOT_OURS,
            line=line(),
            transaction=payment(captured=0, refreshed_at=None),
            auto_capture=True,
        ),
        Cause.MISSED_NEWS,
    ),
    "our movement of that amount met nothing": (
        case(T.THEIRS_NOT_OURS, line=line(reference="rec-12354"), alike_items=(item(),)),
        Cause.WRONG_REFERENCE,
    ),
    "several movements of that amount met nothing": (
        case(T.THEIRS_NOT_OURS, line=line(reference="unlike"), alike_items=(item(), item(key="two"))),
        Cause.UNKNOWN_PAYMENT,
    ),
    "nobody knows it": (case(T.THEIRS_NOT_OURS, line=line()), Cause.UNKNOWN_PAYMENT),
    # Amounts.
    "one cent": (case(T.AMOUNT, line=line(gross=9_999), item=item()), Cause.ROUNDING),
    "a ten-thousandth": (case(T.AMOUNT, line=line(gross=500_040), item=item(amount=500_000)), Cause.ROUNDING),
    "two cents of a hundred": (case(T.AMOUNT, line=line(gross=9_998), item=item()), Cause.AMOUNT_CHANGED),
    "the fee of the line is missing": (
        case(T.AMOUNT, line=line(gross=9_850, fee=150), item=item()),
        Cause.FEE_DEDUCTED,
    ),
    "the fee of the terms is missing": (
        case(T.AMOUNT, line=line(gross=9_800), item=item(), expected_fee=200),
        Cause.FEE_DEDUCTED,
    ),
    "the fee is added": (
        case(T.AMOUNT, line=line(gross=10_150, fee=150), item=item()),
        Cause.AMOUNT_CHANGED,
    ),
    "half of it": (case(T.AMOUNT, **HALF), Cause.PARTIAL),
    "a part, and the rest in another line": (
        case(T.AMOUNT, line=line(gross=6_543), item=item(), brothers=(line(gross=3_457),)),
        Cause.PARTIAL,
    ),
    "much less": (case(T.AMOUNT, line=line(gross=6_543), item=item()), Cause.PARTIAL),
    "a little less": (case(T.AMOUNT, line=line(gross=9_543), item=item()), Cause.AMOUNT_CHANGED),
    "more": (case(T.AMOUNT, line=line(gross=12_345), item=item()), Cause.AMOUNT_CHANGED),
    "a refund that took the fee as well": (
        case(T.AMOUNT, line=line(type="refund", gross=-10_150, fee=150), item=item(kind="refund")),
        Cause.FEE_DEDUCTED,
    ),
    "several lines that are a part together": (
        case(T.AMOUNT, line=line(gross=3_000), item=item(), difference=-5_000, amount=5_000),
        Cause.PARTIAL,
    ),
    "a payout beside its lines": (
        case(T.AMOUNT, line=line(type="payout", gross=-9_000), amount=1_000, difference=0),
        Cause.AMOUNT_CHANGED,
    ),
    "digits exchanged": (case(T.AMOUNT, line=line(gross=6_789), item=item(amount=7_689)), Cause.AMOUNT_CHANGED),
    "a failed leg": (
        case(T.AMOUNT, **{**HALF, "item": item(failed_legs=("shop-2, FAILED",), legs=2)}),
        Cause.SPLIT_LEG_FAILED,
    ),
    # Currencies.
    "the same figure": (case(T.CURRENCY, line=line(currency="USD"), item=item()), Cause.WRONG_CURRENCY),
    "the same figure with other decimals": (
        case(T.CURRENCY, line=line(currency="JPY", gross=100), item=item()),
        Cause.WRONG_CURRENCY,
    ),
    "converted, and it says so": (
        case(
            T.CURRENCY,
            line=line(currency="USD", gross=10_842, original_currency="EUR", original_amount=10_000),
            item=item(),
        ),
        Cause.CURRENCY_CONVERTED,
    ),
    "converted without a word": (
        case(T.CURRENCY, line=line(currency="USD", gross=10_842), item=item()),
        Cause.CURRENCY_CONVERTED,
    ),
    # Kinds.
    "a capture listed as a refund": (
        case(T.KIND, line=line(type="refund", gross=-10_000), item=item()),
        Cause.WRONG_KIND,
    ),
    "a refund beside the capture's own line": (
        case(T.KIND, line=line(type="refund", gross=-2_500), item=item(met=True), met_by=(line(number=3),)),
        Cause.PORTAL_ACTION,
    ),
    # Twice.
    "listed twice": (case(T.DUPLICATE, line=line(number=18), item=item(), met_by=(line(),)), Cause.DUPLICATE_LINE),
    "with an id of its own": (
        case(T.DUPLICATE, line=line(gateway_id="cap-2"), item=item(), met_by=(line(gateway_id="cap-1"),)),
        Cause.EXECUTED_TWICE,
    ),
    "with a reference of its own": (
        case(T.DUPLICATE, line=line(reference="rec-2"), item=item(), met_by=(line(number=3),)),
        Cause.EXECUTED_TWICE,
    ),
    "two in our books, and each has its line": (
        case(
            T.DUPLICATE,
            line=line(),
            item=item(met=True),
            items=(item(met=True), item(key="two", met=True)),
            met_by=(line(number=3),),
        ),
        Cause.DUPLICATE_LINE,
    ),
    "two in our books, and the id of the one that met": (
        case(
            T.DUPLICATE,
            line=line(gateway_id="cap-1"),
            item=item(),
            items=(item(), item(key="two")),
            met_by=(line(number=3, gateway_id="cap-1"),),
        ),
        Cause.DUPLICATE_LINE,
    ),
    "two in our books": (
        case(T.DUPLICATE, line=line(), item=item(), items=(item(), item(key="two")), met_by=(line(number=3),)),
        Cause.EXECUTED_TWICE,
    ),
    # Fees.
    "another fee": (case(T.FEE, line=line(fee=250), item=item(), difference=-100, expected_fee=150), Cause.FEE_RATE),
    "a cent of fee": (case(T.FEE, line=line(fee=151), item=item(), difference=-1, expected_fee=150), Cause.ROUNDING),
    # What names itself.
    "late": (case(T.LATE, line=line(booked_on=date(2026, 11, 19)), item=item()), Cause.GATEWAY_LATE),
    "paid though failed": (
        case(T.SETTLED_THOUGH_FAILED, line=line(), item=item(state="failed", reason="Declined")),
        Cause.EXECUTED_AFTER_FAILURE,
    ),
    "paid though never sent": (
        case(T.SETTLED_THOUGH_FAILED, line=line(), item=item(state="withdrawn", never_sent=True)),
        Cause.PORTAL_ACTION,
    ),
    "refunded and charged back": (
        case(
            T.CHARGEBACK_AFTER_REFUND,
            line=line(type="chargeback", gross=-10_000),
            transaction=payment(refunded=10_000),
            items=(item(), item(key="two", kind="refund")),
        ),
        Cause.CHARGED_BACK_AFTER_REFUND,
    ),
    "a leg that failed": (
        case(T.SPLIT_LEG_FAILED, item=item(failed_legs=("shop-2, FAILED",), legs=2)),
        Cause.SPLIT_LEG_FAILED,
    ),
    "the rest": (
        case(
            T.REMAINDER,
            transaction=payment(authorized=15_000, expires_at=EXECUTED, refreshed_at=EXECUTED + timedelta(days=2)),
        ),
        Cause.REST_NOT_RELEASED,
    ),
    "alike": (case(T.AMBIGUOUS, line=line(), alike_items=(item(), item(key="two"))), Cause.ALIKE),
}


@pytest.mark.parametrize("name", CASES)
def test_the_cause_is_found_with_its_evidence(name: str) -> None:
    found, cause = CASES[name]
    top = likeliest(every_finding(found))
    assert top.cause == cause
    assert top.holds
    assert 0 < top.confidence <= 100
    assert top.sentence.endswith(".")


def test_every_cause_is_found_in_some_case() -> None:
    assert {cause for _, cause in CASES.values()} == set(Cause) - {Cause.UNEXPLAINED}


@pytest.mark.parametrize("type", DiscrepancyType)
def test_with_nothing_known_no_hypothesis_breaks(type: DiscrepancyType) -> None:
    findings = every_finding(case(type))
    assert len(findings) == len(ORDER[type])
    assert all(finding.sentence for finding in findings)


def test_all_hypotheses_of_a_type_are_kept_in_their_order() -> None:
    found, _ = CASES["half of it"]
    assert [finding.cause for finding in every_finding(found)] == [
        Cause.ROUNDING,
        Cause.SPLIT_LEG_FAILED,
        Cause.FEE_DEDUCTED,
        Cause.PARTIAL,
        Cause.AMOUNT_CHANGED,
    ]


def test_where_nothing_holds_nothing_is_claimed() -> None:
    top = likeliest(every_finding(case(T.OURS_NOT_THEIRS)))
    assert (top.cause, top.confidence) == (Cause.UNEXPLAINED, 0)


def test_another_merchant_is_never_named() -> None:
    top = likeliest(every_finding(case(T.THEIRS_NOT_OURS, line=line(), elsewhere=Elsewhere())))
    assert "another merchant" in top.sentence


def test_a_missing_line_names_the_file_its_lines_and_the_reference() -> None:
    top = likeliest(every_finding(case(T.OURS_NOT_THEIRS, **MISSED, expectation=expected(file=FILE))))
    assert top.sentence == "The file of 12 Nov 2026 holds 1,204 lines but none with the reference rec-12345."


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("rec-12345", "REC 12345", True),
        ("rec-12345", "rec-12354", True),
        ("rec-12345", "rec-123", True),
        ("rec-12345", "unlike", False),
        ("", "", False),
        ("ab", "abcdefgh", False),
    ],
)
def test_references_look_alike_when_they_are_miswritten(one: str, other: str, alike: bool) -> None:
    assert similar(one, other) is alike
    assert similar(other, one) is alike
