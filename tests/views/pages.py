"""Reading our own pages in tests: the rows of a list, the links of a page, as plain text."""

from __future__ import annotations

import html as markup
from html.parser import HTMLParser

from django.test import Client


class _Reader(HTMLParser):
    """Collects links with their text and attributes; enough to follow a page as a browser would."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[dict[str, str]] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            given = {name: value or "" for name, value in attrs}
            self.links.append({**given, "text": "", "row": "yes" if "data-row" in given else ""})
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            self.links[-1]["text"] += data


def links_of(html: str) -> list[dict[str, str]]:
    """Every link: its attributes and its `text`."""
    reader = _Reader()
    reader.feed(html)
    return reader.links


def references_of(html: str) -> list[str]:
    """The order references of the rows, in the order shown."""
    return [link["text"] for link in links_of(html) if link["row"]]


def href_of(html: str, rel: str) -> str:
    """Where the link with this rel leads; empty when there is none."""
    return next((link["href"] for link in links_of(html) if link.get("rel") == rel), "")


def text_of(client: Client, address: str) -> str:
    """The page at this address, with its characters as a person reads them. It must be there."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return markup.unescape(answer.content.decode())


def orders_shown(client: Client, query: str = "") -> list[str]:
    """The references of the rows at /orders/ with this query."""
    response = client.get(f"/orders/{query}")
    assert response.status_code == 200
    return references_of(response.content.decode())
