# SPDX-License-Identifier: Apache-2.0
"""Agents that lie, and the nodes they pretend to be on."""

import json
import sys
from pathlib import Path

from . import objects
from .cluster import Cluster
from .metrics_push import AGGREGATOR, NAMESPACE, MetricsPush

ACCOUNT = "metrics-push-agent"
AUDIENCE = "metrics-push"
PORT = 4444
SERVER_NAME = f"metrics-push-ingest.{NAMESPACE}.svc"


def push(metrics_push: MetricsPush, node: str, token: str, seconds: float = 3, **more) -> list[dict]:
    """What the aggregator answers to an agent of ours; see `pusher`."""
    pod = metrics_push.pod(AGGREGATOR)
    command = [
        "env",
        f"PYTHONPATH={Path(__file__).parent.parent}",
        "PYTHONDONTWRITEBYTECODE=1",
        sys.executable,
        "-m",
        f"{__package__}.pusher",
        pod["status"]["podIP"],
        str(PORT),
        SERVER_NAME,
        str(metrics_push.authority_file()),
    ]
    told = json.dumps({"node": node, "token": token, "seconds": seconds, **more})
    said = metrics_push.cluster.run(command, input=told)
    return [json.loads(line) for line in said.splitlines()]


def make_node(cluster: Cluster, name: str) -> None:
    """A node without a machine, where nothing ever runs; no DaemonSet's pod either: it does not say it is Linux."""
    cluster.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {"unschedulable": True}})


def make_pod(cluster: Cluster, namespace: str, name: str, node: str, account: str) -> dict:
    """A pod that the API server has on that node, for its word on who a token is bound to."""
    cluster.apply(
        objects.pod(namespace, name, objects.container("none"), nodeName=node, serviceAccountName=account)
    )
    return cluster.pod(namespace, name)


def delete_pod(cluster: Cluster, namespace: str, name: str) -> None:
    """At once: no kubelet will ever say that it has ended."""
    cluster.kubectl(
        "delete", "pod", f"--namespace={namespace}", name, "--grace-period=0", "--force", "--ignore-not-found"
    )
