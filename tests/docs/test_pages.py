"""What the pages name must exist: commands, settings, figures, files, links, targets of make, addresses, states."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands, load_command_class
from django.urls import Resolver404, resolve

from orders.gateways.registry import GATEWAYS
from orders.modifications.states import diagram
from smartpay_dashboard.conf import Environment

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted([REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md", *(REPOSITORY / "docs").rglob("*.md")])
OURS = {name for name, app in get_commands().items() if app in {"orders", "smartpay_dashboard"}}

# Upper-case words in code that are no settings of ours.
OTHER_WORDS = {
    "PROPERTY_TIMES",  # read by tests/examples.py alone
    "SIGTERM",
    "UPDATE",
    "CHECK",
    "COMMIT",
    "NULL",
    "CASCADE",
    "FILE",
    "NAME",
    "GET",
    "POST",
    "HTTP",
    "JSON",
    "URL",
    "INFO",
}


def every(pattern: str, pages: list[Path] = PAGES) -> set[tuple[str, str]]:
    """(page, what was found) for each match of the pattern's only group."""
    return {(page.name, found) for page in pages for found in re.findall(pattern, page.read_text(encoding="utf-8"))}


def test_the_pages_were_found() -> None:
    names = {page.name for page in PAGES}

    assert {"README.md", "CHANGELOG.md", "architecture.md", "money-safety.md", "operations.md", "settings.md"} <= names


def test_every_command_that_is_named_exists() -> None:
    named = every(r"(?:manage\.py|python manage\.py) ([a-z_]+)")

    assert [(page, name) for page, name in sorted(named) if name not in {*get_commands(), "help"}] == []


@pytest.mark.parametrize("command", sorted(OURS))
def test_every_command_says_what_it_is_for(command: str) -> None:
    told = load_command_class(get_commands()[command], command).create_parser("manage.py", command).format_help()

    assert len(told.split("\n\n")[1]) > 20


def test_every_setting_that_is_named_exists() -> None:
    pages = [page for page in PAGES if "gateways" not in page.parts]
    named = every(r"`([A-Z][A-Z_]{3,})(?:=[^`]*)?`", pages)
    known = set(Environment.model_fields) | {f"{name}_FILE" for name in Environment.model_fields} | OTHER_WORDS

    assert [(page, name) for page, name in sorted(named) if name not in known] == []


@pytest.mark.django_db
def test_every_figure_that_is_named_exists_and_every_figure_is_named() -> None:
    from orders.metrics import exposition

    others = {"smartpay_dashboard", *GATEWAYS}
    named = {name for _, name in every(r"`(smartpay_[a-z_]+)`")} - others
    told = set(re.findall(r"^# TYPE (\S+) gauge", exposition().decode(), re.MULTILINE))

    assert named == told


def test_every_file_that_is_named_exists() -> None:
    named = every(r"`((?:orders|smartpay_dashboard|templates|static|tests|docs)/[\w/.\-*]*)`")

    assert [(page, path) for page, path in sorted(named) if not any(REPOSITORY.glob(path.rstrip("/")))] == []


def test_every_link_leads_somewhere() -> None:
    missing = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                missing.append((page.name, target))

    assert missing == []


def test_every_target_of_make_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))

    assert [
        (page, name) for page, name in sorted(every(r"`(?:[A-Z]+=\d+ )?make ([a-z-]+)")) if name not in targets
    ] == []


def test_every_address_that_is_named_exists() -> None:
    missing = []
    for page, address in sorted(every(r"`(/[a-z]+/?)`")):
        try:
            resolve(address)
        except Resolver404:
            missing.append((page, address))

    assert missing == []


def test_the_diagram_of_states_is_the_one_the_code_obeys() -> None:
    page = (REPOSITORY / "docs/money-safety.md").read_text(encoding="utf-8")

    assert f"```mermaid\n{diagram().strip()}\n```" in page


def test_the_settings_pages_are_those_of_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("settings_reference", "--check")

    assert "up to date" in capsys.readouterr().out


def test_decisions_have_three_headings_and_stay_short() -> None:
    decisions = sorted((REPOSITORY / "docs/decisions").glob("*.md"))

    assert decisions
    for page in decisions:
        text = page.read_text(encoding="utf-8")
        assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], page.name
        assert len(text.splitlines()) <= 25, page.name
        assert text.startswith(f"# {int(page.name[:4])}. "), page.name


def test_the_readme_is_one_screen() -> None:
    assert len((REPOSITORY / "README.md").read_text(encoding="utf-8").splitlines()) <= 60
