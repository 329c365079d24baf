"""Whose file it is: only a line that names the account says it, exactly one profile may fit, and nothing is guessed."""

from __future__ import annotations

import io
import os
from dataclasses import replace

import pytest

from orders.models import GatewayAccount, ProfileState, SettlementProfile
from orders.modifications.refusals import Refused
from orders.reconciliation.files.mapping import Source
from orders.reconciliation.files.profile import SANDBOX_MAPPING
from orders.reconciliation.files.recognising import recognised
from tests.factories import an_account
from tests.reconciliation.files.named import naming, paper_of, profile_for
from tests.reconciliation.files.papers import changed, packed, table, workbook
from tests.reconciliation_factories import a_profile

pytestmark = pytest.mark.django_db


def owner_of(content: bytes, accounts: list[GatewayAccount] | None = None) -> SettlementProfile:
    chosen = None if accounts is None else [account.pk for account in accounts]
    return recognised(lambda: io.BytesIO(content), accounts=chosen)


@pytest.mark.parametrize("make", [paper_of, lambda name: packed(paper_of(name))], ids=["text", "gzip"])
def test_the_profile_that_alone_fits_says_whose_file_it_is(make: object) -> None:
    mine, _other = profile_for("SHOP-A"), profile_for("SHOP-B")
    assert callable(make)

    assert owner_of(make("SHOP-A")) == mine


def test_a_workbook_says_it_too() -> None:
    profile_for("SHOP-A")
    mine = profile_for("SHOP-B")

    assert owner_of(workbook([changed(partnerReference="SHOP-B")])) == mine


@pytest.mark.parametrize("wrapped", [bytes, packed], ids=["text", "gzip"])
def test_the_beginning_of_a_long_file_is_enough(wrapped: type[bytes]) -> None:
    mine, _other = profile_for("SHOP-A"), profile_for("SHOP-B")
    rows = [changed(partnerReference="SHOP-A", transactionId=os.urandom(16).hex()) for _ in range(2_000)]
    content = wrapped(table(rows).encode())

    assert owner_of(content[: len(content) // 4]) == mine


def test_columns_alone_are_told_and_never_believed() -> None:
    plain = profile_for("SHOP-A", SANDBOX_MAPPING)
    profile_for(
        "SHOP-B", mapping=replace(SANDBOX_MAPPING, columns={**SANDBOX_MAPPING.columns, "fee": Source(column="x")})
    )

    with pytest.raises(Refused, match="no line says whose it is") as refused:
        owner_of(paper_of("SHOP-A"))

    assert refused.value.code == "account"
    assert f"{plain.account.name} (daily)" in refused.value.sentence
    assert "account SHOP-B" not in refused.value.sentence
    assert "Nothing was taken. Say which account" in refused.value.sentence


def test_a_profile_that_says_the_account_itself_is_not_believed_as_if_the_lines_said_it() -> None:
    columns = {**SANDBOX_MAPPING.columns, "account": Source(constant="SHOP-A")}
    profile_for("SHOP-A", replace(SANDBOX_MAPPING, columns=columns, account_value="SHOP-A"))

    with pytest.raises(Refused, match="no line says whose it is"):
        owner_of(paper_of("SHOP-B"))


def test_two_that_fit_are_both_named_and_none_is_taken() -> None:
    profile_for("SHOP-A")
    a_profile(an_account(name="twin"), name="weekly", mapping=naming("SHOP-A").to_json())

    with pytest.raises(Refused, match=r"fits several profiles: account SHOP-A \(daily\), twin \(weekly\)\."):
        owner_of(paper_of("SHOP-A"))


def test_a_file_that_names_another_account_fits_nobody() -> None:
    profile_for("SHOP-A")

    for content in (paper_of("SHOP-Z"), paper_of("SHOP-A") + paper_of("SHOP-Z").split(b"\n", 1)[1], b"", b"garbage"):
        with pytest.raises(Refused, match="No active profile fits"):
            owner_of(content)


def test_a_file_without_lines_names_nobody() -> None:
    profile_for("SHOP-A")

    with pytest.raises(Refused, match="no line says whose it is"):
        owner_of(paper_of("SHOP-A", rows=0))


def test_only_active_profiles_of_the_accounts_asked_for_are_tried() -> None:
    mine = profile_for("SHOP-A")
    profile_for("SHOP-B", state=ProfileState.RETIRED)
    profile_for("SHOP-C", state=ProfileState.DRAFT)
    stranger = profile_for("SHOP-D")

    for name in ("SHOP-B", "SHOP-C", "SHOP-D"):
        with pytest.raises(Refused):
            owner_of(paper_of(name), [mine.account])
    assert owner_of(paper_of("SHOP-D"), [stranger.account]) == stranger


def test_a_line_that_cannot_be_read_does_not_hide_whose_it_is() -> None:
    mine = profile_for("SHOP-A")
    content = table([changed(partnerReference="SHOP-A", grossAmount="many")] * 3).encode()

    assert owner_of(content) == mine


@pytest.mark.parametrize("name", ["SHOP-A", "SHOP-Z"])
def test_short_and_shifted_lines_say_nothing_of_whose_they_are(name: str) -> None:
    profile_for("SHOP-A")
    row = changed(partnerReference=name)
    short, shifted = row[:-1], (*row[:2], "more", *row[2:])

    for content in (table([short] * 3), table([shifted] * 3), table([short, shifted] * 30)):
        with pytest.raises(Refused, match="no line says whose it is"):
            owner_of(content.encode())


def test_one_whole_line_says_it_among_many_short_ones() -> None:
    mine = profile_for("SHOP-A")

    def content(name: str) -> bytes:
        row = changed(partnerReference=name)
        return table([row[:-1]] * 30 + [(*row, "", " ")]).encode()

    assert owner_of(content("SHOP-A")) == mine
    with pytest.raises(Refused, match="No active profile fits"):
        owner_of(content("SHOP-Z"))


@pytest.mark.parametrize("idle", ["", '"",' * 9 + '""', "short"], ids=["empty", "blank", "short"])
def test_after_some_hundred_lines_that_say_nothing_it_looks_no_further(idle: str) -> None:
    mine = profile_for("SHOP-A")
    header, row = paper_of("SHOP-A", rows=1).decode().splitlines()

    def content(lines: int) -> bytes:
        return "\n".join([header, *[idle] * lines, row, ""]).encode()

    assert owner_of(content(499)) == mine
    with pytest.raises(Refused, match="no line says whose it is"):
        owner_of(content(500))


@pytest.mark.parametrize("wrapped", [bytes, packed], ids=["text", "gzip"])
def test_a_text_is_unpacked_no_further_than_its_beginning(wrapped: type[bytes]) -> None:
    mine = profile_for("SHOP-A", replace(naming("SHOP-A"), delimiter=","))
    paper = paper_of("SHOP-A")

    assert owner_of(wrapped(b"\n" * 900_000 + paper)) == mine
    with pytest.raises(Refused, match="No active profile fits"):
        owner_of(wrapped(b"\n" * 1_100_000 + paper))


def test_a_line_over_which_the_beginning_ends_is_not_looked_at() -> None:
    columns = {**SANDBOX_MAPPING.columns, "account": Source(column="payoutReference")}
    del columns["payout_reference"]
    profile_for("SHOP-A", replace(naming("SHOP-A"), columns=columns, delimiter=","))
    paper = table([changed(payoutReference="SHOP-AB")])
    before = 1024**2 - len(paper[: paper.index("SHOP-AB")] + "SHOP-A")

    with pytest.raises(Refused, match="no line says whose it is"):
        owner_of(("\n" * before + paper).encode())


def test_a_damaged_profile_is_passed_over() -> None:
    a_profile(an_account(), mapping={"columns": 7})
    mine = profile_for("SHOP-A")

    assert owner_of(paper_of("SHOP-A")) == mine
