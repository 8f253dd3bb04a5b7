# SPDX-License-Identifier: Apache-2.0
"""That figures can be watched through the API server: by an unmodified kubectl, and by a client that keeps a copy."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from harness import accounts, objects, quantities
from harness.accounts import History
from harness.cluster import Cluster
from harness.metrics_push import VERSIONS, MetricsPush
from harness.waiting import wait_until

# Agents push every 5 s here.
INTERVAL = 5
WATCHED_SECONDS = 4 * INTERVAL
FIGURES_DEADLINE = 60
# A pod that was deleted ends within a second or two; then the API server says so.
GONE_DEADLINE = 30


@pytest.fixture
def pod(cluster: Cluster, metrics_push: MetricsPush, namespace: str) -> str:
    """One that has figures."""
    make(cluster, metrics_push, namespace, "busy")
    return "busy"


def make(cluster: Cluster, metrics_push: MetricsPush, namespace: str, name: str) -> None:
    cluster.apply(objects.pod(namespace, name, objects.load("main", 20, 16)))
    wait_until(lambda: metrics_push.of(namespace, name), FIGURES_DEADLINE, f"figures of {name}")


def delete(cluster: Cluster, namespace: str, name: str) -> None:
    cluster.kubectl("delete", "pod", f"--namespace={namespace}", name, "--wait=false")


@dataclass
class Copy:
    """What a client that lists and watches knows."""

    cluster: Cluster
    path: str
    version: str = ""
    known: dict[str, dict] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    lists: int = 0

    def list(self) -> None:
        found = self.cluster.api.json(f"{self.path}?limit=500")
        self.version = found["metadata"]["resourceVersion"]
        self.known = {item["metadata"]["name"]: item for item in found["items"]}
        self.lists += 1

    def watch(self, seconds: int) -> None:
        """Goes on from where it is, or lists again when that is not known any more."""
        for kind, item in watch(self.cluster, self.path, seconds, f"&resourceVersion={self.version}"):
            self.events.append(kind)
            if kind == "ERROR":
                assert item["code"] == 410, item
                self.list()
                return
            self.version = item["metadata"]["resourceVersion"]
            if kind == "DELETED":
                self.known.pop(item["metadata"]["name"], None)
            elif kind != "BOOKMARK":
                self.known[item["metadata"]["name"]] = item


def watch(cluster: Cluster, path: str, seconds: int, more: str = "") -> Iterator[tuple[str, dict]]:
    """What an orderly watch of so many seconds tells."""
    options = f"watch=1&timeoutSeconds={seconds}&allowWatchBookmarks=true{more}"
    for event in cluster.api.watch(f"{path}?{options}", deadline=seconds + 10):
        yield event["type"], event["object"]


def test_kubectl_prints_each_new_sample(
    cluster: Cluster, namespace: str, pod: str, measured: Callable[[str], None]
) -> None:
    with History(main=accounts.directory(cluster, cluster.wait_pod(namespace, pod), "main")) as history:
        # The last window begins before the watch.
        time.sleep(INTERVAL)
        done = cluster.try_kubectl(
            "get", "podmetrics", f"--namespace={namespace}", "--watch", f"--request-timeout={WATCHED_SECONDS}s"
        )
        end = time.time()
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["NAME", "CPU", "MEMORY", "WINDOW"], done
    rows = lines[1:]
    assert {row[0] for row in rows} == {pod}, done.stdout
    # The list, and then each sample once; there are more of them when something else is started meanwhile.
    assert WATCHED_SECONDS // INTERVAL <= len(rows) <= WATCHED_SECONDS // INTERVAL + 4, done.stdout
    # The last one is from some time within the last interval, and printed in whole millicores.
    cpu, window = quantities.amount(rows[-1][1]), quantities.seconds(rows[-1][3])
    ends = [end - tenth / 10 for tenth in range(10 * (INTERVAL + 2))]
    counted = [history.bounds("main", when - window, when) for when in ends]
    least, most = min(low for low, _ in counted) / window, max(high for _, high in counted) / window
    assert least * 0.9 - 0.002 <= cpu <= most * 1.1 + 0.002, (done.stdout, least, most)
    measured(f"kubectl get podmetrics --watch: {len(rows)} lines in {WATCHED_SECONDS} s")


def test_kubectl_watches_one_object_and_tells_what_happened(cluster: Cluster, metrics_push: MetricsPush) -> None:
    done = cluster.try_kubectl(
        "get", "nodemetrics", "node-1", "--watch", "--output-watch-events", f"--request-timeout={3 * INTERVAL + 2}s"
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["EVENT", "NAME", "CPU", "MEMORY", "WINDOW"], done
    assert {line[1] for line in lines[1:]} == {"node-1"}, done.stdout
    told = [line[0] for line in lines[1:]]
    assert told[0] == "ADDED" and told.count("MODIFIED") >= 2, done.stdout


@pytest.mark.parametrize("version", VERSIONS)
def test_a_raw_watch_tells_of_samples_and_of_what_comes_and_goes(
    cluster: Cluster, metrics_push: MetricsPush, namespace: str, pod: str, version: str
) -> None:
    path = f"/apis/metrics.k8s.io/{version}/namespaces/{namespace}/pods"
    seconds = 4 * INTERVAL + FIGURES_DEADLINE
    with ThreadPoolExecutor(1) as threads:
        watching = threads.submit(
            cluster.kubectl,
            *("get", "--raw", f"{path}?watch=1&timeoutSeconds={seconds}&allowWatchBookmarks=true"),
            deadline=seconds + 30,
        )
        time.sleep(3 * INTERVAL + 1)
        delete(cluster, namespace, pod)
        make(cluster, metrics_push, namespace, "late")
        events = [json.loads(line) for line in watching.result().splitlines()]
    told = {name: [] for name in (pod, "late", None)}
    for event in events:
        told[event["object"]["metadata"].get("name")].append(event)
    busy = [event["type"] for event in told[pod]]
    assert busy[0] == "ADDED" and busy[-1] == "DELETED", busy
    assert len(busy) >= 4 and set(busy[1:-1]) == {"MODIFIED"}, busy
    assert told["late"][0]["type"] == "ADDED"
    # Each sample once.
    samples = [event["object"] for event in told[pod][:-1]]
    versions = [int(item["metadata"]["resourceVersion"]) for item in samples]
    assert sorted(set(versions)) == versions
    times = [item["timestamp"] for item in samples]
    assert sorted(times) == times and len(set(times)) >= 3
    assert all(item["containers"][0]["name"] == "main" for item in samples)
    # The end is an orderly one.
    assert events[-1]["type"] == "BOOKMARK" and events[-1]["object"]["kind"] == "PodMetrics"


def test_a_client_that_lists_and_watches_has_a_true_copy(
    cluster: Cluster, metrics_push: MetricsPush, namespace: str, pod: str, measured: Callable[[str], None]
) -> None:
    copy = Copy(cluster, f"/apis/metrics.k8s.io/v1/namespaces/{namespace}/pods")
    copy.list()
    assert set(copy.known) == {pod}
    first = copy.known[pod]["timestamp"]
    copy.watch(2 * INTERVAL + 2)
    assert copy.known[pod]["timestamp"] > first
    # While nobody watches.
    make(cluster, metrics_push, namespace, "late")
    delete(cluster, namespace, pod)
    wait_until(lambda: metrics_push.of(namespace, pod) is None, GONE_DEADLINE, "the end of its figures")
    copy.watch(INTERVAL)
    assert set(copy.known) == {"late"}, copy.events
    # One list was enough.
    assert copy.lists == 1, copy.events
    copy.version = "12345"
    copy.watch(INTERVAL)
    assert copy.lists == 2 and copy.events[-1] == "ERROR"
    assert set(copy.known) == {"late"}
    measured(f"list and watch: {len(copy.events)} events, {copy.lists} lists, one of them after a 410 that was asked for")


def test_selectors_narrow_a_watch_down(cluster: Cluster, metrics_push: MetricsPush, namespace: str, pod: str) -> None:
    make(cluster, metrics_push, namespace, "other")
    path = f"/apis/metrics.k8s.io/v1/namespaces/{namespace}/pods"

    def seen(more: str) -> set[str]:
        events = watch(cluster, path, 2, more)
        return {item["metadata"]["name"] for kind, item in events if kind != "BOOKMARK"}

    assert seen("") == {pod, "other"}
    assert seen("&labelSelector=app%3Dother") == {"other"}
    assert seen(f"&fieldSelector=metadata.name%3D{pod}") == {pod}
    # An object that no longer matches has left.
    with closing(watch(cluster, path, 15, "&labelSelector=app%3Dother")) as events:
        told = [next(events)[0]]
        cluster.kubectl("label", "pod", f"--namespace={namespace}", "other", "--overwrite", "app=changed")
        told += [kind for kind, _ in events if kind != "BOOKMARK"]
    assert told[0] == "ADDED" and told[-1] == "DELETED" and set(told[1:-1]) <= {"MODIFIED"}, told


def test_discovery_names_the_verb(cluster: Cluster, metrics_push: MetricsPush) -> None:
    for version in VERSIONS:
        resources = cluster.api.json(f"/apis/metrics.k8s.io/{version}")["resources"]
        assert {r["name"]: r["verbs"] for r in resources} == dict.fromkeys(("nodes", "pods"), ["get", "list", "watch"])
    assert "watch" in cluster.kubectl("api-resources", "--api-group=metrics.k8s.io", "--output=wide")
