"""The morning letter: one e-mail for each merchant and date, to those who reconcile. No secrets, no shopper's data.

It is noted as sent right after the mail server took it. A worker that dies between the two sends it again under the
same Message-ID, by which mail programs know that they have it.
"""

from __future__ import annotations

from datetime import date
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from orders.models import JobRun, Merchant
from orders.permissions import permissions_of
from orders.reconciliation.nights.due import NIGHT
from orders.reconciliation.nights.errands import Told


def send_letter(merchant: Merchant, day: date, steps: dict[str, Any], *, fresh: bool) -> Told:
    """Send what the report's steps say. Where nobody is to be told, or nothing sends, that is no failure."""
    if not fresh:
        return Told(sentence="This night was made up for, so no letter was sent for it.")
    if not settings.SENDS_MAIL:
        return Told(sentence="No letter was sent, because EMAIL_URL names no mail server; this page holds the same.")
    people = readers(merchant)
    if not people:
        return Told(sentence=f"No letter was sent: nobody at {merchant.name} who reconciles has an e-mail address.")
    try:
        letter_of(merchant, day, steps, to=[person.email for person in people]).send()
    except (OSError, SMTPException) as error:
        return Told(
            sentence=f"The mail server did not take the letter ({type(error).__name__}); it is tried again in half an "
            "hour. Nothing else waits for it.",
            ok=False,
        )
    many = "1 person" if len(people) == 1 else f"{len(people)} people"
    return Told(sentence=f"The letter went to {many}.", figures={"people": len(people)})


def readers(merchant: Merchant) -> list[User]:
    """Members who may reconcile at this merchant and have an address."""
    members = User.objects.filter(memberships__merchant=merchant, is_active=True).exclude(email="").order_by("pk")
    return [person for person in members if "reconcile" in permissions_of(person, merchant.pk)]


def letter_of(merchant: Merchant, day: date, steps: dict[str, Any], *, to: list[str]) -> EmailMultiAlternatives:
    """The letter in plain text and HTML."""
    answer = steps["figures"]["sentence"] if "figures" in steps else "The figures could not be read."
    nights = JobRun.objects.filter(job=NIGHT, merchant=merchant, business_date=day).select_related("account")
    context = {
        "merchant": merchant,
        "day": day,
        "answer": answer,
        "expiring": steps.get("expiring", {}).get("sentence", ""),
        "books": steps.get("figures", {}).get("figures", {}).get("books", {}),
        "nights": [_night(night) for night in nights.order_by("account__name")],
        "page": settings.PUBLIC_URL.rstrip("/") + reverse("orders:night", args=[merchant.pk, day.isoformat()]),
    }
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    letter = EmailMultiAlternatives(
        subject=" ".join(f"{merchant.name}, {day:%-d %B}: {answer}".split())[:200],
        body=render_to_string("reconciliation/letter.txt", context),
        to=to,
        headers={"Message-ID": f"<night-{merchant.pk}-{day:%Y%m%d}@{host}>", "Auto-Submitted": "auto-generated"},
    )
    letter.attach_alternative(render_to_string("reconciliation/letter.html", context), "text/html")
    return letter


def _night(night: JobRun) -> dict[str, Any]:
    """What an account's night said where something was found or failed."""
    steps = night.steps
    names = ["match", "expectations", "remainder", "drift", "balance"]
    if steps.get("closed", {}).get("figures", {}).get("ids"):
        names.insert(0, "closed")
    told = [steps[name]["sentence"] for name in names if name in steps]
    return {"account": night.account, "told": told, "problem": night.problem}
