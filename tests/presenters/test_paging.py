"""Lists in keyset pages: a damaged address shows the first list, and only a page that is not the last leads on."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string

from orders.models import Merchant
from orders.presenters.paging import cut
from orders.presenters.proposals import Tab
from tests.factories import a_merchant
from tests.views.pages import links_of


def test_the_list_of_an_address_is_shown() -> None:
    assert Tab.from_query("decided") is Tab.DECIDED
    assert Tab.DECIDED.query == "state=decided"


@pytest.mark.parametrize("text", ["", "DECIDED", "nonsense", "open ", "\0"])
def test_any_other_address_shows_the_first_list(text: str) -> None:
    assert Tab.from_query(text) is Tab.OPEN
    assert Tab.from_query(text).every == (Tab.OPEN, Tab.DECIDED)


@pytest.mark.django_db
@pytest.mark.parametrize(("size", "shown", "leads_on"), [(2, 2, True), (3, 3, False), (4, 3, False)])
def test_only_a_page_that_is_not_the_last_leads_on(size: int, shown: int, leads_on: bool) -> None:
    rows = [a_merchant() for _ in range(3)]

    page = cut(Merchant.objects.order_by("pk"), size)

    assert page.rows == tuple(rows[:shown])
    assert page.after == (str(rows[shown - 1].pk) if leads_on else "")


@pytest.mark.django_db
def test_nothing_is_a_page_that_leads_nowhere() -> None:
    page = cut(Merchant.objects.none(), 2)

    assert (page.rows, page.after) == ((), "")


@pytest.mark.parametrize(
    ("after", "first", "query", "leads_to"),
    [
        ("", True, "state=open", []),
        ("7", True, "", ["?after=7"]),
        ("7", False, "", ["?", "?after=7"]),
        ("", False, "state=open", ["?state=open"]),
        ("7", False, "state=all&account=3", ["?state=all&account=3", "?state=all&account=3&after=7"]),
    ],
)
def test_the_pager_leads_to_the_newest_and_to_the_next(
    after: str, first: bool, query: str, leads_to: list[str]
) -> None:
    shown = render_to_string("shell/_pager.html", {"page": {"after": after, "first": first}, "query": query})

    assert [link["href"] for link in links_of(shown)] == leads_to


def test_the_tabs_lead_to_every_list_and_say_which_is_shown() -> None:
    shown = links_of(render_to_string("shell/_tabs.html", {"page": {"tab": Tab.DECIDED, "chosen": "&account=3"}}))

    assert [link["href"] for link in shown] == ["?state=open&account=3", "?state=decided&account=3"]
    assert [link.get("aria-current", "") for link in shown] == ["", "page"]
