"""Commands meet the same real sandbox as the mirror."""

from __future__ import annotations

from tests.mirror.conftest import account, gateway, sandbox_process

__all__ = ["account", "gateway", "sandbox_process"]
