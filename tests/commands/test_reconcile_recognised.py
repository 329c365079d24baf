"""Files that say by themselves whose they are: named on the command line, or dropped above the accounts' folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from orders.models import FileState, GatewayAccount, SettlementFile, SettlementProfile, SettlementTerms
from orders.modifications import bell
from orders.reconciliation import drops
from orders.reconciliation.drops import take_drops
from orders.reconciliation.files.receiving import begin_upload
from orders.reconciliation.runs import work_due
from tests.commands.running import run
from tests.factories import an_account
from tests.reconciliation.files.named import paper_of, profile_for
from tests.reconciliation.runs.bringing import line, paper

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(tmp_path: Path, settings: LazySettings) -> Path:
    """SETTLEMENT_DROP_DIR."""
    settings.SETTLEMENT_DROP_DIR = tmp_path / "drop"
    (tmp_path / "drop").mkdir()
    return tmp_path / "drop"


@pytest.fixture
def mine() -> SettlementProfile:
    """The profile of one of two accounts, whose files say SHOP-A."""
    profile_for("SHOP-B")
    return profile_for("SHOP-A")


def written(folder: Path, content: bytes, name: str = "day.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def files_in(folder: Path) -> list[str]:
    return sorted(path.name.split("-", 1)[1] for path in folder.iterdir()) if folder.is_dir() else []


def test_the_command_asks_the_file_whose_it_is(tmp_path: Path, mine: SettlementProfile) -> None:
    ended = run("reconcile", str(written(tmp_path, paper_of("SHOP-A"))), "--json")

    assert ended.code == 0
    assert ended.facts["files"][0]["account"] == mine.account.name
    assert SettlementFile.objects.get().profile == mine


def test_a_dry_run_asks_it_too(tmp_path: Path, mine: SettlementProfile) -> None:
    ended = run("reconcile", str(written(tmp_path, paper_of("SHOP-A"))), "--dry-run", "--json")

    assert (ended.code, ended.facts["files"][0]["account"]) == (0, mine.account.name)
    assert not SettlementFile.objects.exists()


def test_one_file_that_nobody_knows_stops_the_command_before_anything_is_done(
    tmp_path: Path, mine: SettlementProfile
) -> None:
    good = written(tmp_path, paper_of("SHOP-A"), "good.csv")
    bad = written(tmp_path, paper_of("SHOP-Z"), "bad.csv")

    ended = run("reconcile", str(good), str(bad))

    assert ended.code == 2
    assert "bad.csv: No active profile fits" in ended.err
    assert "--account NAME" in ended.err
    assert not SettlementFile.objects.exists()


def test_a_file_above_the_folders_finds_its_account(base: Path, mine: SettlementProfile) -> None:
    written(base, paper_of("SHOP-A"))

    (dropped,) = take_drops(still_seconds=-1)

    assert (dropped.state, dropped.account) == ("done", mine.account.name)
    assert files_in(base / "done") == ["day.csv"]


def test_a_file_above_the_folders_that_nobody_knows_lies_beside_its_sentence(
    base: Path, mine: SettlementProfile
) -> None:
    written(base, paper_of("SHOP-Z"))

    ended = run("reconcile", "--drop")
    assert ended.out.strip() == "There was nothing to take.", "it must stand still first"
    (dropped,) = take_drops(still_seconds=-1)

    assert (dropped.state, dropped.account) == ("refused", "")
    assert files_in(base / "refused") == ["day.csv", "day.csv.txt"]
    (note,) = (base / "refused").glob("*.txt")
    assert "Say which account the file belongs to" in note.read_text(encoding="utf-8")
    assert not SettlementFile.objects.exists()


def test_a_look_of_the_worker_takes_files_rings_and_puts_them_away_when_they_were_read(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung = list[int]()
    monkeypatch.setattr(bell, "ring_settlement", rung.append)
    account = an_account()
    SettlementTerms.objects.create(account=account, drop_folder="acme")
    folder = base / "acme"
    folder.mkdir()
    written(folder, paper(line("A", "1.00")), "good.csv")
    written(folder, paper(line("B", "1.00").replace("1.00", "one", 1)), "bad.csv")

    first = take_drops(still_seconds=-1, at_once=False)
    second = take_drops(still_seconds=-1, at_once=False)
    assert [one.state for one in (*first, *second)] == ["waiting"] * 4
    assert rung == [account.pk] * 2, "once for each file"
    assert files_in(folder / "taken") == ["bad.csv", "good.csv"]
    assert set(SettlementFile.objects.values_list("state", flat=True)) == {FileState.WAITING}

    work_due()
    third = take_drops(still_seconds=-1, at_once=False)

    assert sorted((one.name, one.state) for one in third) == [("bad.csv", "refused"), ("good.csv", "done")]
    assert (files_in(folder / "taken"), files_in(folder / "done")) == ([], ["good.csv"])
    assert files_in(folder / "refused") == ["bad.csv", "bad.csv.txt"]
    assert take_drops(still_seconds=-1, at_once=False) == []
    assert SettlementFile.objects.count() == 2


def test_what_a_look_took_and_a_dead_worker_left_is_worked_off_by_the_command(base: Path) -> None:
    SettlementTerms.objects.create(account=an_account(), drop_folder="acme")
    (base / "acme").mkdir()
    written(base / "acme", paper(line("A", "1.00")))
    take_drops(still_seconds=-1, at_once=False)

    ended = run("reconcile", "--drop")

    assert ended.code == 0
    assert "done. It counts: 1 lines." in ended.out
    assert files_in(base / "acme" / "done") == ["day.csv"]


def test_a_file_over_which_something_unforeseen_fails_does_not_stop_the_others_and_is_tried_again(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SettlementTerms.objects.create(account=an_account(), drop_folder="acme")
    folder = base / "acme"
    folder.mkdir()
    for name in ("a.csv", "b.csv", "c.csv"):
        written(folder, paper(line(name, "1.00")), name)

    def failing(account: GatewayAccount, *, name: str, **facts: Any) -> SettlementFile:
        if name == "b.csv":
            raise RuntimeError("nobody thought of this")
        return begin_upload(account, name=name, **facts)

    with monkeypatch.context() as broken:
        broken.setattr(drops, "begin_upload", failing)
        first = take_drops(still_seconds=-1)
    assert [(one.name, one.state) for one in first] == [("a.csv", "done"), ("c.csv", "done")]
    assert (folder / "b.csv").exists()

    (second,) = take_drops(still_seconds=-1)

    assert (second.name, second.state) == ("b.csv", "done")
    assert SettlementFile.objects.count() == 3


@pytest.mark.parametrize("name", ["stranger.csv", "7-gone.csv", "-.csv"])
def test_a_strange_file_among_the_taken_ones_is_left_alone(base: Path, name: str) -> None:
    SettlementTerms.objects.create(account=an_account(), drop_folder="acme")
    (base / "acme" / "taken").mkdir(parents=True)
    written(base / "acme" / "taken", b"x", name)

    assert take_drops(still_seconds=-1) == []
    assert (base / "acme" / "taken" / name).exists()
