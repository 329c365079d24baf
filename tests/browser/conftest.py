"""A real Chromium for the tests that need one: where it is, how it logs in, what axe says, where pictures go."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page
from pytest_django.live_server_helper import LiveServer

from tests.factories import PASSWORD

# Playwright runs an event loop in the test's thread; Django would refuse the ORM there.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first draws the same pages for half of the work."""
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
WIDTHS = (360, 768, 1440)
THEMES = ("light", "dark")
CORNERS = {("light", 1440), ("dark", 360)}
"""What PICTURES=corners looks at: the widest page in light and the narrowest in dark."""
LOOKS = [
    (theme, [width for width in WIDTHS if os.environ.get("PICTURES") != "corners" or (theme, width) in CORNERS])
    for theme in THEMES
]
PICTURES = Path(settings.BASE_DIR) / "var" / "screenshots"

_ANSWERED_4XX = "Failed to load resource: the server responded with a status of 4"

LogIn = Callable[[Page, str], None]
Look = Callable[[Page, str, str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(
                    pytest.mark.skip(
                        reason="No Chromium is installed; `apt-get install chromium-headless-shell` brings it."
                    )
                )


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium, quiet: no downloads, no calls home."""
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-sync",
            "--no-first-run",
            "--no-proxy-server",
        ],
    }


@pytest.fixture(scope="session")
def base_url() -> None:
    """Addresses are given in full. (The plugin's own fixture of this name is one that newer pytests warn about.)"""


@pytest.fixture
def log_in(live_server: LiveServer) -> LogIn:
    """Through the log-in page, as a person does."""

    def enter(page: Page, username: str) -> None:
        page.goto(f"{live_server.url}/login/")
        page.get_by_label("User name").fill(username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{live_server.url}/orders/**")

    return enter


@pytest.fixture
def signed_in(live_server: LiveServer) -> LogIn:
    """With a session that was begun before, where the log-in page is no part of the story."""

    def enter(page: Page, username: str) -> None:
        client = Client()
        client.force_login(User.objects.get(username=username))
        session = client.cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": session.key, "value": session.value, "url": live_server.url}])

    return enter


@pytest.fixture
def look(browser: Browser, live_server: LiveServer) -> Look:
    """Open an address with the page's log-in at every width and theme, or in two corners of them: no axe finding,
    nothing blocked, nothing cut off, no scrolling sideways; a picture of each is kept in var/screenshots."""

    def look_at(page: Page, path: str, name: str) -> None:
        cookies = [cookie for cookie in page.context.cookies() if cookie["name"] != "theme"]
        for theme, widths in LOOKS:
            context = browser.new_context(color_scheme="dark" if theme == "dark" else "light")
            context.add_cookies(cookies)  # type: ignore[arg-type]
            view = context.new_page()
            troubles = _listen(view)
            for width in widths:
                view.set_viewport_size({"width": width, "height": 900})
                view.goto(f"{live_server.url}{path}")
                keep_picture(view, f"{name}-{width}-{theme}.png")
                assert sideways(view) <= 0, f"{name} scrolls sideways at {width} px"
                # The layout in between has the same elements as one of the two.
                if width != 768:
                    assert axe_findings(view) == "", f"{name} at {width} px, {theme}"
            context.close()
            assert troubles == [], f"{name}, {theme}"

    return look_at


def axe_findings(page: Page) -> str:
    """What axe finds, as text; empty when it finds nothing."""
    results = Axe().run(page)
    return results.generate_report() if results.violations_count else ""


def _listen(page: Page) -> list[str]:
    """Errors and blocked styles or scripts, as they come; the answer 4xx of a page meant to be one is no error."""
    heard: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"} and not said.text.startswith(_ANSWERED_4XX):
            heard.append(said.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def sideways(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def keep_picture(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / name, full_page=True)
