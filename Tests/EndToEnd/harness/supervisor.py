# SPDX-License-Identifier: Apache-2.0
"""Process 1 of the cluster's process namespace: starts components, signals them, and reaps all that is orphaned.

When it dies, the kernel ends every other process of the cluster, and with the last of them go mounts and network.
It is asked over a unix socket, a JSON object a line:

    {"op": "start", "name": …, "argv": […], "environment": {…}}
    {"op": "signal", "name": …, "signal": 15}
    {"op": "status"}
"""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from pathlib import Path

from . import namespace
from .layout import Layout

# A request is a command line of some KiB.
LARGEST_REQUEST = 1 << 20


class Supervisor:
    def __init__(self, layout: Layout, relay: int):
        self.layout = layout
        self.relay = relay
        self.running: dict[str, subprocess.Popen] = {}
        self.ended: dict[str, int] = {}

    def answer(self, request: dict) -> dict:
        match request:
            case {"op": "start", "name": name, "argv": argv, "environment": environment}:
                return self.start(name, argv, environment)
            case {"op": "signal", "name": name, "signal": number}:
                return self.signal(name, number)
            case {"op": "status"}:
                return {"running": {name: child.pid for name, child in self.running.items()}, "ended": self.ended}
        return {"error": "unknown request"}

    def start(self, name: str, argv: list[str], environment: dict[str, str]) -> dict:
        if name in self.running:
            return {"error": f"{name} runs already"}
        with (self.layout.logs / f"{name}.log").open("ab") as log:
            try:
                child = subprocess.Popen(
                    argv,
                    env={**os.environ, **environment},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    start_new_session=True,
                    pass_fds=[self.relay] if name == "relay" else [],
                )
            except OSError as error:
                return {"error": f"{name}: {error}"}
        self.ended.pop(name, None)
        self.running[name] = child
        return {"pid": child.pid}

    def signal(self, name: str, number: int) -> dict:
        child = self.running.get(name)
        if child is None:
            return {"error": f"{name} does not run"}
        # Only reap() forgets a child, so this process id cannot be another's by now.
        os.kill(child.pid, number)
        return {}

    def reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for name, child in list(self.running.items()):
                if child.pid == pid:
                    child.returncode = os.waitstatus_to_exitcode(status)
                    self.ended[name] = child.returncode
                    del self.running[name]

    def serve(self) -> None:
        wake_read, wake_write = socket.socketpair()
        for end in (wake_read, wake_write):
            end.setblocking(False)
        signal.set_wakeup_fd(wake_write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.layout.socket))
        listener.listen(16)
        selector = selectors.DefaultSelector()
        selector.register(wake_read, selectors.EVENT_READ)
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is wake_read:
                    wake_read.recv(4096)
                    self.reap()
                else:
                    self.accept(listener)

    def accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            # The asker is on this machine and has its request ready.
            connection.settimeout(5)
            try:
                request = connection.makefile("rb").readline(LARGEST_REQUEST)
                self.reap()
                connection.sendall(json.dumps(self.answer(json.loads(request))).encode() + b"\n")
            except (OSError, ValueError) as error:
                print(f"supervisor: a request failed: {error}", file=sys.stderr, flush=True)


def main() -> None:
    layout = Layout(Path(sys.argv[1]))
    relay = int(sys.argv[2])
    namespace.furnish(layout)
    Supervisor(layout, relay).serve()


if __name__ == "__main__":
    main()
