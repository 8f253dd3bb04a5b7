# SPDX-License-Identifier: Apache-2.0
"""Both programs on this machine itself, without a cluster: pods are made by hand in its cgroups."""

import http.client
import json
import os
import re
import signal
import ssl
import subprocess
from functools import partial
from pathlib import Path

from . import cgroups, programs
from .waiting import wait_until

NODE = "machine"
START_DEADLINE = 30
ANSWER_DEADLINE = 10


class Process:
    """A program of ours, ended with the block."""

    def __init__(self, command: list[str], log: Path):
        self.log = log
        with log.open("wb") as output:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()

    @property
    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def said(self, what: str) -> None:
        wait_until(lambda: what in self.text, START_DEADLINE, f"{what!r} of {self.child.args[0]}")

    def end(self) -> int:
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(START_DEADLINE)

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.child.pid}/fd"))

    def anonymous_kib(self) -> int:
        found = re.search(r"^RssAnon:\s+(\d+) kB$", Path(f"/proc/{self.child.pid}/status").read_text(), re.MULTILINE)
        return int(found[1]) if found else 0


class Aggregator(Process):
    def __init__(self, folder: Path, window: int):
        self.state = folder / "state"
        command = [str(programs.built("aggregator")), "--standalone", "--state-dir", str(self.state)]
        flags = ["--node-name", NODE, "--secure-port", "0", "--push-port", "0", "--rate-window", f"{window}s"]
        super().__init__([*command, *flags], folder / "aggregator.log")

    def __enter__(self) -> "Aggregator":
        self.said("aggregator ready")
        self.push, self.api = (re.search(rf' {key}="?([^ "\n]+)', self.text)[1] for key in ("push", "api"))
        self.context = ssl.create_default_context(cafile=str(self.state / "ca.crt"))
        self.token = (self.state / "user-token").read_text().strip()
        return self

    def agent_flags(self) -> list[str]:
        files = ["--ca-file", str(self.state / "ca.crt"), "--token-file", str(self.state / "agent-token")]
        return ["--aggregator", self.push, *files, "--node-name", NODE]

    def pods(self) -> list[dict]:
        port = int(self.api.rsplit(":", 1)[1])
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=self.context, timeout=ANSWER_DEADLINE)
        try:
            connection.request(
                "GET", "/apis/metrics.k8s.io/v1beta1/pods", headers={"Authorization": f"Bearer {self.token}"}
            )
            return json.load(connection.getresponse())["items"]
        finally:
            connection.close()


class Pods:
    """A kubepods of our own in this machine's v1 hierarchies, with its log links, removed with the block."""

    TREES = (cgroups.MOUNT / "memory", cgroups.MOUNT / "cpuacct")

    def __init__(self, folder: Path):
        # The same name as a cluster's: one that a killed run left over is removed by the next one.
        self.name = cgroups.name(os.getpid())
        self.logs = folder / "log"
        self.loads: list[subprocess.Popen] = []

    def __enter__(self) -> "Pods":
        for tree in self.TREES:
            for kind in ("burstable", "besteffort"):
                (tree / self.name / "kubepods" / kind).mkdir(parents=True)
        for folder in ("containers", "pods"):
            (self.logs / folder).mkdir(parents=True)
        return self

    def __exit__(self, *_: object) -> None:
        for load in self.loads:
            load.kill()
            load.wait()
        for tree in self.TREES:
            wait_until(partial(cgroups.removed, tree / self.name), START_DEADLINE, f"the removal of {self.name}")

    def path(self, uid: str, container: str) -> str:
        return f"{self.name}/kubepods/burstable/pod{uid}/{container}"

    def start(self, uid: str, container: str, name: str, command: list[str]) -> None:
        groups = [tree / self.path(uid, container) for tree in self.TREES]
        for group in groups:
            group.mkdir(parents=True)
        (self.logs / f"containers/{name}_stay_{name}-{container}.log").symlink_to(
            f"/var/log/pods/stay_{name}_{uid}/{name}/0.log"
        )
        joins = " && ".join(f"echo $$ >{group}/cgroup.procs" for group in groups)
        shell = ["sh", "-c", f'{joins} && exec "$@"', "sh", *command]
        self.loads.append(subprocess.Popen(shell, stdout=subprocess.DEVNULL))

    def flags(self) -> list[str]:
        return ["--kubepods-root", f"{self.name}/kubepods", "--log-root", str(self.logs)]

    def cpu_nanoseconds(self, path: str) -> int:
        return int((self.TREES[1] / path / "cpuacct.usage").read_text())

    def working_set(self, path: str) -> int:
        usage = int((self.TREES[0] / path / "memory.usage_in_bytes").read_text())
        inactive = re.search(r"^total_inactive_file (\d+)$", (self.TREES[0] / path / "memory.stat").read_text(), re.M)
        return usage - int(inactive[1]) if inactive else usage
