# SPDX-License-Identifier: Apache-2.0
"""That what is wrong with a cluster is said clearly, harms nothing else, and is over when it is put right."""

import base64
import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from harness import accounts
from harness.cluster import Cluster
from harness.metrics_push import AGGREGATOR, NAMESPACE, MetricsPush
from harness.waiting import wait_until

# The keeper of certificates looks every 20 s, give or take 4.
LOOK_DEADLINE = 30
RUNNING_DEADLINE = 60
# A watch that could not begin is tried again at least every 30 s.
READY_DEADLINE = 60
# What an aggregator says that cannot reach the API server.
ALONE = (
    "aggregator started",
    "cannot follow the cluster's pods",
    "certificates cannot be looked after",
    "cannot learn which front proxy to trust",
)
NODES = "/apis/metrics.k8s.io/v1beta1/nodes"
SECRET = f"/api/v1/namespaces/{NAMESPACE}/secrets/metrics-push-ca"


@pytest.fixture(autouse=True)
def repaired(metrics_push: MetricsPush) -> Iterator[None]:
    yield
    metrics_push.apply()
    metrics_push.wait_rolled_out()
    metrics_push.wait_available()


def replace_aggregator(metrics_push: MetricsPush) -> dict:
    """A fresh pod, which runs but need not be ready."""
    metrics_push.delete_pods(AGGREGATOR)

    def running() -> dict | None:
        pods = metrics_push.pods(AGGREGATOR)
        return pods[0] if pods and pods[0]["status"].get("containerStatuses", [{}])[0].get("started") else None

    return wait_until(running, RUNNING_DEADLINE, "a fresh aggregator")


def test_without_its_role_it_says_why_it_is_not_ready(
    cluster: Cluster, metrics_push: MetricsPush, measured: Callable[[str], None]
) -> None:
    cluster.kubectl("delete", "rolebinding", f"--namespace={NAMESPACE}", "metrics-push-aggregator:auth-reader")
    pod = replace_aggregator(metrics_push)
    line = metrics_push.wait_logged(AGGREGATOR, "cannot learn which front proxy to trust")
    assert 'cannot list resource \\"configmaps\\"' in line
    readiness = metrics_push.ask("/readyz", pod=pod, verify=False)
    assert readiness.status == 500
    assert "[-]front-proxy failed: " in readiness.body and 'cannot list resource "configmaps"' in readiness.body
    assert metrics_push.ask("/livez", pod=pod, verify=False).status == 200
    # Without a new start.
    metrics_push.apply()
    began = time.monotonic()
    wait_until(lambda: metrics_push.ready_pods(AGGREGATOR), READY_DEADLINE, "its readiness")
    measured(f"role given back: ready {time.monotonic() - began:.1f} s later")
    assert metrics_push.ready_pods(AGGREGATOR)[0]["metadata"]["uid"] == pod["metadata"]["uid"]


def test_without_the_right_to_ask_nobody_is_let_in(cluster: Cluster, metrics_push: MetricsPush, namespace: str) -> None:
    """Without the right to make reviews: nobody is taken for somebody who may, and the log says what is missing."""
    cluster.kubectl("delete", "clusterrolebinding", "metrics-push-aggregator:auth-delegator")
    client = cluster.user(f"rita-{namespace}")
    # Of a user that was never asked about, so that nothing is remembered.
    answer = metrics_push.ask(NODES, client=client)
    assert answer.status in (403, 500)
    wait_until(lambda: metrics_push.ask(NODES, client=client).status == 500, LOOK_DEADLINE, "the refusal's end")
    line = metrics_push.wait_logged(AGGREGATOR, "a user's access could not be reviewed", f"rita-{namespace}")
    assert 'cannot create resource \\"subjectaccessreviews\\"' in line
    # The agent's session goes on, and who needs no review is answered.
    assert metrics_push.node()
    metrics_push.apply()
    wait_until(lambda: metrics_push.ask(NODES, client=client).status == 403, LOOK_DEADLINE, "a review")


def test_an_apiservice_of_metrics_server_is_not_touched(cluster: Cluster, metrics_push: MetricsPush) -> None:
    def patch(version: str, spec: str) -> None:
        name = f"{version}.metrics.k8s.io"
        cluster.kubectl("patch", "apiservice", name, "--type=merge", f'--patch={{"spec":{spec}}}')

    patch("v1beta1", '{"caBundle":null,"insecureSkipTLSVerify":true,"service":{"name":"metrics-server"}}')
    before = metrics_push.api_service("v1beta1")["spec"]
    # What is ours is looked after all the same.
    patch("v1", '{"caBundle":null}')
    about = f"APIService v1beta1.metrics.k8s.io leads to Service {NAMESPACE}/metrics-server"
    line = metrics_push.wait_logged(AGGREGATOR, "certificates cannot be looked after", about, deadline=LOOK_DEADLINE)
    assert "is not touched" in line
    wait_until(lambda: metrics_push.api_service("v1")["spec"].get("caBundle"), LOOK_DEADLINE, "the CA of ours")
    assert metrics_push.api_service("v1beta1")["spec"] == before
    # Moving over takes one command.
    metrics_push.apply()
    wait_until(lambda: metrics_push.api_service("v1beta1")["spec"].get("caBundle"), LOOK_DEADLINE, "the CA of both")
    assert not metrics_push.api_service("v1beta1")["spec"].get("insecureSkipTLSVerify")
    metrics_push.wait_logged(AGGREGATOR, "certificates are in order again")


def test_it_starts_without_an_api_server_and_is_ready_soon_after_it_comes(
    cluster: Cluster, metrics_push: MetricsPush, measured: Callable[[str], None]
) -> None:
    pod = metrics_push.pod(AGGREGATOR)
    name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
    directory = accounts.directory(cluster, pod, AGGREGATOR)
    logs = cluster.node_path(f"/var/log/pods/{NAMESPACE}_{name}_{uid}/{AGGREGATOR}")
    starts = len(list(logs.iterdir()))
    cluster.stop("kube-apiserver")
    try:
        for process in accounts.processes(directory):
            os.kill(process, signal.SIGKILL)

        def complaint() -> str | None:
            files = sorted(logs.iterdir(), key=lambda file: int(file.name.split(".")[0]))
            text = files[-1].read_text() if len(files) > starts else ""
            return text if all(part in text for part in ALONE) else None

        wait_until(complaint, LOOK_DEADLINE, f"a fresh aggregator's {ALONE}")
    finally:
        cluster.start("kube-apiserver")
    wait_until(lambda: cluster.api.get("/readyz").status == 200, READY_DEADLINE, "the API server")
    began = time.monotonic()
    wait_until(lambda: metrics_push.node(), READY_DEADLINE, "the node's figures")
    measured(f"API server away at the start: figures {time.monotonic() - began:.1f} s after it was ready")
    # The same pod, its container started once more.
    wait_until(
        lambda: [s["restartCount"] for s in cluster.pod(NAMESPACE, name)["status"]["containerStatuses"]] == [starts],
        READY_DEADLINE,
        "the kubelet's word that it was started once more",
    )


def test_garbage_in_the_secret_is_replaced(cluster: Cluster, metrics_push: MetricsPush) -> None:
    labels = cluster.api.json(SECRET)["metadata"]["labels"]
    garbage = base64.b64encode(b"garbage").decode()
    patch = f'{{"data":{{"ca.crt":"{garbage}","ca.key":"{garbage}","previous-ca.crt":null}}}}'
    name = "metrics-push-ca"
    cluster.kubectl("patch", "secret", f"--namespace={NAMESPACE}", name, "--type=merge", f"--patch={patch}")
    line = metrics_push.wait_logged(AGGREGATOR, "wrote the Secret", "it held no usable CA", deadline=LOOK_DEADLINE)
    assert "ca.crt and ca.key" in line
    secret = cluster.api.json(SECRET)
    assert base64.b64decode(secret["data"]["ca.crt"]).startswith(b"-----BEGIN CERTIFICATE-----")
    assert secret["metadata"]["labels"] == labels
    assert metrics_push.node()
