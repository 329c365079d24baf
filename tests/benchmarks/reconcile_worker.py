"""One process that takes a file in as a worker does: how long until its lines count and are matched, how long until the
last discrepancy is explained, and how much memory it held at most."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path


def main(path: str, account_id: int) -> int:
    import django

    django.setup()
    from orders.models import Discrepancy, FileState, GatewayAccount, Match, Source
    from orders.reconciliation.files.receiving import receive
    from orders.reconciliation.runs import work_on

    account = GatewayAccount.objects.get(pk=account_id)
    began = time.time()
    with Path(path).open("rb") as content:
        chunks = iter(lambda: content.read(1 << 20), b"")
        taken = receive(account, name=Path(path).name, chunks=chunks, by=None, source=Source.COMMAND)
    run = work_on(taken.file.pk)
    seconds = time.time() - began
    taken.file.refresh_from_db()
    assert run is not None, taken.sentence
    assert taken.file.state == FileState.APPLIED, taken.file.problem
    assert taken.file.applied_at is not None
    said = {
        "counting_seconds": taken.file.applied_at.timestamp() - began,
        "seconds": seconds,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "matches": Match.objects.filter(run=run).count(),
        "discrepancies": Discrepancy.objects.filter(run=run).count(),
    }
    print(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
