"""What no template may hold: inline style or script, htmx that evaluates text, unescaped text, files from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

FOLDER = Path(settings.BASE_DIR) / "templates"
TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))
SCRIPTS = sorted((Path(settings.BASE_DIR) / "static" / "js").glob("*.js"))

FORBIDDEN = {
    "an inline style": r"\sstyle\s*=",
    "a style element": r"<style\b",
    "an inline script": r"<script(?![^>]*\bsrc=)",
    "an event attribute": r"\son[a-z]+\s*=",
    "htmx that evaluates": r"hx-on|hx-vars|[\"']js:|javascript:",
    "hx-disable, whose meaning changes in htmx 4": r"hx-disable[\s=>]",
    "a trigger filter, which htmx evaluates": r"hx-trigger=\"[^\"]*\[",
    "unescaped text": r"\|\s*safe\b|autoescape off|\bsafeseq\b",
    "a file from elsewhere": r"(?:src|href|action)=[\"'](?:https?:)?//",
    "an attribute that htmx 4 no longer inherits": r"<body[^>]*\bhx-(?!history)",
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_holds_nothing_that_the_content_policy_or_htmx_4_refuses(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")

    found = [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text, re.IGNORECASE)]

    assert found == []


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ('<p style="color: red">', "an inline style"),
        ("<script>alert(1)</script>", "an inline script"),
        ('<a onclick="x()">', "an event attribute"),
        ("{{ text|safe }}", "unescaped text"),
        ('<div hx-trigger="click[ctrlKey]">', "a trigger filter, which htmx evaluates"),
        ('<script src="//cdn.example/x.js">', "a file from elsewhere"),
    ],
)
def test_the_search_for_forbidden_things_finds_them(bad: str, what: str) -> None:
    assert re.search(FORBIDDEN[what], bad, re.IGNORECASE)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_can_be_compiled(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_form_that_changes_something_carries_a_token(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")

    for form in re.findall(r"<form\b.*?</form>", text, re.IGNORECASE | re.DOTALL):
        assert not re.search(r"method=[\"']post", form, re.IGNORECASE) or "{% csrf_token %}" in form


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_neither_evaluates_text_nor_writes_markup(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert not re.search(
        r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\.style\b", text
    )
    assert "localStorage" not in text


def test_the_layers_are_declared_in_the_first_of_six_sheets() -> None:
    base = (FOLDER / "base.html").read_text(encoding="utf-8")
    sheets = re.findall(r"css/(\w+)\.css", base)

    first = (Path(settings.BASE_DIR) / "static" / "css" / "reset.css").read_text(encoding="utf-8")

    assert sheets == ["reset", "tokens", "base", "layout", "components", "utilities"]
    assert "@layer reset, tokens, base, layout, components, utilities;" in first


def test_raw_colours_stand_only_among_the_tokens() -> None:
    for name in ("reset", "base", "layout", "components", "utilities"):
        text = (Path(settings.BASE_DIR) / "static" / "css" / f"{name}.css").read_text(encoding="utf-8")

        assert not re.search(r"#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(|oklch\((?!from var)", text, re.IGNORECASE), name
