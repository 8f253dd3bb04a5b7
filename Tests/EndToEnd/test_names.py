# SPDX-License-Identifier: Apache-2.0
"""That containers which their agent cannot name are served under their names all the same."""

import os
import signal
import time
from collections.abc import Callable

from harness import accounts, objects
from harness.cluster import Cluster
from harness.metrics_push import AGENT, AGGREGATOR, MetricsPush
from harness.waiting import wait_until

# The containers are old when the new agent tells of them: a look every 2 s, a request, and two sweeps for a rate.
NAMES_DEADLINE = 20
RECOVERY_DEADLINE = 60
STEADY_SECONDS = 10

JOINED = "metrics_push_container_names_joined_total"
ANSWERED = 'metrics_push_container_name_requests_total{result="answered"}'


def containers(cluster: Cluster, namespace: str) -> list[str]:
    said = cluster.kubectl("top", "pod", "--containers", f"--namespace={namespace}", "--no-headers")
    return sorted(line.split()[1] for line in said.splitlines())


def test_containers_whose_links_are_missing_have_names(
    cluster: Cluster, metrics_push: MetricsPush, namespace: str, measured: Callable[[str], None]
) -> None:
    cluster.apply(objects.pod(namespace, "pair", objects.load("main", 10, 16), objects.load("side", 0, 8)))
    cluster.wait_pod(namespace, "pair")
    wait_until(
        lambda: containers(cluster, namespace) == ["main", "side"], NAMES_DEADLINE, "the names by the agent's word"
    )
    # As on a node whose runtime logs elsewhere. Both have a log directory, so that none is left over for one of them.
    links = list((cluster.layout.node_logs / "containers").glob(f"pair_{namespace}_*"))
    assert len(links) == 2
    for link in links:
        link.unlink()
    # Neither of them remembers anything.
    began = time.monotonic()
    metrics_push.delete_pods(AGENT)
    metrics_push.delete_pods(AGGREGATOR)
    metrics_push.wait_rolled_out()
    metrics_push.wait_available()
    there = time.monotonic()
    wait_until(lambda: containers(cluster, namespace) == ["main", "side"], NAMES_DEADLINE, "the names without links")
    measured(
        f"names of containers without links: {time.monotonic() - began:.1f} s after agent and aggregator were deleted, "
        f"{time.monotonic() - there:.1f} s after the node's figures were back"
    )
    assert metrics_push.counter(JOINED) == 2
    assert metrics_push.counter(ANSWERED) == 1
    assert metrics_push.counter("metrics_push_containers_without_name") == 0

    # The next agent has no names either, and nobody is asked again. It is in the same pod: for the end of one the
    # kubelet may take longer than anything is kept of a silent node.
    accepted = metrics_push.counter("metrics_push_sessions_accepted_total")
    for process in accounts.processes(accounts.directory(cluster, metrics_push.pod(AGENT), AGENT)):
        os.kill(process, signal.SIGTERM)
    wait_until(
        lambda: metrics_push.counter("metrics_push_sessions_accepted_total") > accepted,
        RECOVERY_DEADLINE,
        "the next agent's session",
    )
    end = time.monotonic() + STEADY_SECONDS
    while time.monotonic() < end:
        assert containers(cluster, namespace) == ["main", "side"]
        time.sleep(1)
    assert metrics_push.counter(ANSWERED) == 1
