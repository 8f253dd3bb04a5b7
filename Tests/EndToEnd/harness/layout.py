# SPDX-License-Identifier: Apache-2.0
"""Where a cluster keeps what it has, and its addresses.

Everything is in one directory. The addresses are those of a network namespace of its own, so that they are the same for
every cluster and mean nothing outside; from the machine, the API server is reached at a loopback port.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from .errors import HarnessError

NODE_NAME = "node-1"
NODE_ADDRESS = "10.201.0.1"
POD_RANGE = "10.202.0.0/24"
SERVICE_RANGE = "10.203.0.0/16"
API_SERVICE_ADDRESS = "10.203.0.1"
DOMAIN = "cluster.local"
KUBELET_PORT = 10250

# A path of a unix socket has room for 107 bytes; the longest name of ours and the slash take 16.
LONGEST_ROOT = 90

# Prefix of the cgroup below which the kubelet makes `kubepods`; what follows is the process id of its owner.
CGROUP_PREFIX = "metrics-push-cluster."


@dataclass(frozen=True)
class Layout:
    root: Path

    @staticmethod
    def at(directory: str | Path) -> "Layout":
        root = Path(os.path.abspath(directory))
        if len(os.fsencode(root)) > LONGEST_ROOT:
            raise HarnessError(
                f"{root} is too long for a socket's path; take a directory of {LONGEST_ROOT} bytes at most"
            )
        # The cluster has directories of its own in these places and would not see ours.
        for covered in (
            Path("/run"),
            Path("/var/run"),
            Path("/var/log"),
            Path("/var/lib/cni"),
            Path("/proc"),
            Path("/sys"),
        ):
            if root.is_relative_to(covered):
                raise HarnessError(f"a cluster cannot be below {covered}; take a directory elsewhere")
        return Layout(root)

    @property
    def state(self) -> Path:
        """The record of what runs. Its presence makes the directory ours."""
        return self.root / "cluster.json"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def socket(self) -> Path:
        return self.root / "supervisor"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def run(self) -> Path:
        """`/run` of the cluster."""
        return self.root / "run"

    @property
    def node_logs(self) -> Path:
        """`/var/log` of the cluster: `pods` and `containers` are in it."""
        return self.root / "var-log"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    def read_state(self) -> dict:
        try:
            return json.loads(self.state.read_text() or "{}")
        except FileNotFoundError:
            return {}

    def write_state(self, state: dict) -> None:
        fresh = self.state.with_suffix(".new")
        fresh.write_text(json.dumps(state, indent=2) + "\n")
        fresh.replace(self.state)
