"""Files whose lines name their account, and accounts whose profiles read them."""

from __future__ import annotations

from dataclasses import replace

from orders.models import SettlementProfile
from orders.reconciliation.files.mapping import Mapping, Source
from orders.reconciliation.files.profile import SANDBOX_MAPPING
from tests.factories import an_account
from tests.reconciliation.files.papers import changed, table
from tests.reconciliation_factories import a_profile


def naming(name: str) -> Mapping:
    """Files in which each line names the account, as `name`."""
    columns = {**SANDBOX_MAPPING.columns, "account": Source(column="partnerReference")}
    return replace(SANDBOX_MAPPING, columns=columns, account_value=name)


def profile_for(name: str, mapping: Mapping | None = None, **fields: object) -> SettlementProfile:
    """An account of its own whose profile reads files that say `name`."""
    account = an_account(name=f"account {name}")
    return a_profile(account, name="daily", mapping=(mapping or naming(name)).to_json(), **fields)


def paper_of(name: str, rows: int = 3) -> bytes:
    return table([changed(partnerReference=name)] * rows).encode()
