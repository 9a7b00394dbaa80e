"""A simulated control plane in a process of its own, so that a measurement has its interpreter to itself.

Run as a module it serves until its input ends: it prints its URL, and for each line read it prints, as JSON,
how many requests of each method came since the line before.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from types import TracebackType

from reconciler.simulator.apim import Apim, ApimServer, Costs

ANSWERS_IN_S = 0.05


class ControlPlaneApart:
    """The process, from outside; the methods block."""

    def __enter__(self) -> ControlPlaneApart:
        command = [sys.executable, "-m", __spec__.name if __spec__ is not None else __name__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self._line()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def methods(self) -> Counter[str]:
        """How many requests of each method came since this was last asked."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Counter(json.loads(self._line()))

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise RuntimeError("the simulated control plane ended")
        return line


class _Counting(ApimServer):
    """Answers after `ANSWERS_IN_S`, and counts."""

    def __init__(self, apim: Apim) -> None:
        super().__init__(apim, costs=Costs(ANSWERS_IN_S, ANSWERS_IN_S, ANSWERS_IN_S))
        self.methods: Counter[str] = Counter()

    def seconds_of(self, method: str, path: str) -> float:
        self.methods[method] += 1
        return super().seconds_of(method, path)


async def _serve() -> None:
    apim = Apim()
    apim.environment("DEFAULT").tags.add("internal")
    server = _Counting(apim)
    await server.start()
    print(server.url, flush=True)
    try:
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(server.methods), flush=True)
            server.methods.clear()
    finally:
        await server.stop()


if __name__ == "__main__":
    asyncio.run(_serve())
