# SPDX-License-Identifier: Apache-2.0
"""That the cluster is a real one: what the other tests rely on."""

import base64
import json
from functools import partial
from pathlib import Path

import pytest

from harness import cgroups, lifecycle, objects
from harness.cluster import Cluster
from harness.errors import HarnessError
from harness.images import Image
from harness.layout import NODE_NAME
from harness.waiting import wait_until

# Names follow within a change of an object, a list, and dnsmasq reading a file.
NAMES_DEADLINE = 15
RESTART_DEADLINE = 60
END_DEADLINE = 60
LOG_DEADLINE = 20


def addresses(cluster: Cluster, namespace: str, pod: str, name: str) -> set[str]:
    said = cluster.shell(namespace, pod, f"getent ahostsv4 {name} || true")
    return {line.split()[0] for line in said.splitlines()}


def test_the_node_is_ready_and_all_components_run(cluster: Cluster) -> None:
    node = cluster.api.json(f"/api/v1/nodes/{NODE_NAME}")
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.20.2"
    cluster.wait_ready()
    assert [how for how in lifecycle.status(cluster.layout).values() if not how.startswith("runs")] == []


def test_a_component_that_ended_is_told_with_its_last_words(cluster: Cluster) -> None:
    cluster.control.start("failing", ["sh", "-c", "echo the reason; exit 3"])
    wait_until(lambda: "failing" in cluster.control.ended(), 10, "its end")
    with pytest.raises(HarnessError, match="failing ended with status 3; its last lines:\nthe reason"):
        cluster.control.check(["failing"])


def test_a_pod_runs_with_an_address_cgroups_and_log_links(cluster: Cluster, namespace: str) -> None:
    burstable = objects.resources(cpu="10m", memory="16Mi")
    cluster.apply(
        objects.pod(namespace, "two", objects.container("one", resources=burstable), objects.load("other", 5, 8))
    )
    pod = cluster.wait_pod(namespace, "two")
    assert pod["status"]["podIP"].startswith("10.202.0.")
    uid = pod["metadata"]["uid"]
    for status in pod["status"]["containerStatuses"]:
        container = status["containerID"].removeprefix("containerd://")
        link = cluster.node_path(f"/var/log/containers/two_{namespace}_{status['name']}-{container}.log")
        assert link.is_symlink()
        assert str(link.readlink()) == f"/var/log/pods/{namespace}_two_{uid}/{status['name']}/0.log"
        memory = next(path for path in cgroups.hierarchies() if cgroups.unified() or path.name == "memory")
        processes = memory / cluster.cgroup() / f"burstable/pod{uid}" / container / "cgroup.procs"
        assert processes.read_text().split(), processes
    logs = ("logs", f"--namespace={namespace}", "two", "other")
    wait_until(lambda: "ready" in cluster.kubectl(*logs), LOG_DEADLINE, "the load's word")


def test_a_service_is_reached_by_name_from_a_pod(cluster: Cluster, namespace: str) -> None:
    cluster.apply(
        objects.pod(namespace, "web", objects.web("web", "hello")),
        objects.service(namespace, "web", 80, 8080),
        objects.pod(namespace, "client", objects.container("client")),
    )
    cluster.wait_pod(namespace, "web")
    cluster.wait_pod(namespace, "client")

    def answers(address: str, pod: str = "client") -> bool:
        said = cluster.shell(namespace, pod, f"curl --silent --show-error --max-time 2 {address}")
        return said == "hello\n"

    for name in ("web", f"web.{namespace}", f"web.{namespace}.svc", f"web.{namespace}.svc.cluster.local"):
        wait_until(partial(answers, f"http://{name}/"), NAMES_DEADLINE, f"an answer of {name}")
    # The pod itself through its Service, which needs the packet to come back to where it left.
    wait_until(partial(answers, f"http://web.{namespace}/", pod="web"), NAMES_DEADLINE, "its answer to itself")

    # And the API server's way to it, as to an extension API server. It reads what another controller writes.
    def proxied() -> bool:
        answer = cluster.api.get(f"/api/v1/namespaces/{namespace}/services/web:80/proxy/")
        return (answer.status, answer.body) == (200, b"hello\n")

    wait_until(proxied, NAMES_DEADLINE, "an answer through the API server")


def test_a_headless_service_resolves_to_its_pods_and_follows_them(cluster: Cluster, namespace: str) -> None:
    cluster.apply(
        objects.service(namespace, "ingest", 8080, 8080, headless=True),
        objects.workload(
            "StatefulSet",
            namespace,
            "ingest",
            2,
            objects.web("web", "x"),
            serviceName="ingest",
            podManagementPolicy="Parallel",
        ),
        objects.pod(namespace, "client", objects.container("client")),
    )
    pods = [cluster.wait_pod(namespace, name) for name in ("ingest-0", "ingest-1")]
    cluster.wait_pod(namespace, "client")
    both = {pod["status"]["podIP"] for pod in pods}
    wait_until(
        lambda: addresses(cluster, namespace, "client", f"ingest.{namespace}.svc") == both,
        NAMES_DEADLINE,
        f"the addresses {both}",
    )
    assert addresses(cluster, namespace, "client", "ingest-1.ingest") == {pods[1]["status"]["podIP"]}
    cluster.kubectl("scale", f"--namespace={namespace}", "statefulset/ingest", "--replicas=1")
    wait_until(
        lambda: addresses(cluster, namespace, "client", "ingest") == {pods[0]["status"]["podIP"]},
        NAMES_DEADLINE,
        "the one address that is left",
    )
    assert addresses(cluster, namespace, "client", "no-such-name") == set()


def test_a_projected_token_has_its_audience_and_is_accepted_for_it_only(cluster: Cluster, namespace: str) -> None:
    source = {"serviceAccountToken": {"audience": "metrics-push", "expirationSeconds": 600, "path": "token"}}
    mount = {"name": "token", "mountPath": "/var/run/secrets/metrics-push"}
    cluster.apply(
        objects.pod(
            namespace,
            "holder",
            objects.container("holder", volumeMounts=[mount]),
            volumes=[{"name": "token", "projected": {"sources": [source]}}],
        )
    )
    cluster.wait_pod(namespace, "holder")
    token = cluster.shell(namespace, "holder", "cat /var/run/secrets/metrics-push/token").strip()
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["aud"] == ["metrics-push"]
    assert claims["kubernetes.io"]["pod"]["name"] == "holder"

    def review(*audiences: str) -> dict:
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": list(audiences)},
        }
        return cluster.api.request("POST", "/apis/authentication.k8s.io/v1/tokenreviews", body).json()["status"]

    assert review("metrics-push")["authenticated"]
    assert not review("something-else").get("authenticated")
    assert cluster.api_as(token=token).get("/api/v1/nodes").status == 401


def test_a_pod_reaches_the_api_server_with_its_service_account(cluster: Cluster, namespace: str) -> None:
    cluster.apply(objects.pod(namespace, "client", objects.container("client")))
    cluster.wait_pod(namespace, "client")
    folder = "/var/run/secrets/kubernetes.io/serviceaccount"
    said = cluster.shell(
        namespace,
        "client",
        (
            f"curl --silent --show-error --max-time 10 --cacert {folder}/ca.crt "
            f'--header "Authorization: Bearer $(cat {folder}/token)" https://kubernetes.default.svc/version'
        ),
    )
    assert json.loads(said)["gitVersion"] == "v1.20.2"


def test_an_image_of_local_files_runs_as_nobody(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("from outside\n")
    cluster.images(
        Image("local/made:test", {"/bin/cat": Path("/bin/cat"), "/etc/data": tmp_path / "data"}, ["/bin/cat"])
    )
    cluster.apply(
        objects.pod(
            namespace,
            "made",
            objects.container("made", "local/made:test", ["/etc/data", "/proc/self/status"]),
            restartPolicy="Never",
            securityContext={"runAsNonRoot": True},
        )
    )
    wait_until(lambda: cluster.pod(namespace, "made")["status"]["phase"] == "Succeeded", END_DEADLINE, "the pod's end")
    said = cluster.kubectl("logs", f"--namespace={namespace}", "made")
    assert said.startswith("from outside\n")
    assert "Uid:\t65534\t65534\t65534\t65534" in said


def test_the_aggregation_layer_is_configured(cluster: Cluster) -> None:
    path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
    data = wait_until(lambda: cluster.api.json(path)["data"], 10, "the ConfigMap")
    assert data["requestheader-client-ca-file"].startswith("-----BEGIN CERTIFICATE-----")
    assert data["client-ca-file"] != data["requestheader-client-ca-file"]
    assert json.loads(data["requestheader-allowed-names"]) == ["front-proxy-client"]
    assert json.loads(data["requestheader-username-headers"]) == ["X-Remote-User"]
    assert json.loads(data["requestheader-group-headers"]) == ["X-Remote-Group"]
    assert json.loads(data["requestheader-extra-headers-prefix"]) == ["X-Remote-Extra-"]


def test_the_kubelets_own_resource_metrics_can_be_read(cluster: Cluster, namespace: str) -> None:
    cluster.apply(objects.pod(namespace, "busy", objects.load("busy", cpu=10, memory=16)))
    cluster.wait_pod(namespace, "busy")

    def figures() -> str | None:
        text = cluster.api.get(f"/api/v1/nodes/{NODE_NAME}/proxy/metrics/resource").body.decode()
        return text if f'container="busy",namespace="{namespace}",pod="busy"' in text else None

    assert "node_cpu_usage_seconds_total" in wait_until(figures, 30, "the container's figures")


def test_users_get_what_their_roles_allow(cluster: Cluster) -> None:
    client = cluster.user("anna", groups=["testers"])
    assert cluster.api_as(client).get("/api/v1/nodes").status == 403
    cluster.apply(objects.binding("anna-views", "system:node-problem-detector", "anna"))
    try:
        wait_until(
            lambda: cluster.api_as(client).get(f"/api/v1/nodes/{NODE_NAME}").status == 200, 10, "the role's effect"
        )
        assert cluster.api_as(client).get("/api/v1/secrets").status == 403
        assert cluster.api_as().get("/api/v1/nodes").status == 403
        assert "node-1" in cluster.kubectl("get", "node", NODE_NAME, client=client)
    finally:
        cluster.kubectl("delete", "clusterrolebinding", "anna-views")


def test_a_restarted_api_server_comes_back(cluster: Cluster, namespace: str) -> None:
    cluster.apply(objects.pod(namespace, "before", objects.container("before")))
    before = cluster.wait_pod(namespace, "before")
    cluster.stop("kube-apiserver")
    assert cluster.try_kubectl("get", "--raw=/readyz", "--request-timeout=3s").returncode != 0
    cluster.start("kube-apiserver")
    cluster.wait_ready(RESTART_DEADLINE)
    # The same pod runs on, and new ones can be made.
    after = cluster.wait_pod(namespace, "before")
    assert after["status"]["containerStatuses"] == before["status"]["containerStatuses"]
    cluster.apply(objects.pod(namespace, "after", objects.container("after")))
    cluster.wait_pod(namespace, "after")


def test_a_crashed_container_is_restarted(cluster: Cluster, namespace: str) -> None:
    cluster.apply(objects.pod(namespace, "crash", objects.load("crash", memory=1, exit_after=1)))
    wait_until(
        lambda: cluster.pod(namespace, "crash")["status"]["containerStatuses"][0]["restartCount"] > 0,
        END_DEADLINE,
        "a restart",
    )
