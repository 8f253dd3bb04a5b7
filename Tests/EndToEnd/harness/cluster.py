# SPDX-License-Identifier: Apache-2.0
"""A running cluster, as the tests use it."""

import contextlib
import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from . import binaries, cgroups, lifecycle, namespace
from .api import API
from .control import Control
from .errors import HarnessError
from .images import Image
from .layout import Layout
from .pki import PKI
from .waiting import wait_until

COMMAND_DEADLINE = 60
# A pod whose containers have ended is there until the kubelet says so: every 10 s, once it knows of their end. It may
# miss that, and then learns it when it removes sandboxes, once a minute.
POD_END_DEADLINE = 90
ACCOUNT_DEADLINE = 15


class Cluster:
    def __init__(self, layout: Layout):
        self.layout = layout
        self.state = layout.read_state()
        self.api = API(layout)
        self.control = Control(layout)

    def kubectl(
        self, *arguments: str, input: str | None = None, client: str = "admin", deadline: float = COMMAND_DEADLINE
    ) -> str:
        """What kubectl prints; its failure is ours."""
        done = self.try_kubectl(*arguments, input=input, client=client, deadline=deadline)
        if done.returncode != 0:
            raise HarnessError(f"kubectl {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def try_kubectl(
        self, *arguments: str, input: str | None = None, client: str = "admin", deadline: float = COMMAND_DEADLINE
    ) -> subprocess.CompletedProcess[str]:
        pair = PKI(self.layout.pki).pair(client)
        command = [
            binaries.kubectl(),
            f"--kubeconfig={self.layout.kubeconfig}",
            # Nothing remembered of another cluster, and nothing left in the home directory.
            f"--cache-dir={self.layout.root / 'kubectl-cache'}",
            *([] if client == "admin" else [f"--client-certificate={pair.certificate}", f"--client-key={pair.key}"]),
        ]
        try:
            return subprocess.run(
                [*command, *arguments],
                input=input,
                stdin=None if input else subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=deadline,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise HarnessError(f"kubectl {' '.join(arguments)}: not done within {deadline:g} s") from None

    def apply(self, *objects: dict) -> None:
        self.kubectl("apply", "--filename=-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    @contextlib.contextmanager
    def namespace(self, name: str) -> Iterator[str]:
        """A namespace in which pods can be made."""
        self.kubectl("create", "namespace", name)
        # Pods are refused before it is there.
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        wait_until(lambda: self.api.get(account).status == 200, ACCOUNT_DEADLINE, "the ServiceAccount")
        try:
            yield name
        finally:
            self.kubectl("delete", "namespace", name, "--wait=false")

    def run(self, command: list[str], deadline: float = COMMAND_DEADLINE, input: str | None = None) -> str:
        """Runs a command on the node: in the namespaces of its kubelet."""
        try:
            done = subprocess.run(
                namespace.inside(self.state, command),
                input=input,
                stdin=None if input else subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=deadline,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise HarnessError(f"{' '.join(command)}: not done within {deadline:g} s") from None
        if done.returncode != 0:
            raise HarnessError(f"{' '.join(command)}: status {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def user(self, name: str, groups: Iterable[str] = ()) -> str:
        """Makes a client certificate for this user, to be given as `client`."""
        client = "user-" + re.sub(r"[^a-z0-9-]", "-", name)
        PKI(self.layout.pki).client(client, name, list(groups))
        return client

    def api_as(self, client: str | None = None, token: str | None = None) -> API:
        """As the holder of a certificate or of a token; as nobody when there is neither."""
        return API(self.layout, client, token)

    def images(self, *wanted: Image) -> None:
        lifecycle.import_images(self.layout, list(wanted))

    def stop(self, component: str) -> None:
        self.control.stop(component)

    def kill(self, component: str) -> None:
        self.control.stop(component, grace=0)

    def start(self, component: str) -> None:
        lifecycle.start_again(self.layout, component)

    def wait_ready(self, deadline: float = COMMAND_DEADLINE) -> None:
        """Until the API server answers and the node is ready."""
        wait_until(lambda: self.api.get("/readyz").status == 200, deadline, "the API server")
        wait_until(lambda: lifecycle.node_ready(self.api), deadline, "the node")

    def pod(self, namespace: str, name: str) -> dict:
        return self.api.json(f"/api/v1/namespaces/{namespace}/pods/{name}")

    def wait_pod(self, namespace: str, name: str, deadline: float = COMMAND_DEADLINE) -> dict:
        """Until the pod is Ready; returns it."""

        def ready() -> dict | None:
            pod = self.pod(namespace, name)
            conditions = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}
            return pod if conditions.get("Ready") == "True" else None

        return wait_until(ready, deadline, f"pod {namespace}/{name}")

    def shell(
        self, namespace: str, pod: str, script: str, container: str | None = None, deadline: float = COMMAND_DEADLINE
    ) -> str:
        """What a shell script prints in a pod of the shell image."""
        where = [f"--container={container}"] if container else []
        return self.kubectl(
            "exec", f"--namespace={namespace}", pod, *where, "--", "sh", "-c", script, deadline=deadline
        )

    def node_path(self, path: str) -> Path:
        """A file of the node's own `/run` or `/var/log`, as seen from here."""
        for covered, folder in (("/var/log/", self.layout.node_logs), ("/run/", self.layout.run)):
            if path.startswith(covered):
                return folder / path.removeprefix(covered)
        raise HarnessError(f"{path} is the machine's own")

    def cgroup(self) -> str:
        """The kubelet's pods, below each hierarchy's mount."""
        return f"{cgroups.name(self.state['pid'])}/kubepods"

    def report(self) -> str:
        """What a person needs to see why something failed."""
        parts = []
        for command in (
            ["get", "pods", "--all-namespaces", "--output=wide"],
            ["get", "events", "--all-namespaces", "--sort-by=.lastTimestamp"],
        ):
            done = self.try_kubectl(*command, "--request-timeout=5s", deadline=15)
            parts.append(f"$ kubectl {' '.join(command)}\n" + "\n".join((done.stdout + done.stderr).splitlines()[-25:]))
        for name, how in lifecycle.status(self.layout).items():
            parts.append(f"--- {name}: {how}\n{self.control.tail(name, 5)}")
        return "\n".join(parts)
