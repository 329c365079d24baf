"""What every errand of ours shares: `--json`, progress on a terminal only, and exit codes that tell the truth.

0: done and nothing wrong. 1: something was found, refused or failed. 2: the command line cannot be understood.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandParser

from orders.models import GatewayAccount
from orders.modifications.refusals import Refused

DONE, WRONG, MISUSED = 0, 1, 2
_JSON_HELP = "Print one JSON object instead of sentences."

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Report:
    """What an errand came to: `lines` for people, `facts` for programs."""

    lines: Sequence[str]
    facts: Mapping[str, Any] = field(default_factory=dict)
    exit_code: int = DONE


class Stop(Exception):
    """The errand ends here; the sentence says what happened and what to do."""

    def __init__(self, sentence: str, *, exit_code: int = WRONG) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


class Errand(BaseCommand):
    """A command that reports. Subclasses write `arguments` and `work`; exits with the report's code."""

    as_json = False

    def add_arguments(self, parser: CommandParser) -> None:
        self.arguments(parser)
        parser.add_argument("--json", action="store_true", help=_JSON_HELP)
        for verb in _verbs(parser):
            # Suppressed: a verb that was not given the option must not undo it.
            verb.add_argument("--json", action="store_true", help=_JSON_HELP, default=argparse.SUPPRESS)

    def arguments(self, parser: CommandParser) -> None:
        """The command's own arguments."""

    def work(self, *args: Any, **options: Any) -> Report:
        """Do it. Raises Stop."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        self.as_json = options.pop("json")
        try:
            report = self.work(**options)
        except (Stop, Refused) as end:
            report = self._refused(end)
        if self.as_json:
            self.stdout.write(json.dumps(report.facts, ensure_ascii=False, indent=2, default=str))
        else:
            for line in report.lines:
                self.stdout.write(line)
        if report.exit_code:
            sys.exit(report.exit_code)

    def progress(self, items: Iterable[Item], *, of: int, what: str) -> Iterator[Item]:
        """The items, with a bar on a terminal; nothing is written into pipes, files and JSON."""
        shown = self.stderr.isatty() and not self.as_json and of > 0
        for number, item in enumerate(items, start=1):
            yield item
            if shown and (number == of or number % max(1, of // 100) == 0):
                self.stderr.write(f"\r{what} {bar(number, of)}", ending="")
        if shown:
            self.stderr.write("")

    def _refused(self, end: Stop | Refused) -> Report:
        if not self.as_json:
            self.stderr.write(str(end))
        exit_code = end.exit_code if isinstance(end, Stop) else WRONG
        return Report(lines=[], facts={"error": str(end)}, exit_code=exit_code)


def _verbs(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """The parsers of a command's verbs, so that options may follow them."""
    actions = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return [verb for action in actions for verb in action.choices.values()]


def bar(number: int, of: int) -> str:
    """`[#####     ]  50 %`."""
    done = min(20, number * 20 // of)
    return f"[{'#' * done}{' ' * (20 - done)}] {min(100, number * 100 // of):3d} %"


def person_named(username: str) -> User:
    """The active person who answers for what the command does."""
    person = User.objects.filter(username=username, is_active=True).first()
    if person is None:
        raise Stop(f"There is no active person called “{username}”; nothing was done.", exit_code=MISUSED)
    return person


def account_named(name: str) -> GatewayAccount:
    """The account, with its merchant loaded."""
    account = GatewayAccount.objects.select_related("merchant").filter(name=name).first()
    if account is None:
        known = ", ".join(GatewayAccount.objects.order_by("name").values_list("name", flat=True)[:20]) or "none"
        raise Stop(f"There is no account “{name}”; nothing was done. There are: {known}.", exit_code=MISUSED)
    return account
