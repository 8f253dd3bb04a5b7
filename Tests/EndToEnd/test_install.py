# SPDX-License-Identifier: Apache-2.0
"""That `kubectl apply -k` is all it takes, and that everybody's tools then work."""

import base64
import json
from pathlib import Path

import pytest

from harness import accounts, objects, quantities
from harness.cluster import Cluster
from harness.layout import NODE_NAME
from harness.metrics_push import AGENT, AGGREGATOR, NAMESPACE, VERSIONS, MetricsPush
from harness.waiting import wait_until

FIRST_FIGURES_DEADLINE = 20
WALK_DEADLINE = 30


@pytest.fixture
def loads(cluster: Cluster, metrics_push: MetricsPush, namespace: str) -> str:
    """Two pods that differ in label, name and use."""
    cluster.apply(
        objects.pod(namespace, "big", objects.load("main", 20, 48), objects.load("side", 0, 8), labels={"size": "big"}),
        objects.pod(namespace, "small", objects.load("main", 2, 16), labels={"size": "small"}),
    )
    for name, containers in {"big": {"main", "side"}, "small": {"main"}}.items():
        cluster.wait_pod(namespace, name)

        # They start one after the other, and a sample may come in between.
        def are_served(pod: str = name, expected: set[str] = containers) -> bool:
            figures = metrics_push.of(namespace, pod)
            return figures is not None and set(figures.usage) == expected

        wait_until(are_served, FIRST_FIGURES_DEADLINE, f"the figures of {sorted(containers)} in {namespace}/{name}")
    return namespace


def rows(table: str) -> list[list[str]]:
    """Without the heading."""
    return [line.split() for line in table.splitlines()[1:]]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_api_server_verifies_what_it_passes_requests_to(metrics_push: MetricsPush, version: str) -> None:
    service = metrics_push.api_service(version)
    assert metrics_push.is_available(version)
    assert not service["spec"].get("insecureSkipTLSVerify")
    assert base64.b64decode(service["spec"]["caBundle"]).decode() == metrics_push.authority()
    assert metrics_push.authority().startswith("-----BEGIN CERTIFICATE-----")


def test_top_node(cluster: Cluster, metrics_push: MetricsPush) -> None:
    said = cluster.kubectl("top", "node")
    assert said.split()[:5] == ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"]
    ((name, cpu, share, memory, part),) = rows(said)
    assert name == NODE_NAME
    assert cpu.endswith("m") and memory.endswith("Mi")
    assert 0 < int(share.rstrip("%")) <= 100 and 0 < int(part.rstrip("%")) <= 100


def test_top_pod_lists_containers_of_all_namespaces(cluster: Cluster, loads: str) -> None:
    found = rows(cluster.kubectl("top", "pod", "--all-namespaces", "--containers"))
    assert [row[1:3] for row in found if row[0] == loads] == [["big", "main"], ["big", "side"], ["small", "main"]]
    # Our own pods are pods like any other.
    assert {row[2] for row in found if row[0] == NAMESPACE} >= {AGENT, AGGREGATOR}


def test_top_pod_selects_and_sorts(cluster: Cluster, loads: str) -> None:
    def names(*arguments: str) -> list[str]:
        return [row[0] for row in rows(cluster.kubectl("top", "pod", f"--namespace={loads}", *arguments))]

    assert names() == ["big", "small"]
    assert names("-l", "size=small") == ["small"]
    assert names("-l", "size!=small") == ["big"]
    assert names("-l", "size in (big, small)") == ["big", "small"]
    assert names("--field-selector", "metadata.name=big") == ["big"]
    assert names("--field-selector", "metadata.name!=big") == ["small"]
    assert names("--sort-by=memory") == ["big", "small"]
    assert names("--sort-by=cpu") == ["big", "small"]
    assert names("small") == ["small"]


@pytest.mark.parametrize("version", VERSIONS)
def test_raw_answers_have_the_apis_form(cluster: Cluster, loads: str, version: str) -> None:
    top = f"/apis/metrics.k8s.io/{version}"
    resources = json.loads(cluster.kubectl("get", "--raw", top))["resources"]
    assert {(r["name"], r["kind"], r["namespaced"]) for r in resources} == {
        ("nodes", "NodeMetrics", False),
        ("pods", "PodMetrics", True),
    }
    nodes = json.loads(cluster.kubectl("get", "--raw", f"{top}/nodes"))
    assert (nodes["kind"], nodes["apiVersion"]) == ("NodeMetricsList", f"metrics.k8s.io/{version}")
    assert [node["metadata"]["name"] for node in nodes["items"]] == [NODE_NAME]
    pod = json.loads(cluster.kubectl("get", "--raw", f"{top}/namespaces/{loads}/pods/big"))
    assert (pod["kind"], pod["apiVersion"]) == ("PodMetrics", f"metrics.k8s.io/{version}")
    assert pod["metadata"]["labels"] == {"size": "big"}
    assert [c["name"] for c in pod["containers"]] == ["main", "side"]
    assert 40 * 2**20 < quantities.amount(pod["containers"][0]["usage"]["memory"]) < 60 * 2**20


def test_get_prints_tables(cluster: Cluster, loads: str) -> None:
    nodes = cluster.kubectl("get", "nodemetrics").splitlines()
    assert nodes[0].split() == ["NAME", "CPU", "MEMORY", "WINDOW"]
    assert nodes[1].split()[0] == NODE_NAME
    pods = cluster.kubectl("get", "podmetrics", f"--namespace={loads}").splitlines()
    assert pods[0].split() == ["NAME", "CPU", "MEMORY", "WINDOW"]
    assert [line.split()[0] for line in pods[1:]] == ["big", "small"]
    assert "resource: pods" not in cluster.kubectl("describe", "podmetrics", f"--namespace={loads}", "big")


def test_a_second_apply_changes_nothing(cluster: Cluster, metrics_push: MetricsPush) -> None:
    def state() -> tuple:
        pods = sorted(pod["metadata"]["uid"] for pod in metrics_push.pods())
        return pods, metrics_push.authority(), [metrics_push.api_service(v)["spec"] for v in VERSIONS]

    before = state()
    said = [line.split() for line in metrics_push.apply().splitlines()]
    assert len(said) >= 20
    # An APIService's `false` is nothing to the API server, so kubectl sends it each time.
    changed = {name for name, how in said if how != "unchanged"}
    assert changed <= {f"apiservice.apiregistration.k8s.io/{version}.metrics.k8s.io" for version in VERSIONS}
    assert state() == before


@pytest.mark.parametrize("component", [AGENT, AGGREGATOR])
def test_its_processes_may_do_nothing_special(cluster: Cluster, metrics_push: MetricsPush, component: str) -> None:
    directory = accounts.directory(cluster, metrics_push.pod(component), component)
    (process,) = accounts.processes(directory)
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    assert status["Uid"].split() == ["65534"] * 4
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    assert status["NoNewPrivs"] == "1"
    # Filtered.
    assert status["Seccomp"] == "2"
    mounts = [line.split() for line in Path(f"/proc/{process}/mountinfo").read_text().splitlines()]
    (root,) = [mount for mount in mounts if mount[4] == "/"]
    assert "ro" in root[5].split(",")
    host = {mount[4]: mount[5].split(",") for mount in mounts if mount[4].startswith("/host/")}
    assert sorted(host)[:1] == (["/host/cgroup"] if component == AGENT else [])
    for place in ("/host/cgroup", "/host/log/containers", "/host/log/pods") if host else ():
        assert "ro" in host[place]


@pytest.mark.skipif(accounts.unified(), reason="there is no mount below the one that is read-only")
def test_the_agent_can_write_to_no_controller_of_the_node(cluster: Cluster) -> None:
    """On cgroup v1 `readOnly` does not reach the controllers' own mounts."""
    top = accounts.hierarchy("memory") / cluster.cgroup()
    as_agent = ["setpriv", "--reuid=65534", "--regid=0", "--clear-groups", "--bounding-set=-all", "--no-new-privs"]
    # Everybody may write to this one: it is for being told of events.
    search = [*as_agent, "find", str(top), "-ignore_readdir_race", "-writable", "!", "-name", "cgroup.event_control"]
    # A cgroup that ends while it is walked is an error of find's.
    (found,) = wait_until(lambda: [cluster.run(search)], WALK_DEADLINE, "a walk that nothing disturbs")
    assert found == ""
