# SPDX-License-Identifier: Apache-2.0
"""Asks the supervisor of a cluster to start and stop components."""

import json
import signal
import socket

from .errors import HarnessError
from .layout import Layout
from .waiting import Late, wait_until

ANSWER_DEADLINE = 10
# The API server would wait a minute for those who watch; nothing here needs that.
GRACE = 4
KILL_DEADLINE = 10


class Control:
    def __init__(self, layout: Layout):
        self.layout = layout

    def ask(self, request: dict) -> dict:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_DEADLINE)
            connection.connect(str(self.layout.socket))
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(connection.makefile("rb").readline() or b'{"error": "no answer"}')
        if "error" in answer:
            raise HarnessError(f"supervisor: {answer['error']}")
        return answer

    def start(self, name: str, argv: list[str], environment: dict[str, str] | None = None) -> None:
        self.ask({"op": "start", "name": name, "argv": argv, "environment": environment or {}})

    def send(self, name: str, number: int) -> None:
        self.ask({"op": "signal", "name": name, "signal": int(number)})

    def running(self) -> dict[str, int]:
        """Component to its process id inside the cluster."""
        return self.ask({"op": "status"})["running"]

    def ended(self) -> dict[str, int]:
        """Component that is not running any more to its exit status; negative: the signal that ended it."""
        return self.ask({"op": "status"})["ended"]

    def stop(self, name: str, grace: float = GRACE) -> None:
        """Asks a component to end, makes it after the grace period, and returns when it has ended."""
        if name not in self.running():
            return
        self.send(name, signal.SIGTERM if grace else signal.SIGKILL)
        try:
            wait_until(lambda: name not in self.running(), grace, f"the end of {name}")
        except Late:
            if name in self.running():
                self.send(name, signal.SIGKILL)
            wait_until(lambda: name not in self.running(), KILL_DEADLINE, f"the end of {name}")

    def check(self, names: list[str]) -> None:
        """Fails with the last log lines when one of these has ended."""
        ended = self.ended()
        for name in names:
            if name in ended:
                raise HarnessError(f"{name} ended with status {ended[name]}; its last lines:\n{self.tail(name)}")

    def tail(self, name: str, lines: int = 20) -> str:
        file = self.layout.logs / f"{name}.log"
        if not file.exists():
            return "(no log)"
        return "\n".join(line[:400] for line in file.read_text(errors="replace").splitlines()[-lines:])
