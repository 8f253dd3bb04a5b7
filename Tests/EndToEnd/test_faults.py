# SPDX-License-Identifier: Apache-2.0
"""That what breaks is back soon, and that nothing wrong is served meanwhile."""

import base64
import time
from collections.abc import Callable, Iterator

import pytest

from harness import accounts, objects
from harness.accounts import CUT_OFF, History, assert_as_counted
from harness.cluster import POD_END_DEADLINE, Cluster
from harness.errors import HarnessError
from harness.metrics_push import AGENT, AGGREGATOR, NAMESPACE, VERSIONS, Figures, MetricsPush
from harness.poller import Poller
from harness.waiting import wait_until

CPU_PERCENT, MEMORY_MIB = 20, 32
WATCH_SECONDS = 30
RECOVERY_DEADLINE = 60
# No figure is served that is older.
OLDEST = 30
# A new session's second sample comes a second after the first; without one of before there is no rate until then.
SECOND_SAMPLE = 5
# Until the load is calm, and rates are over their whole window.
CALM_SECONDS = 20
# The CA is looked at every 20 s, give or take 4.
ROTATION_DEADLINE = 30

# What `kubectl top` says of each pod, in millicores and MiB, and the figures of the one.
Top = tuple[dict[str, tuple[int, int]], Figures]


@pytest.fixture(scope="module")
def replicas(cluster: Cluster, metrics_push: MetricsPush) -> Iterator[MetricsPush]:
    """Two of them; afterwards one, as before."""
    metrics_push.apply("ha")
    metrics_push.wait_rolled_out()
    yield metrics_push
    metrics_push.apply()
    metrics_push.wait_rolled_out()
    metrics_push.wait_available()


@pytest.fixture(scope="module")
def load(cluster: Cluster, replicas: MetricsPush) -> Iterator[tuple[str, History]]:
    """The namespace of a pod, and what the kernel has counted for it."""
    with cluster.namespace("faults") as namespace:
        cluster.apply(objects.pod(namespace, "known", objects.load("main", CPU_PERCENT, MEMORY_MIB)))
        pod = cluster.wait_pod(namespace, "known")
        with History(main=accounts.directory(cluster, pod, "main")) as history:
            wait_until(lambda: replicas.of(namespace, "known"), 20, "its figures")
            time.sleep(CALM_SECONDS)
            yield namespace, history


@pytest.fixture
def polled(cluster: Cluster, replicas: MetricsPush, load: tuple[str, History]) -> Iterator[Poller[Top]]:
    """`kubectl top pod` of the load, and its figures, again and again. Whatever is served must be right."""
    namespace, history = load

    def top() -> Top:
        said = cluster.kubectl("top", "pod", f"--namespace={namespace}", "--no-headers", "--request-timeout=5s")
        figures = replicas.of(namespace, "known")
        if not figures:
            raise HarnessError("the load has no figures")
        rows = [line.split() for line in said.splitlines()]
        told = {name: (int(cpu.removesuffix("m")), int(memory.removesuffix("Mi"))) for name, cpu, memory in rows}
        return told, figures

    with Poller(top) as poller:
        yield poller
    time.sleep(CUT_OFF)
    for told, figures in poller.values:
        assert set(told) == {"known"} and set(figures.usage) == {"main"}, (told, figures)
        # It may be another sample's, of which the window is not told.
        cpu, memory = told["known"]
        assert 0 < cpu <= 15 * CPU_PERCENT, told
        assert MEMORY_MIB <= memory <= MEMORY_MIB + 5, told
        assert_as_counted(figures, "main", history, 0.15)
        assert MEMORY_MIB <= figures.usage["main"].memory / 2**20 <= MEMORY_MIB + 5, figures


def recovered(poller: Poller[Top], since: float) -> float:
    """Seconds until all answers were good again; 0 when none was bad."""
    bad = [answer.asked for answer in poller.failures if answer.asked >= since]
    good = [answer.asked for answer in poller.answers if not answer.error and (not bad or answer.asked > bad[-1])]
    return good[0] - since if bad else 0.0


def answers_again(poller: Poller[Top], since: float) -> bool:
    """Ten good answers in a row, of after."""
    last = [answer for answer in poller.answers if answer.asked >= since][-10:]
    return len(last) == 10 and not any(answer.error for answer in last)


def test_deleting_a_replica_is_noticed_by_nobody(
    replicas: MetricsPush, polled: Poller[Top], measured: Callable[[str], None]
) -> None:
    assert len(replicas.pods(AGGREGATOR)) == 2
    began = time.monotonic()
    replicas.delete_pods(AGGREGATOR, 1)
    time.sleep(WATCH_SECONDS)
    replicas.wait_rolled_out()
    measured(
        f"one of two aggregators deleted: {len(polled.answers)} times kubectl top in {time.monotonic() - began:.0f} s, "
        f"{len(polled.failures)} failed"
    )
    assert polled.failures == []
    assert len(polled.answers) >= 20


def test_a_rolling_restart_is_noticed_by_nobody(
    cluster: Cluster, replicas: MetricsPush, polled: Poller[Top], measured: Callable[[str], None]
) -> None:
    began = time.monotonic()
    cluster.kubectl("rollout", "restart", f"--namespace={NAMESPACE}", "deployment/metrics-push")
    replicas.wait_rolled_out()
    time.sleep(5)
    measured(
        f"rolling restart: {len(polled.answers)} times kubectl top in {time.monotonic() - began:.0f} s, "
        f"{len(polled.failures)} failed"
    )
    assert polled.failures == []


def test_a_deleted_agent_is_missed_by_nobody(
    replicas: MetricsPush, polled: Poller[Top], measured: Callable[[str], None]
) -> None:
    """Its last figures are served until its successor's come, or until they are too old."""
    accepted = replicas.counter("metrics_push_sessions_accepted_total")
    began = time.monotonic()
    replicas.delete_pods(AGENT)
    wait_until(lambda: not replicas.pods(AGENT, ending=True), POD_END_DEADLINE, "the end of the agent before")
    wait_until(
        lambda: replicas.counter("metrics_push_sessions_accepted_total") >= accepted + 2,
        RECOVERY_DEADLINE,
        "the next agent's sessions",
    )
    there = time.monotonic()
    measured(f"agent deleted: the next one pushes to both aggregators after {there - began:.1f} s")
    time.sleep(10)
    # The next agent is made when the kubelet has told of this one's end, and that may be later than anything of it is
    # served. Its last sample is of after it was deleted.
    too_late = [
        answer
        for answer in polled.failures
        if there > began + OLDEST and answer.answered >= began + OLDEST and answer.asked <= there + SECOND_SAMPLE
    ]
    assert polled.failures == too_late
    assert len([answer for answer in polled.answers if answer.asked < began + OLDEST]) >= 10


def test_a_restarted_api_server_is_served_at_once(
    cluster: Cluster, replicas: MetricsPush, polled: Poller[Top], measured: Callable[[str], None]
) -> None:
    cluster.stop("kube-apiserver")
    began = time.monotonic()
    cluster.start("kube-apiserver")
    wait_until(lambda: cluster.api.get("/readyz").status == 200, RECOVERY_DEADLINE, "the API server")
    ready = time.monotonic()
    wait_until(lambda: answers_again(polled, ready), RECOVERY_DEADLINE, "kubectl top")
    measured(
        f"API server restarted: it was ready after {ready - began:.1f} s, "
        f"and kubectl top worked {max(0.0, recovered(polled, began) - (ready - began)):.1f} s later"
    )
    # What happens from now on is seen as well.
    for pod in replicas.pods(AGGREGATOR):
        assert cluster.pod(NAMESPACE, pod["metadata"]["name"])["status"]["containerStatuses"][0]["restartCount"] == 0


def test_an_emptied_secret_makes_a_new_ca_that_nobody_notices(
    cluster: Cluster, replicas: MetricsPush, polled: Poller[Top], measured: Callable[[str], None]
) -> None:
    before = replicas.authority()
    began = time.monotonic()
    cluster.kubectl(
        "patch", "secret", f"--namespace={NAMESPACE}", "metrics-push-ca", "--type=merge", '--patch={"data": null}'
    )
    bundle = wait_until(
        lambda: text if (text := replicas.authority()) != before else None, ROTATION_DEADLINE, "the new CA"
    )
    measured(f"CA deleted: a new one is published after {time.monotonic() - began:.1f} s")
    # What the replicas serve is still verified, while everybody learns the new one.
    signing, end, _ = before.partition("-----END CERTIFICATE-----")
    assert signing + end in bundle
    wait_until(
        lambda: {base64.b64decode(replicas.api_service(version)["spec"]["caBundle"]).decode() for version in VERSIONS}
        == {replicas.authority()},
        ROTATION_DEADLINE,
        "the new CA in both APIServices",
    )
    replicas.wait_logged(AGGREGATOR, "wrote the Secret of the CA", deadline=ROTATION_DEADLINE)
    time.sleep(15)
    for version in VERSIONS:
        assert replicas.is_available(version)
    assert polled.failures == []


def test_a_secret_that_was_deleted_comes_with_the_next_apply(
    cluster: Cluster, replicas: MetricsPush, polled: Poller[Top]
) -> None:
    """The aggregator may not make one: its role names the one that it may write."""
    cluster.kubectl("delete", "secret", f"--namespace={NAMESPACE}", "metrics-push-ca")
    about = ("certificates cannot be looked after", f"Secret {NAMESPACE}/metrics-push-ca does not exist")
    replicas.wait_logged(AGGREGATOR, *about, deadline=ROTATION_DEADLINE)
    before = replicas.authority()
    replicas.apply("ha")
    wait_until(lambda: replicas.authority() != before, ROTATION_DEADLINE, "the new CA")
    time.sleep(5)
    assert polled.failures == []
