# SPDX-License-Identifier: Apache-2.0
"""That an unmodified kube-controller-manager scales by what we serve."""

import time
from collections.abc import Callable

from harness import accounts, objects
from harness.cluster import Cluster
from harness.metrics_push import MetricsPush
from harness.waiting import wait_until

TARGET_PERCENT, REQUEST = 50, "100m"
MOST = 3
# The controller looks every 5 s here; a new pod counts 10 s after its start, and fewer are wanted for 15 s first.
UP_DEADLINE = 60
DOWN_DEADLINE = 90
KNOWN_DEADLINE = 60
# What a start takes can be more than the target for some seconds.
START_SECONDS = 2
STATUS_DEADLINE = 15

# Uses most of a core while the file is there, and next to nothing otherwise.
WORKER = """
while :; do
  if [ -e /tmp/load ]; then i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done; sleep 0.1; else sleep 0.5; fi
done
"""


def autoscaler(namespace: str, name: str) -> dict:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "scaleTargetRef": target,
            "minReplicas": 1,
            "maxReplicas": MOST,
            "targetCPUUtilizationPercentage": TARGET_PERCENT,
        },
    }


def test_a_deployment_follows_its_load_up_and_down(
    cluster: Cluster, metrics_push: MetricsPush, namespace: str, measured: Callable[[str], None]
) -> None:
    worker = objects.container("worker", args=[WORKER], resources=objects.resources(cpu=REQUEST))
    cluster.apply(objects.workload("Deployment", namespace, "work", 1, worker))
    path = f"/api/v1/namespaces/{namespace}/pods?labelSelector=app=work"
    (pod,) = wait_until(lambda: cluster.api.json(path)["items"], KNOWN_DEADLINE, "its pod")
    name = pod["metadata"]["name"]
    # A rate over less would be its start and nothing else.
    first = wait_until(lambda: metrics_push.of(namespace, name), KNOWN_DEADLINE, "its first figures")
    assert first.window >= accounts.SHORTEST_WINDOW
    calm = accounts.started(cluster.wait_pod(namespace, name), "worker") + START_SECONDS

    def is_calm() -> bool:
        figures = metrics_push.of(namespace, name)
        return figures is not None and figures.timestamp - figures.window >= calm

    wait_until(is_calm, KNOWN_DEADLINE, "a window behind its start")
    cluster.apply(autoscaler(namespace, "work"))

    def state() -> dict:
        path = f"/apis/autoscaling/v1/namespaces/{namespace}/horizontalpodautoscalers/work"
        return cluster.api.json(path)["status"]

    def replicas() -> int:
        return cluster.api.json(f"/apis/apps/v1/namespaces/{namespace}/deployments/work")["spec"]["replicas"]

    wait_until(
        lambda: state().get("currentCPUUtilizationPercentage", 100) < TARGET_PERCENT, KNOWN_DEADLINE, "the idle use"
    )
    assert replicas() == 1
    began = time.monotonic()
    cluster.shell(namespace, name, "touch /tmp/load")
    wait_until(lambda: replicas() > 1, UP_DEADLINE, "the scaling up")
    measured(f"HPA: {time.monotonic() - began:.1f} s from load to scale-up")
    # The controller tells of the use after it has scaled.
    wait_until(
        lambda: state().get("currentCPUUtilizationPercentage", 0) > TARGET_PERCENT, STATUS_DEADLINE, "the use it saw"
    )
    began = time.monotonic()
    cluster.shell(namespace, name, "rm /tmp/load")
    wait_until(lambda: replicas() == 1, DOWN_DEADLINE, "the scaling down")
    measured(f"HPA: {time.monotonic() - began:.1f} s from the load's end to scale-down; its flag has it wait 15 s")
