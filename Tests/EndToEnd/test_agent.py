# SPDX-License-Identifier: Apache-2.0
"""The agent in a pod, as a DaemonSet runs it: not root, and with read-only views of the node."""

import json

import pytest

from harness import objects, programs
from harness.cluster import Cluster
from harness.images import Image
from harness.layout import NODE_NAME
from harness.waiting import wait_until

IMAGE = "local/agent:test"
PATHS = {"cgroup": "/sys/fs/cgroup", "containers": "/var/log/containers", "pods": "/var/log/pods"}


@pytest.fixture(scope="module")
def image(cluster: Cluster) -> str:
    cluster.images(Image(IMAGE, {"/agent": programs.built("agent")}, ["/agent"]))
    return IMAGE


def dump_pod(namespace: str, image: str) -> dict:
    field = {
        name: {"fieldRef": {"fieldPath": path}}
        for name, path in (("POD_UID", "metadata.uid"), ("NODE_NAME", "spec.nodeName"))
    }
    dump = objects.container(
        "dump",
        image,
        ["--dump", "-o", "json"],
        env=[{"name": name, "valueFrom": source} for name, source in field.items()],
        volumeMounts=[{"name": name, "mountPath": path, "readOnly": True} for name, path in PATHS.items()],
        securityContext={
            "runAsUser": 65534,
            "runAsGroup": 0,
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    )
    return objects.pod(
        namespace,
        "dump",
        dump,
        restartPolicy="Never",
        volumes=[{"name": name, "hostPath": {"path": path}} for name, path in PATHS.items()],
    )


def test_it_names_every_container_of_the_node_and_sees_what_they_use(
    cluster: Cluster, namespace: str, image: str
) -> None:
    cluster.apply(objects.pod(namespace, "loads", objects.load("idle", memory=40), objects.load("busy", 10, 16)))
    loads = cluster.wait_pod(namespace, "loads")
    cluster.apply(dump_pod(namespace, image))

    def finished() -> bool:
        phase = cluster.pod(namespace, "dump")["status"]["phase"]
        return phase in ("Succeeded", "Failed")

    wait_until(finished, 60, "the dump")
    said = cluster.kubectl("logs", f"--namespace={namespace}", "dump")
    assert cluster.pod(namespace, "dump")["status"]["phase"] == "Succeeded", said
    node, *found = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert node["node"] == NODE_NAME
    assert node["kubepods"].endswith(f"/{cluster.cgroup()}")

    of_pod = [line for line in found if line["pod_uid"] == loads["metadata"]["uid"]]
    assert [(line["namespace"], line["pod"]) for line in of_pod if line["kind"] == "pod"] == [(namespace, "loads")]
    own = [line for line in of_pod if line["kind"] != "pod"]
    assert sorted(line["container"] or "" for line in own) == ["", "busy", "idle"]
    assert [line["kind"] for line in own if not line["container"]] == ["sandbox"]
    ids = {s["name"]: s["containerID"].removeprefix("containerd://") for s in loads["status"]["containerStatuses"]}
    for line in own:
        if line["kind"] == "sandbox":
            continue
        assert (line["namespace"], line["pod"]) == (namespace, "loads")
        assert line["container_id"] == ids[line["container"]]
        assert line["name_source"] == "log-link"
        memory = {"idle": 40, "busy": 16}[line["container"]]
        assert memory <= line["working_set_bytes"] / 2**20 <= memory + 5
        assert line["cpu_nanoseconds"] > 0
