# SPDX-License-Identifier: Apache-2.0
"""That the kubelet's own /metrics/resource says the same, from which metrics-server takes its figures.

Its counters are some seconds old when they are read, each with its own time; ours come as rates over a window. Both are
compared over the very same spans: the kubelet's counter is carried from its time to the span's ends by what the kernel
counted in between.
"""

import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from harness import accounts, objects
from harness.accounts import History
from harness.cluster import Cluster
from harness.layout import NODE_NAME
from harness.metrics_push import Figures, MetricsPush

# A container uses all that it can get while it starts. Served times are cut to whole seconds, and half a second more or
# less of that would count in each rate whose window begins there; none does that is served after so many seconds.
START_SECONDS = 25
# The kubelet reads each 10 to 20 s; it is gone on with until there are enough spans between its readings.
WATCHED_SECONDS, LONGEST_SECONDS = 45, 120
LEAST_SPANS = 8
TOLERANCE = 0.05
# Working sets are compared when they were taken this close together, in seconds: ours come every 5 s.
CLOSE = 3.0
LINE = re.compile(r"^(\w+?)(?:\{(.*)\})? (\S+) (\d+)$", re.MULTILINE)


@dataclass
class Seen:
    """Points in time, in seconds, and what was told for them."""

    kubelet_cpu: list[tuple[float, float]] = field(default_factory=list)
    kubelet_memory: list[tuple[float, float]] = field(default_factory=list)
    served: list[Figures] = field(default_factory=list)


@dataclass
class Watched:
    history: History
    node: Seen
    container: Seen


def read_kubelet(cluster: Cluster, namespace: str, watched: Watched) -> None:
    text = cluster.api.get(f"/api/v1/nodes/{NODE_NAME}/proxy/metrics/resource").body.decode()
    for name, labels, value, milliseconds in LINE.findall(text):
        if name.startswith("node_"):
            seen = watched.node
        elif name.startswith("container_") and f'namespace="{namespace}"' in labels:
            seen = watched.container
        else:
            continue
        point = (int(milliseconds) / 1000, float(value))
        if name.endswith("_cpu_usage_seconds_total") and point not in seen.kubelet_cpu:
            seen.kubelet_cpu.append(point)
        if name.endswith("_memory_working_set_bytes") and point not in seen.kubelet_memory:
            seen.kubelet_memory.append(point)


@pytest.fixture(scope="module")
def watched(cluster: Cluster, metrics_push: MetricsPush) -> Iterator[Watched]:
    """Both sides' figures of the node and of a load, for a while."""
    with cluster.namespace("parity") as namespace:
        cluster.apply(objects.pod(namespace, "busy", objects.load("main", 30, 96)))
        pod = cluster.wait_pod(namespace, "busy")
        directories = {
            "node": accounts.hierarchy("cpuacct"),
            "container": accounts.directory(cluster, pod, "main"),
        }
        with History(**directories) as history:
            time.sleep(START_SECONDS)
            found = Watched(history, Seen(), Seen())
            began = time.monotonic()
            while (passed := time.monotonic() - began) < LONGEST_SECONDS:
                if passed >= WATCHED_SECONDS and has_enough(found):
                    break
                read_kubelet(cluster, namespace, found)
                for seen, figures in (
                    (found.node, metrics_push.node()),
                    (found.container, metrics_push.of(namespace, "busy")),
                ):
                    if figures and figures not in seen.served:
                        seen.served.append(figures)
                time.sleep(0.5)
        yield found


def ratios(seen: Seen, name: str, part: str, history: History) -> list[float]:
    """Our rates over the kubelet's, for each span that lies between its first and last reading."""
    points = seen.kubelet_cpu

    def carried(when: float) -> float:
        taken, value = min(points, key=lambda point: abs(point[0] - when))
        return value + history.used(name, taken, when)

    found = []
    for figures in seen.served:
        # The served time was cut to whole seconds.
        end = figures.timestamp + 0.5
        begin = end - figures.window
        if begin >= points[0][0] - 1 and end <= points[-1][0] + 1:
            found.append(figures.usage[part].cpu / ((carried(end) - carried(begin)) / figures.window))
    return found


def has_enough(watched: Watched) -> bool:
    sides = ((watched.node, "node", ""), (watched.container, "container", "main"))
    return all(
        seen.kubelet_cpu and len(ratios(seen, name, part, watched.history)) >= LEAST_SPANS for seen, name, part in sides
    )


def memory_ratios(seen: Seen, part: str) -> list[float]:
    return [
        figures.usage[part].memory / value
        for figures in seen.served
        for taken, value in seen.kubelet_memory
        if abs(taken - figures.timestamp - 0.5) <= CLOSE
    ]


@pytest.mark.parametrize(("which", "part"), [("node", ""), ("container", "main")])
def test_cpu_is_the_kubelets(watched: Watched, which: str, part: str, measured) -> None:
    seen: Seen = getattr(watched, which)
    found = ratios(seen, which, part, watched.history)
    assert len(found) >= LEAST_SPANS, seen
    mean = statistics.mean(found)
    measured(f"{which}: our CPU is {100 * mean:.1f} % of the kubelet's, over {len(found)} spans")
    assert mean == pytest.approx(1, abs=TOLERANCE), found


@pytest.mark.parametrize(("which", "part"), [("node", ""), ("container", "main")])
def test_working_sets_are_the_kubelets(watched: Watched, which: str, part: str, measured) -> None:
    found = memory_ratios(getattr(watched, which), part)
    assert found
    middle = statistics.median(found)
    measured(f"{which}: our working set is {100 * middle:.1f} % of the kubelet's, of {len(found)} pairs")
    assert middle == pytest.approx(1, abs=TOLERANCE), found
