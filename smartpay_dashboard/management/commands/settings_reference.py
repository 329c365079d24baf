"""`manage.py settings_reference`: write `.env.example` and `docs/reference/settings.md` from conf.py."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from smartpay_dashboard.conf import BASE_DIR, Environment, is_secret

EXAMPLE = BASE_DIR / ".env.example"
REFERENCE = BASE_DIR / "docs" / "reference" / "settings.md"


class Command(BaseCommand):
    help = "Write .env.example and the settings reference; with --check, only say whether they are up to date."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail when a file differs.")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        for path, text in {EXAMPLE: example(), REFERENCE: reference()}.items():
            if not check:
                path.write_text(text, encoding="utf-8")
            elif not path.exists() or path.read_text(encoding="utf-8") != text:
                raise CommandError(f"{path.name} differs from conf.py; run `manage.py settings_reference`.")
        self.stdout.write("The settings reference is up to date.")


def example() -> str:
    """Every variable, commented out, with its default and what it is for."""
    parts = ["# Every setting with its default. Copy to `.env` and uncomment what you change.\n"]
    for name, field in Environment.model_fields.items():
        told = "\n".join(textwrap.wrap(f"{field.description}{_file_note(name)}", 110))
        parts.append(f"{textwrap.indent(told, '# ')}\n#{name}={_default(name)}\n")
    return "\n".join(parts)


def reference() -> str:
    """The same as a page with a table."""
    rows = [
        f"| `{name}` | {_shown(_default(name))} | {_escaped(str(field.description))}{_file_note(name)} |"
        for name, field in Environment.model_fields.items()
    ]
    return (
        "# Settings\n\n"
        "Read from the environment, and from a file `.env` beside `manage.py`; the environment wins. This page is\n"
        "written by `manage.py settings_reference`.\n\n"
        "| Variable | Default | What it is for |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def _default(name: str) -> str:
    default = Environment.model_fields[name].default
    if default is None:
        return ""
    if isinstance(default, bool):
        return str(int(default))
    if isinstance(default, tuple):
        return ",".join(default)
    if isinstance(default, Path):
        return str(default.relative_to(BASE_DIR))
    return str(default)


def _file_note(name: str) -> str:
    return f" Also as a file: {name}_FILE." if is_secret(name) else ""


def _shown(default: str) -> str:
    return f"`{default}`" if default else "none"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
