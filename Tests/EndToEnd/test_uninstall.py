# SPDX-License-Identifier: Apache-2.0
"""That `kubectl delete -k` leaves nothing behind."""

import pytest

from harness.cluster import POD_END_DEADLINE, Cluster
from harness.metrics_push import MetricsPush
from harness.waiting import wait_until

# What the manifests give an aggregator for its end.
SHUTDOWN_SECONDS = 30


@pytest.fixture
def uninstalled(metrics_push: MetricsPush) -> MetricsPush:
    """The last module by its name: nothing after it needs the project."""
    metrics_push.delete()
    # Pods go after their owners, and the aggregator answers for a while yet.
    wait_until(
        lambda: not metrics_push.pods() and not metrics_push.pods(ending=True),
        SHUTDOWN_SECONDS + POD_END_DEADLINE,
        "the end of its pods",
    )
    return metrics_push


def test_nothing_is_left_behind(cluster: Cluster, uninstalled: MetricsPush) -> None:
    def left() -> list[str]:
        kinds = cluster.kubectl("api-resources", "--verbs=list", "--output=name").split()
        # Events tell of what was, and end by themselves.
        wanted = [kind for kind in kinds if not kind.startswith("events")]
        said = cluster.kubectl("get", ",".join(wanted), "--all-namespaces", "--output=name")
        marks = ("metrics-push", "metrics.k8s.io", "aggregated-metrics-reader")
        return [name for name in said.split() if any(mark in name for mark in marks)]

    # What controllers made goes after its owners.
    wait_until(lambda: not left(), POD_END_DEADLINE, "the end of everything")
    assert cluster.api.get("/apis/metrics.k8s.io/v1beta1").status == 404


def test_a_namespace_can_be_deleted_afterwards(cluster: Cluster, uninstalled: MetricsPush) -> None:
    """An API that is left registered and does not answer would keep it."""
    cluster.kubectl("create", "namespace", "afterwards")
    cluster.kubectl("delete", "namespace", "afterwards", "--timeout=50s")


def test_no_process_is_left(cluster: Cluster, uninstalled: MetricsPush) -> None:
    def running() -> list[str]:
        said = cluster.run(["ps", "-e", "-o", "args="])
        return [line for line in said.splitlines() if line.startswith(("/agent", "/aggregator"))]

    wait_until(lambda: not running(), POD_END_DEADLINE, "the end of its processes")
