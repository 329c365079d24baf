"""Keys for an installation that moves no real money: made once, kept in DATA_DIR, readable by its owner only.

There is no default key in the code; production must bring its own (`checks.py` refuses to start without).
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet


def local_secret_key(data_dir: Path) -> str:
    return _kept(data_dir / "secret_key", fresh=secrets.token_urlsafe(50))


def local_credentials_key(data_dir: Path) -> str:
    return _kept(data_dir / "credentials_key", fresh=Fernet.generate_key().decode())


def _kept(path: Path, *, fresh: str) -> str:
    """The key in the file; the first process writes it. Several may start at once, so the file appears whole."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(fresh, encoding="ascii")
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text(encoding="ascii").strip()
