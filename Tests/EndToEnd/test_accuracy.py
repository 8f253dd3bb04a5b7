# SPDX-License-Identifier: Apache-2.0
"""That what is served is what the kernel has counted, for each container that runs and for no other."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from harness import accounts, objects, quantities
from harness.accounts import History
from harness.cluster import POD_END_DEADLINE, Cluster
from harness.metrics_push import Figures, MetricsPush
from harness.waiting import wait_until

CPU_PERCENT, MEMORY_MIB = 25, 64
SOON = 15
POLLED_SECONDS = 35
FIRST_DEADLINE = 20
# What a served time lacks: it has whole seconds.
CUT_OFF = 1.0
# A sweep reads the containers one after the other.
READ_TIME = 0.2


def first_figures(metrics_push: MetricsPush, namespace: str, pod: str) -> Figures:
    return wait_until(lambda: metrics_push.of(namespace, pod), FIRST_DEADLINE, f"the first figures of {pod}")


def started(pod: dict, container: str) -> float:
    (status,) = [s for s in pod["status"]["containerStatuses"] if s["name"] == container]
    return quantities.unix(status["state"]["running"]["startedAt"])


def assert_as_counted(figures: Figures, container: str, history: History, tolerance: float = 0.1) -> None:
    """Against the kernel's counter over the same span: a busy machine gives a load less than it asks for."""
    steps = [CUT_OFF * tenth / 10 for tenth in range(11)]
    spans = [(figures.timestamp + step - figures.window, figures.timestamp + step) for step in steps]
    rates = [history.used(container, begin, end) / figures.window for begin, end in spans]
    slack = 0.002
    served = figures.usage[container].cpu
    assert min(rates) * (1 - tolerance) - slack <= served <= max(rates) * (1 + tolerance) + slack, (figures, rates)


def test_a_known_load_reads_right_soon_after_its_start(
    cluster: Cluster, metrics_push: MetricsPush, namespace: str, measured: Callable[[str], None]
) -> None:
    cluster.apply(objects.pod(namespace, "known", objects.load("main", CPU_PERCENT, MEMORY_MIB)))
    pod = cluster.wait_pod(namespace, "known")
    with History(main=accounts.directory(cluster, pod, "main")) as history:
        first = first_figures(metrics_push, namespace, "known")
        age = time.time() - started(pod, "main")
        measured(f"first metrics of a new pod: {age:.1f} s after its start, over {first.window:.1f} s")
        assert age <= SOON
        seen = [first]
        while time.time() - started(pod, "main") <= SOON + 15:
            figures = metrics_push.of(namespace, "known")
            assert figures
            if figures != seen[-1]:
                seen.append(figures)
            time.sleep(0.5)
        time.sleep(CUT_OFF)
    assert len(seen) >= 4
    for figures in seen:
        assert_as_counted(figures, "main", history)
        assert MEMORY_MIB <= figures.usage["main"].memory / 2**20 <= MEMORY_MIB + 5
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
    # Containers start one after the other, and a sample may come in between. From the moment that both are a second old, of which
    # the status has whole ones, figures are of both.
    both_old = max(started(pod, container) for container in expected["paired"]) + 2

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
        for name in ("torn", "again"):
            first_figures(metrics_push, namespace, name)
        found = Polled([], [])
        end = time.monotonic() + POLLED_SECONDS
        while time.monotonic() < end:
            torn, again = metrics_push.of(namespace, "torn"), metrics_push.of(namespace, "again")
            assert torn, "a pod with a container that runs has no figures"
            found.healthy.append(torn)
            if again:
                found.crashing.append(again)
            time.sleep(0.25)
        for name, container in (("torn", "crashes"), ("again", "main")):
            statuses = cluster.pod(namespace, name)["status"]["containerStatuses"]
            assert {s["name"]: s["restartCount"] for s in statuses}[container] >= 1
        yield found


def test_a_crashing_sidecar_never_hides_its_sibling(polled: Polled) -> None:
    assert len(polled.healthy) > POLLED_SECONDS
    for figures in polled.healthy:
        assert "healthy" in figures.usage and set(figures.usage) <= {"healthy", "crashes"}
        assert 24 <= figures.usage["healthy"].memory / 2**20 <= 29
        assert figures.usage["healthy"].cpu <= 0.1
        if "crashes" in figures.usage:
            assert figures.usage["crashes"].cpu <= 0.2


def test_a_restarted_container_never_has_a_wrong_rate(polled: Polled) -> None:
    """Its counter begins again at zero, in another cgroup: not below zero, and not the whole of it in one step."""
    rates = [figures.usage["main"].cpu for figures in polled.crashing]
    assert len(rates) > POLLED_SECONDS / 2
    assert max(rates) <= 0.3 * 1.15
    assert min(rates) >= 0.05


def test_a_pod_made_anew_keeps_nothing_of_its_predecessor(
    cluster: Cluster, metrics_push: MetricsPush, namespace: str, measured: Callable[[str], None]
) -> None:
    def make(cpu: int, memory: int) -> None:
        load = objects.load("main", cpu, memory)
        cluster.apply(objects.workload("StatefulSet", namespace, "state", 1, load, serviceName="state"))

    make(40, 64)
    wait_until(lambda: cluster.pod(namespace, "state-0"), 10, "the pod")
    before = cluster.wait_pod(namespace, "state-0")
    wait_until(lambda: first_figures(metrics_push, namespace, "state-0").usage["main"].cpu > 0.15, 30, "its use")
    # Another load under the same name.
    make(1, 8)
    gone = None
    end = time.monotonic() + POD_END_DEADLINE
    while time.monotonic() < end:
        figures = metrics_push.of(namespace, "state-0")
        answer = cluster.api.get(f"/api/v1/namespaces/{namespace}/pods/state-0")
        successor = answer.status == 200 and answer.json()["metadata"]["uid"] != before["metadata"]["uid"]
        if successor and gone is None:
            # The figures were asked for first: these may still be the one's before.
            gone = time.monotonic()
            end = gone + FIRST_DEADLINE
        elif gone and figures:
            assert figures.usage["main"].memory < 16 * 2**20, "the predecessor's memory"
            assert figures.usage["main"].cpu < 0.1, "the predecessor's rate"
            measured(f"first metrics of a successor: {time.monotonic() - gone:.1f} s after it was made")
            break
        time.sleep(0.1)
    else:
        pytest.fail("no figures of the successor")
