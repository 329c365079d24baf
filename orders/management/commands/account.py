"""`manage.py account …`: create, list, pause and resume gateway accounts, rotate their keys, receive their webhooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.urls import reverse

from orders import accounts, crypto
from orders.gateways.registry import GATEWAYS
from orders.management.output import MISUSED, Errand, Report, Stop, account_named, person_named
from orders.models import GatewayAccount, Merchant, Proposal, ProposalState, ProposalSubject, Source
from orders.modifications.pause import pause_account
from orders.modifications.review import confirm, propose_resumption

_KEY_HELP = "File with the authentication key; a key on the command line would stand in the shell's history."


class Command(Errand):
    help = "Create, list, pause and resume gateway accounts, and rotate their keys."

    def arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        create = verbs.add_parser("create", help="A new account.")
        create.add_argument("--gateway", required=True, choices=sorted(GATEWAYS))
        create.add_argument("--name", required=True, help="Unique; other commands name the account by it.")
        create.add_argument("--merchant", required=True, help="The merchant's name.")
        create.add_argument("--new-merchant", action="store_true", help="The merchant is new too.")
        create.add_argument("--base-url", required=True)
        create.add_argument("--data-url", default="", help="Where gateway C lists its cards, if it may be asked.")
        create.add_argument("--merchant-key", required=True)
        create.add_argument("--authentication-key-file", required=True, type=Path, help=_KEY_HELP)
        create.add_argument("--by", metavar="USER", help="Who answers for it in the audit log.")
        verbs.add_parser("list", help="All accounts.")
        pause = verbs.add_parser("pause", help="Send nothing more through it.")
        resume = verbs.add_parser("resume", help="The first person proposes, a second one confirms.")
        rotate = verbs.add_parser("rotate-key", help="Put a new authentication key in place.")
        webhook = verbs.add_parser("webhook", help="Say where its webhooks come in; set what they are checked with.")
        verbs.add_parser("reseal", help="Encrypt every stored key under the newest of CREDENTIALS_KEYS.")
        for one in (pause, resume, rotate, webhook):
            one.add_argument("account", metavar="NAME")
            one.add_argument("--by", metavar="USER", required=one in (pause, resume))
        secret = webhook.add_mutually_exclusive_group()
        secret.add_argument("--secret-file", type=Path, help="File with the new secret; the old one counts for a day.")
        secret.add_argument("--remove-secret", action="store_true", help="Every webhook is only a hint from now on.")
        webhook.add_argument("--exposed", action="store_true", help="The old secret counts no longer from now on.")
        webhook.add_argument("--options", help='How they are checked, as JSON: {"scheme": "none"}.')
        pause.add_argument("--reason", required=True)
        resume.add_argument("--evidence", default="", help="The first person says why it may send again.")
        rotate.add_argument("--authentication-key-file", required=True, type=Path, help=_KEY_HELP)

    def work(self, *, verb: str, **options: Any) -> Report:
        verbs = {
            "create": _create,
            "list": _list,
            "pause": _pause,
            "resume": _resume,
            "rotate-key": _rotate,
            "webhook": _webhook,
            "reseal": _reseal,
        }
        try:
            return verbs[verb](options)
        except (accounts.AccountRefused, crypto.CredentialUnreadable) as refusal:
            raise Stop(str(refusal)) from refusal


def _create(options: dict[str, Any]) -> Report:
    account = accounts.create_account(
        merchant=_merchant(options["merchant"], new=options["new_merchant"]),
        name=options["name"],
        gateway=options["gateway"],
        base_url=options["base_url"],
        data_url=options["data_url"],
        merchant_key=options["merchant_key"],
        authentication_key=_key(options["authentication_key_file"]),
        by=person_named(options["by"]) if options["by"] else None,
        source=Source.COMMAND,
    )
    return Report(lines=[f"Account {account.name} was created; it may send now."], facts=_facts(account))


def _list(options: dict[str, Any]) -> Report:
    rows = list(GatewayAccount.objects.select_related("merchant").order_by("name"))
    lines = [
        f"{row.name}: {row.gateway} at {row.base_url} for {row.merchant.name}, merchant key {row.masked_merchant_key}, "
        + (f"paused: {row.paused_reason}" if row.paused else "sending")
        for row in rows
    ]
    return Report(lines=lines or ["There are no accounts."], facts={"accounts": [_facts(row) for row in rows]})


def _pause(options: dict[str, Any]) -> Report:
    account = account_named(options["account"])
    by = person_named(options["by"])
    paused = pause_account(account_id=account.pk, reason=options["reason"], by=by, source=Source.COMMAND)
    return Report(lines=[f"{paused.name} sends nothing: {paused.paused_reason}"], facts=_facts(paused))


def _resume(options: dict[str, Any]) -> Report:
    account, by = account_named(options["account"]), person_named(options["by"])
    waiting = Proposal.objects.filter(account=account, subject=ProposalSubject.RESUME, state=ProposalState.OPEN).first()
    if waiting is None:
        proposal = propose_resumption(
            account_id=account.pk, evidence_text=options["evidence"], by=by, source=Source.COMMAND
        )
        sentence = f"Proposed. {account.name} sends again when a second person runs this command."
    else:
        proposal = confirm(proposal_id=waiting.pk, fingerprint=waiting.fingerprint, by=by, source=Source.COMMAND)
        sentence = f"Confirmed. {account.name} sends again."
    account.refresh_from_db()
    return Report(lines=[sentence], facts={**_facts(account), "proposal": str(proposal.pk)})


def _rotate(options: dict[str, Any]) -> Report:
    account = accounts.rotate_authentication_key(
        account_id=account_named(options["account"]).pk,
        authentication_key=_key(options["authentication_key_file"]),
        by=person_named(options["by"]) if options["by"] else None,
        source=Source.COMMAND,
    )
    return Report(lines=[f"{account.name} uses the new key from its next request on."], facts=_facts(account))


def _webhook(options: dict[str, Any]) -> Report:
    account = account_named(options["account"])
    by = person_named(options["by"]) if options["by"] else None
    if options["options"] is not None:
        checked = _webhook_options(options["options"])
        accounts.set_webhook_options(account_id=account.pk, options=checked, by=by, source=Source.COMMAND)
    if options["secret_file"] or options["remove_secret"]:
        accounts.set_webhook_secret(
            account_id=account.pk,
            secret=_secret(options["secret_file"]) if options["secret_file"] else "",
            overlaps=not options["exposed"],
            by=by,
            source=Source.COMMAND,
        )
    account.refresh_from_db()
    address = settings.PUBLIC_URL.rstrip("/") + reverse("orders:webhook", args=[account.webhook_token])
    has_secret = bool(account.webhook_secret_sealed)
    lines = [f"Webhooks of {account.name} come in at {address}", f"A secret is {'set' if has_secret else 'not set'}."]
    return Report(lines=lines, facts={**_facts(account), "webhook_address": address, "webhook_secret_set": has_secret})


def _secret(path: Path) -> str:
    secret = _key(path)
    if not secret.strip():
        raise Stop(f"{path} is empty; nothing was changed. --remove-secret takes the secret away.", exit_code=MISUSED)
    return secret


def _webhook_options(text: str) -> dict[str, Any]:
    try:
        options = json.loads(text)
    except ValueError:
        options = None
    if not isinstance(options, dict):
        raise Stop(f"The options “{text}” are no JSON object; nothing was changed.", exit_code=MISUSED)
    return options


def _reseal(options: dict[str, Any]) -> Report:
    names = accounts.reseal_credentials(by=None, source=Source.COMMAND)
    sentence = f"{len(names)} keys are now encrypted under the newest of CREDENTIALS_KEYS; older ones may be removed."
    return Report(lines=[sentence], facts={"resealed": names})


def _merchant(name: str, *, new: bool) -> Merchant:
    merchant = Merchant.objects.filter(name=name).first()
    if merchant is None and new:
        merchant = Merchant.objects.create(name=name)
    if merchant is None:
        raise Stop(
            f"There is no merchant “{name}”; nothing was created. Add --new-merchant if it is new.", exit_code=MISUSED
        )
    return merchant


def _key(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(f"{path} cannot be read as text; nothing was changed.", exit_code=MISUSED) from error


def _facts(account: GatewayAccount) -> dict[str, Any]:
    return {
        "name": account.name,
        "gateway": account.gateway,
        "merchant": account.merchant.name,
        "base_url": account.base_url,
        "merchant_key": account.masked_merchant_key,
        "paused": account.paused,
        "paused_reason": account.paused_reason,
    }
