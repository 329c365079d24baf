"""The webhooks of all gateways: what was sent, what was answered, and a button to send it again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from orders.sandbox.deliveries import listed
from orders.sandbox.ledger import Ledger
from orders.sandbox.pages import frame
from orders.sandbox.pages.frame import text
from orders.sandbox.wire import Reply, Request

ADDRESS = "/webhooks"
LATEST = 100
BODY_CHARACTERS = 160


def show(ledger: Ledger) -> Reply:
    return frame.page(
        "Webhooks",
        frame.section(
            f"Sent and to be sent (at most {LATEST})",
            frame.paragraph("Times are real ones, not the virtual clock's. How they misbehave stands under Modes."),
            _deliveries(listed(ledger.store, {}, latest=LATEST)),
        ),
        here=ADDRESS,
    )


def resend(ledger: Ledger, request: Request) -> Reply:
    written = frame.fields_of(request).get("id", "")
    if written.isascii() and written.isdigit():
        ledger.deliveries.resend(int(written))
    return frame.see(ADDRESS)


def _deliveries(found: list[dict[str, Any]]) -> str:
    columns = ("Delivery", "Gateway", "Merchant", "Address", "State", "Answers", "Body", "Send again")
    return frame.table(columns, [_row(one) for one in reversed(found)], label="Webhooks")


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    answers = ", ".join(f"{_time(tried['at'])} {tried['httpStatus'] or tried['trouble']}" for tried in one["attempts"])
    body = one["body"] if isinstance(one["body"], str) else json.dumps(one["body"], ensure_ascii=False)
    hidden = f'<input type="hidden" name="id" value="{one["id"]}">'
    return (
        text(one["id"]),
        text(one["gateway"]),
        text(one["merchantKey"]),
        f"<code>{text(one['url'])}</code>",
        text(one["state"]),
        text(answers or "–"),
        text(body[:BODY_CHARACTERS]),
        frame.form(ADDRESS, hidden, button=f"Send {one['id']} again", manner="plain"),
    )


def _time(at: int) -> str:
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%H:%M:%S")
