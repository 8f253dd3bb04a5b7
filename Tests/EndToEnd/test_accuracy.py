# SPDX-License-Identifier: Apache-2.0
"""That what is served is what the kernel has counted, for each container that runs and for no other."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import accounts, objects, quantities
from harness.accounts import (
    CUT_OFF,
    GAP,
    SHORTEST_WINDOW,
    History,
    assert_as_counted,
    assert_no_more_than_counted,
)
from harness.cluster import POD_END_DEADLINE, Cluster
from harness.metrics_push import Figures, MetricsPush
from harness.waiting import wait_until

CPU_PERCENT, MEMORY_MIB = 25, 64
SOON = 15
POLLED_SECONDS = 35
# Of a rate: it begins with the newest sample that is 15 s older, and of those only one in four seconds is kept, or with the
# container when that is younger.
LONGEST_WINDOW = 25
# Of a container that ends after two seconds, with its start.
LONGEST_LIFE = 4
FIRST_DEADLINE = 20
# Kubernetes starts what was made, and the figures come.
START_DEADLINE = 60 + FIRST_DEADLINE
# Until an aggregator that is held up has heard of a pod's end from the API server.
NEWS_DEADLINE = 3
# A sweep reads the containers one after the other.
READ_TIME = 0.2


def first_figures(metrics_push: MetricsPush, namespace: str, pod: str) -> Figures:
    return wait_until(lambda: metrics_push.of(namespace, pod), FIRST_DEADLINE, f"the first figures of {pod}")


def directory(cluster: Cluster, namespace: str, pod: str, container: str) -> Path | None:
    """None as long as the cluster knows of no such container."""
    found = accounts.directory(cluster, cluster.pod(namespace, pod), container)
    return found if found.exists() else None


def linked(cluster: Cluster, pod: dict, container: str) -> float:
    """When the kubelet made the link to its log, by which it has its name."""
    metadata, identifier = pod["metadata"], accounts.container_id(pod, container)
    name = f"{metadata['name']}_{metadata['namespace']}_{container}-{identifier}.log"
    return cluster.node_path(f"/var/log/containers/{name}").lstat().st_mtime


def ready(cluster: Cluster, namespace: str, pod: str, container: str) -> float:
    """When a load held all its memory, by its log."""
    logs = ("logs", "--timestamps", f"--namespace={namespace}", pod, f"--container={container}")
    said = wait_until(
        lambda: re.search("^(\\S+) ready$", cluster.kubectl(*logs), re.MULTILINE), 60, f"the memory of {container}"
    )
    return quantities.unix(said[1])


def test_a_known_load_reads_right_soon_after_its_start(
    cluster: Cluster, metrics_push: MetricsPush, namespace: str, measured: Callable[[str], None]
) -> None:
    cluster.apply(objects.pod(namespace, "known", objects.load("main", CPU_PERCENT, MEMORY_MIB)))
    with History(main=wait_until(lambda: directory(cluster, namespace, "known", "main"), 60, "its start")) as history:
        first = first_figures(metrics_push, namespace, "known")
        found = time.time()
        pod = cluster.wait_pod(namespace, "known")
        age = found - accounts.started(pod, "main")
        measured(f"first metrics of a new pod: {age:.1f} s after its start, over {first.window:.1f} s")
        assert age <= SOON
        seen = [first]
        while time.time() - accounts.started(pod, "main") <= SOON + 15:
            figures = metrics_push.of(namespace, "known")
            assert figures
            if figures != seen[-1]:
                seen.append(figures)
            time.sleep(0.5)
        time.sleep(CUT_OFF)
    had_memory = ready(cluster, namespace, "known", "main")
    assert len(seen) >= 4
    for figures in seen:
        assert_as_counted(figures, "main", history)
        memory = figures.usage["main"].memory / 2**20
        assert memory <= MEMORY_MIB + 5 and (memory >= MEMORY_MIB or figures.timestamp < had_memory), figures
    # The kernel's word is a check of the load as well.
    assert seen[-1].usage["main"].cpu <= CPU_PERCENT / 100 * 1.1


def test_exactly_the_containers_that_run_are_listed(
    cluster: Cluster, metrics_push: MetricsPush, namespace: str
) -> None:
    prepare = objects.load("prepare", memory=4)
    prepare["args"] += ["--exit-after", "3", "--exit-status", "0"]
    leaves = objects.load("leaves", memory=4)
    leaves["args"] += ["--exit-after", "8", "--exit-status", "0"]
    expected = {"initialised": {"main"}, "paired": {"first", "second"}, "half": {"stays"}}
    cluster.apply(
        objects.pod(namespace, "initialised", objects.load("main", 5, 8), initContainers=[prepare]),
        objects.pod(namespace, "paired", objects.load("first", 5, 8), objects.load("second", 10, 16)),
        # A container that has ended for good leaves its sibling.
        objects.pod(namespace, "half", objects.load("stays", 5, 8), leaves, restartPolicy="OnFailure"),
    )
    pod = cluster.wait_pod(namespace, "paired")
    # Containers start one after the other, each gets its log's link then, and a sample may come in between. From the
    # moment that both are a second old, of which the status has whole ones, figures are of both.
    both_old = max(max(accounts.started(pod, name), linked(cluster, pod, name)) for name in expected["paired"]) + 2

    def old_enough() -> Figures | None:
        figures = metrics_push.of(namespace, "paired")
        return figures if figures and figures.timestamp >= both_old else None

    paired = wait_until(old_enough, FIRST_DEADLINE, "figures of two containers that are a second old")
    assert set(paired.usage) == expected["paired"]
    both = wait_until(lambda: metrics_push.of(namespace, "half"), FIRST_DEADLINE, "the first figures of half")
    assert set(both.usage) <= {"stays", "leaves"}
    for name, containers in expected.items():
        wait_until(
            lambda n=name, c=containers: set(first_figures(metrics_push, namespace, n).usage) == c,
            FIRST_DEADLINE,
            f"the figures of exactly {containers} in {name}",
        )


@dataclass
class Polled:
    # What the kernel has counted for both pods, whose cgroups outlive the containers, and for the healthy container.
    history: History
    # When the healthy one had all its memory.
    had_memory: float
    healthy: list[Figures]
    crashing: list[Figures]


@pytest.fixture(scope="module")
def polled(cluster: Cluster, metrics_push: MetricsPush) -> Iterator[Polled]:
    """What is served, over some restarts, of a pod whose sidecar crashes, and of one whose only container does."""
    with cluster.namespace("restarts") as namespace:
        cluster.apply(
            objects.pod(
                namespace, "torn", objects.load("healthy", 5, 24), objects.load("crashes", 10, 8, exit_after=2)
            ),
            objects.pod(namespace, "again", objects.load("main", 30, 16, exit_after=12)),
        )
        for name, container in (("torn", "healthy"), ("again", "main")):
            wait_until(lambda n=name, c=container: directory(cluster, namespace, n, c), 60, f"the start of {name}")
        main = accounts.directory(cluster, cluster.pod(namespace, "again"), "main")
        healthy = accounts.directory(cluster, cluster.pod(namespace, "torn"), "healthy")
        with History(again=main.parent, torn=healthy.parent, healthy=healthy) as history:
            had_memory = ready(cluster, namespace, "torn", "healthy")
            for name in ("torn", "again"):
                first_figures(metrics_push, namespace, name)
            found = Polled(history, had_memory, [], [])
            end = time.monotonic() + POLLED_SECONDS
            while time.monotonic() < end:
                torn, again = metrics_push.of(namespace, "torn"), metrics_push.of(namespace, "again")
                assert torn, "a pod with a container that runs has no figures"
                found.healthy.append(torn)
                if again:
                    found.crashing.append(again)
                time.sleep(0.25)
            time.sleep(CUT_OFF)
        for name, container in (("torn", "crashes"), ("again", "main")):
            statuses = cluster.pod(namespace, name)["status"]["containerStatuses"]
            assert {s["name"]: s["restartCount"] for s in statuses}[container] >= 1
        yield found


def test_a_crashing_sidecar_never_hides_its_sibling(polled: Polled) -> None:
    assert len(polled.healthy) > POLLED_SECONDS / 2
    for figures in polled.healthy:
        assert "healthy" in figures.usage and set(figures.usage) <= {"healthy", "crashes"}
        memory = figures.usage["healthy"].memory / 2**20
        assert memory <= 29 and (memory >= 24 or figures.timestamp < polled.had_memory), figures
        if "crashes" in figures.usage:
            # The pod's window may be either's.
            for name, most in (("healthy", most_of_healthy), ("crashes", most_of_crashing)):
                assert figures.usage[name].cpu <= most(figures, polled.history) * 1.15 + 0.002, figures
        else:
            assert_as_counted(figures, "healthy", polled.history)


def most_of_healthy(figures: Figures, history: History) -> float:
    """What the kernel counted for it, over any window."""
    return highest_rate(figures, LONGEST_WINDOW, lambda begin, end: history.bounds("healthy", begin, end)[1])


def most_of_crashing(figures: Figures, history: History) -> float:
    """What the kernel counted for the pod but not for the healthy container, over any window within the life of one
    that ends after two seconds."""
    if figures.timestamp - LONGEST_LIFE < history.began("torn"):
        return float("inf")

    def counted(begin: float, end: float) -> float:
        _, pod = history.bounds("torn", begin, end)
        sibling, _ = history.bounds("healthy", begin, end)
        return pod - sibling

    return highest_rate(figures, LONGEST_LIFE, counted)


def highest_rate(figures: Figures, longest: int, counted: Callable[[float, float], float]) -> float:
    """Over any window up to so many seconds that ends at the served time. `counted`: CPU seconds between two times."""
    ends = [figures.timestamp + tenth / 10 for tenth in range(round(10 * (CUT_OFF + READ_TIME)) + 1)]
    windows = [tenth / 10 for tenth in range(round(10 * SHORTEST_WINDOW), 10 * longest + 1)]
    return max(counted(end - window, end) / window for end in ends for window in windows)


def test_a_restarted_container_never_has_a_wrong_rate(polled: Polled) -> None:
    """Its counter begins again at zero, in another cgroup: not below zero, and not the whole of it in one step."""
    for figures in polled.crashing:
        assert figures.usage["main"].cpu > 0
        # Also before the kernel's counter was followed, where there is no better measure.
        assert_no_more_than_counted(figures, "main", polled.history.most_until("again", figures.timestamp + CUT_OFF + GAP))
    # Nothing else of the pod uses any within a window, which begins with the container.
    began = polled.history.began("again")
    judged = [figures for figures in polled.crashing if figures.timestamp - figures.window >= began]
    assert len(judged) >= 10
    for figures in judged:
        assert_as_counted(figures, "main", polled.history, counter="again")


def test_a_pod_made_anew_keeps_nothing_of_its_predecessor(
    cluster: Cluster, metrics_push: MetricsPush, namespace: str, measured: Callable[[str], None]
) -> None:
    def make(cpu: int, memory: int) -> None:
        load = objects.load("main", cpu, memory)
        cluster.apply(objects.workload("StatefulSet", namespace, "state", 1, load, serviceName="state"))

    make(40, 64)
    wait_until(lambda: cluster.pod(namespace, "state-0"), 60, "the pod")
    before = cluster.wait_pod(namespace, "state-0")
    wait_until(lambda: first_figures(metrics_push, namespace, "state-0").usage["main"].cpu > 0.15, 30, "its use")
    # Another load under the same name.
    make(1, 8)
    gone = None
    end = time.monotonic() + POD_END_DEADLINE
    while time.monotonic() < end:
        asked = time.monotonic()
        figures = metrics_push.of(namespace, "state-0")
        answer = cluster.api.get(f"/api/v1/namespaces/{namespace}/pods/state-0")
        found = answer.json() if answer.status == 200 else before
        if gone is None and found["metadata"]["uid"] != before["metadata"]["uid"]:
            successor = found["metadata"]["uid"]
            # The figures were asked for first: these may still be the one's before.
            gone = time.monotonic()
            end = gone + START_DEADLINE
        elif gone and figures and figures.uid == before["metadata"]["uid"]:
            assert asked - gone < NEWS_DEADLINE, "the predecessor is still there"
        elif gone and figures:
            assert figures.uid == successor
            assert figures.usage["main"].memory < 16 * 2**20, "the predecessor's memory"
            main = wait_until(lambda: directory(cluster, namespace, "state-0", "main"), START_DEADLINE, "its start")
            assert_no_more_than_counted(figures, "main", accounts.cpu_seconds(main))
            measured(f"first metrics of a successor: {time.monotonic() - gone:.1f} s after it was made")
            break
        time.sleep(0.1)
    else:
        pytest.fail("no figures of the successor")
