"""The workers of a proof: always so many alive, each death seen and remembered."""

from __future__ import annotations

from pathlib import Path

from tests.proofs.processes import Child, beat, worker


class Crew:
    """Keeps `size` workers and one beat running; `deaths` maps the pid of each dead child to its signal."""

    def __init__(self, size: int, *, folder: Path) -> None:
        self.size = size
        self.deaths: dict[int, int | None] = {}
        self._folder = folder
        self._workers: list[Child] = []
        self._beat: Child | None = None
        self._hired = 0

    @property
    def workers(self) -> list[Child]:
        return list(self._workers)

    def keep_up(self) -> None:
        """Bury the dead and hire as many."""
        for child in [child for child in self._workers if child.poll()]:
            self.bury(child)
            self._workers.remove(child)
        while len(self._workers) < self.size:
            self._hired += 1
            self._workers.append(worker(f"worker{self._hired}", log=self._folder / f"worker-{self._hired}.log"))
        if self._beat is None or self._beat.poll():
            self._beat = beat(self._folder, log=self._folder / "beat.log")

    def bury(self, child: Child) -> None:
        """Remember how a child ended."""
        self.deaths[child.pid] = child.signal_number

    def dismiss(self) -> None:
        """Kill everybody who is left."""
        left = [*self._workers, *([self._beat] if self._beat else [])]
        for child in left:
            child.kill()
        for child in left:
            child.wait()
