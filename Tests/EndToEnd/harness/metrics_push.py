# SPDX-License-Identifier: Apache-2.0
"""The project, installed in a cluster as its users install it."""

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from . import lifecycle, namespace, programs, quantities
from .cluster import Cluster
from .errors import HarnessError
from .pki import PKI
from .waiting import wait_until

IMAGE = "metrics-push:0.1.0"
NAMESPACE = "kube-system"
AGGREGATOR, AGENT = "aggregator", "agent"
VERSIONS = ("v1", "v1beta1")
MANIFESTS = Path(__file__).parent.parent / "install"

# From `kubectl apply` until it all answers: pods, CA, ConfigMap to the agent, first samples, the API server's look.
AVAILABLE_DEADLINE = 150
DELETE_DEADLINE = 60
ANSWER_DEADLINE = 10
IMAGE_DEADLINE = 120


@dataclass(frozen=True)
class Usage:
    """Cores and bytes."""

    cpu: float
    memory: float

    @staticmethod
    def of(usage: dict) -> "Usage":
        return Usage(quantities.amount(usage["cpu"]), quantities.amount(usage["memory"]))


@dataclass(frozen=True)
class Figures:
    """What is served of a pod or, under the name "", of a node. The time has whole seconds."""

    timestamp: float
    window: float
    usage: dict[str, Usage] = field(default_factory=dict)
    # Of the pod.
    uid: str | None = None

    @staticmethod
    def of(item: dict) -> "Figures":
        parts = {c["name"]: Usage.of(c["usage"]) for c in item.get("containers", [])}
        if "usage" in item:
            parts[""] = Usage.of(item["usage"])
        timestamp, window = quantities.unix(item["timestamp"]), quantities.seconds(item["window"])
        return Figures(timestamp, window, parts, item["metadata"].get("uid"))


@dataclass(frozen=True)
class Answer:
    status: int
    body: str


class MetricsPush:
    def __init__(self, cluster: Cluster):
        self.cluster = cluster

    # Installing

    def load_image(self) -> None:
        """The one that the project's Dockerfile makes, put together without Docker."""
        folder = {programs.built(name).parent for name in (AGENT, AGGREGATOR)}.pop()
        archive = self.cluster.layout.root / "metrics-push.tar"
        done = subprocess.run(
            [programs.ROOT / "scripts/image", archive],
            env={**os.environ, "BIN": str(folder)},
            capture_output=True,
            text=True,
            timeout=IMAGE_DEADLINE,
            check=False,
        )
        if done.returncode != 0:
            raise HarnessError(f"scripts/image: {done.stderr.strip()}")
        lifecycle.import_archive(self.cluster.layout, archive, IMAGE)
        archive.unlink()

    def apply(self, variant: str = "base") -> str:
        return self.cluster.kubectl("apply", f"--kustomize={MANIFESTS / variant}")

    def delete(self) -> str:
        return self.cluster.kubectl(
            "delete",
            f"--kustomize={MANIFESTS / 'base'}",
            "--ignore-not-found",
            f"--timeout={DELETE_DEADLINE}s",
            deadline=DELETE_DEADLINE + 10,
        )

    def wait_available(self, deadline: float = AVAILABLE_DEADLINE) -> None:
        """Until both versions answer with the node's figures."""
        for version in VERSIONS:
            wait_until(lambda v=version: self.is_available(v), deadline, f"APIService {version}.metrics.k8s.io")
        wait_until(lambda: self.node() is not None, deadline, "the node's figures")

    def is_available(self, version: str) -> bool:
        conditions = self.api_service(version).get("status", {}).get("conditions", [])
        return any(c["type"] == "Available" and c["status"] == "True" for c in conditions)

    def api_service(self, version: str) -> dict:
        return self.cluster.api.json(f"/apis/apiregistration.k8s.io/v1/apiservices/{version}.metrics.k8s.io")

    def wait_rolled_out(self, deadline: float = AVAILABLE_DEADLINE) -> None:
        for kind in ("deployment/metrics-push", "daemonset/metrics-push-agent"):
            self.cluster.kubectl(
                "rollout", "status", f"--namespace={NAMESPACE}", kind, f"--timeout={deadline}s", deadline=deadline + 10
            )
        # Pods that are on their way out are none of the tests' business.
        wait_until(lambda: not self.pods(ending=True), deadline, "the end of the pods before")

    # Its pods

    def pods(self, component: str | None = None, ending: bool = False) -> list[dict]:
        """Those that are to stay, or those that are ending."""
        selector = "app.kubernetes.io/name=metrics-push"
        if component:
            selector += f",app.kubernetes.io/component={component}"
        found = self.cluster.api.json(f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector={selector}")["items"]
        return [pod for pod in found if ("deletionTimestamp" in pod["metadata"]) == ending]

    def ready_pods(self, component: str) -> list[dict]:
        return [
            pod
            for pod in self.pods(component)
            if any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
        ]

    def pod(self, component: str) -> dict:
        """The one pod of a component."""
        return wait_until(lambda: self.ready_pods(component), AVAILABLE_DEADLINE, f"a pod of the {component}")[0]

    def delete_pods(self, component: str, count: int | None = None) -> list[str]:
        names = [pod["metadata"]["name"] for pod in self.pods(component)][:count]
        self.cluster.kubectl("delete", "pod", f"--namespace={NAMESPACE}", "--wait=false", *names)
        return names

    def logs(self, pod: dict | str) -> str:
        name = pod if isinstance(pod, str) else pod["metadata"]["name"]
        return self.cluster.kubectl("logs", f"--namespace={NAMESPACE}", name)

    def log_lines(self, component: str, *parts: str) -> list[str]:
        """Lines of the component's pods that have all of these in them."""
        lines = [line for pod in self.pods(component) for line in self.logs(pod).splitlines()]
        return [line for line in lines if all(part in line for part in parts)]

    def wait_logged(self, component: str, *parts: str, deadline: float = ANSWER_DEADLINE) -> str:
        return wait_until(
            lambda: self.log_lines(component, *parts), deadline, f"a log line of the {component} with {parts}"
        )[-1]

    # What it serves

    def node(self, name: str = "node-1") -> Figures | None:
        return self.figures(f"nodes/{name}")

    def of(self, namespace: str, pod: str) -> Figures | None:
        return self.figures(f"namespaces/{namespace}/pods/{pod}")

    def figures(self, path: str) -> Figures | None:
        """None: there are none of that object."""
        path = f"/apis/metrics.k8s.io/v1beta1/{path}"
        answer = self.cluster.api.get(path)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise HarnessError(f"GET {path}: {answer.status} {answer.body[:500].decode(errors='replace')}")
        return Figures.of(answer.json())

    # Its own ports

    def authority(self) -> str:
        """What agents trust, PEM."""
        path = f"/api/v1/namespaces/{NAMESPACE}/configmaps/metrics-push-ca"
        return self.cluster.api.json(path).get("data", {}).get("ca.crt", "")

    def authority_file(self) -> Path:
        file = self.cluster.layout.root / "metrics-push-ca.crt"
        file.write_text(self.authority())
        return file

    def ask(
        self,
        path: str,
        client: str | None = None,
        token: str | None = None,
        headers: Iterable[str] = (),
        pod: dict | None = None,
        verify: bool = True,
    ) -> Answer:
        """Asks an aggregator itself, past the API server, as the holder of a certificate or a token, or as nobody."""
        address = (pod or self.pod(AGGREGATOR))["status"]["podIP"]
        command = ["curl", "--silent", "--show-error", "--max-time", str(ANSWER_DEADLINE)]
        command += ["--resolve", f"metrics-push.{NAMESPACE}.svc:4443:{address}", "--write-out", "\n%{http_code}"]
        command += ["--cacert", str(self.authority_file())] if verify else ["--insecure"]
        if client:
            pair = PKI(self.cluster.layout.pki).pair(client)
            command += ["--cert", str(pair.certificate), "--key", str(pair.key)]
        if token:
            command += ["--header", f"Authorization: Bearer {token}"]
        for header in headers:
            command += ["--header", header]
        command.append(f"https://metrics-push.{NAMESPACE}.svc:4443{path}")
        done = subprocess.run(
            namespace.inside(self.cluster.state, command), capture_output=True, text=True, check=False, timeout=30
        )
        if done.returncode != 0:
            raise HarnessError(f"curl {path}: {done.stderr.strip()}")
        body, _, status = done.stdout.rpartition("\n")
        return Answer(int(status), body)

    def counter(self, name: str) -> int:
        """The value at /metrics, summed over the replicas; the name with its labels."""
        total = 0
        for page in wait_until(self.pages, ANSWER_DEADLINE, "the aggregators' /metrics"):
            total += sum(int(line.split()[-1]) for line in page.splitlines() if line.startswith(f"{name} "))
        return total

    def pages(self) -> list[str]:
        """/metrics of each replica, ready or not: that changes for a moment on a machine that holds up a probe."""
        answers = [self.ask("/metrics", client="admin", pod=pod) for pod in self.pods(AGGREGATOR)]
        if any(answer.status != 200 for answer in answers):
            raise HarnessError(f"GET /metrics: {answers}")
        return [answer.body for answer in answers]
