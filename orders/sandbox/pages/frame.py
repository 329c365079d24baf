"""The frame of every page, and the small pieces pages are made of. Whatever comes from outside goes through `text`."""

from __future__ import annotations

import html
import urllib.parse
from collections.abc import Iterable, Sequence
from pathlib import Path

from orders.sandbox import json_text
from orders.sandbox.wire import Reply, Request

STYLE = (Path(__file__).parent / "sandbox.css").read_bytes()
POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
SAFETY_HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
PLACES = (
    ("/", "Overview"),
    ("/checkouts/new", "New checkout"),
    ("/gateway-b", "Gateway B"),
    ("/gateway-c", "Gateway C"),
    ("/webhooks", "Webhooks"),
    ("/faults", "Faults"),
    ("/modes", "Modes and clock"),
    ("/_ledger", "Ledger (JSON)"),
)


def page(title: str, *parts: str, here: str = "", status: int = 200, refusal: str | None = None) -> Reply:
    """A whole page. `parts` are HTML already; `refusal` is a sentence for people."""
    links = "".join(_place(address, name, here) for address, name in PLACES)
    refused = f'<section class="refusal" role="alert"><p>{text(refusal)}</p></section>' if refusal else ""
    document = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{text(title)} · sandbox</title><link rel="stylesheet" href="/_static/sandbox.css"></head>
<body><header><div class="banner">Sandbox: no real money moves</div>
<nav aria-label="Sandbox">{links}</nav></header>
<main><h1>{text(title)}</h1>{refused}{"".join(parts)}</main></body></html>"""
    return Reply(status=status, body=document.encode(), content_type="text/html; charset=utf-8", headers=SAFETY_HEADERS)


def text(value: object) -> str:
    """Escaped for an element or a quoted attribute."""
    return html.escape(str(value))


def section(title: str, *parts: str) -> str:
    return f"<section><h2>{text(title)}</h2>{''.join(parts)}</section>"


def paragraph(sentence: str) -> str:
    return f'<p class="quiet">{text(sentence)}</p>'


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, label: str) -> str:
    """Cells are HTML already. A column named Amount, or ending so, is set to the right."""
    kinds = [' class="amount"' if column.lower().endswith("amount") else "" for column in columns]
    head = "".join(f'<th scope="col"{kind}>{text(name)}</th>' for name, kind in zip(columns, kinds, strict=True))
    body = "".join(_table_row(row, kinds) for row in rows)
    if not body:
        return paragraph("Nothing yet.")
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(label)}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of names and values; values are HTML already."""
    return "<dl>" + "".join(f"<dt>{text(name)}</dt><dd>{value}</dd>" for name, value in pairs) + "</dl>"


def field(label: str, name: str, value: object = "", *, kind: str = "text", required: bool = False) -> str:
    wanted = " required" if required else ""
    digits = ' inputmode="decimal"' if kind == "amount" else ""
    shown = "text" if kind == "amount" else kind
    return (
        f'<label>{text(label)}<input name="{text(name)}" type="{shown}" value="{text(value)}"{wanted}{digits} '
        f'autocomplete="off"></label>'
    )


def choice(label: str, name: str, options: Iterable[tuple[str, str]], chosen: str = "") -> str:
    lines = "".join(
        f'<option value="{text(value)}"{" selected" if value == chosen else ""}>{text(shown)}</option>'
        for value, shown in options
    )
    return f'<label>{text(label)}<select name="{text(name)}">{lines}</select></label>'


def form(address: str, *parts: str, button: str, style: str = "", manner: str = "") -> str:
    """A POST form. `style` is a class of the form, `manner` one of the button."""
    return (
        f'<form method="post" action="{text(address)}" class="{text(style)}">{"".join(parts)}'
        f'<button class="{text(manner)}">{text(button)}</button></form>'
    )


def see(address: str) -> Reply:
    """After a POST: look there, by GET."""
    return Reply(status=303, headers=(("Location", address), *SAFETY_HEADERS))


def fields_of(request: Request) -> dict[str, str]:
    """A posted form; empty fields are left out."""
    pairs = urllib.parse.parse_qsl(request.body.decode("utf-8", "replace"))
    return {name: value.strip() for name, value in pairs if value.strip()}


def sentence_in(reply: Reply) -> str:
    """The gateway's own sentence in an error body."""
    body = json_text.read(reply.body)
    said = str(body["errors"][0]["message"] if "errors" in body else body["message"])
    return f"{said.rstrip('.')}."


def _place(address: str, name: str, here: str) -> str:
    current = ' aria-current="page"' if address == here else ""
    return f'<a href="{address}"{current}>{text(name)}</a>'


def _table_row(cells: Sequence[str], kinds: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(cells, kinds, strict=True)) + "</tr>"
