# SPDX-License-Identifier: Apache-2.0
"""What the two programs take, for the requests in the manifests."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import accounts, quantities
from harness.cluster import Cluster
from harness.metrics_push import AGENT, AGGREGATOR, MetricsPush

SPAN = 20


@pytest.mark.parametrize("component", [AGENT, AGGREGATOR])
def test_what_it_takes_is_what_it_asks_for(
    cluster: Cluster, metrics_push: MetricsPush, component: str, measured: Callable[[str], None]
) -> None:
    pod = metrics_push.pod(component)
    requests = pod["spec"]["containers"][0]["resources"]["requests"]
    asked = {name: quantities.amount(text) for name, text in requests.items()}
    directory = accounts.directory(cluster, pod, component)
    (process,) = accounts.processes(directory)
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    resident = int(status["VmRSS"].split()[0]) * 1024
    peak = int(status["VmHWM"].split()[0]) * 1024
    working_set = accounts.working_set(accounts.directory(cluster, pod, component, "memory"))
    before = accounts.cpu_seconds(directory)
    time.sleep(SPAN)
    cpu = (accounts.cpu_seconds(directory) - before) / SPAN
    minutes = (time.time() - quantities.unix(pod["status"]["startTime"])) / 60
    measured(
        f"{component}: resident {resident / 2**20:.1f} MiB (most: {peak / 2**20:.1f}), "
        f"working set {working_set / 2**20:.1f} MiB, {1000 * cpu:.2f} millicores, after {minutes:.1f} min"
    )
    assert working_set <= asked["memory"]
    assert cpu <= asked["cpu"]
