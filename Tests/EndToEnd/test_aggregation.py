# SPDX-License-Identifier: Apache-2.0
"""That the API server's aggregation layer works: with the least there can be behind it, and verified TLS both ways."""

import base64
from collections.abc import Iterator

import pytest

from harness.cluster import Cluster
from harness.component import python
from harness.layout import NODE_ADDRESS
from harness.pki import PKI
from harness.waiting import wait_until

GROUP, PORT = "test.metrics-push.example", 9443
# The API server looks at an APIService anew after a change of its endpoints, and every 30 s.
AVAILABLE_DEADLINE = 45


@pytest.fixture
def extension(cluster: Cluster, namespace: str) -> Iterator[str]:
    """The path below which an extension API server answers. It runs on the node, behind a Service without pods."""
    pki = PKI(cluster.layout.pki)
    pair = pki.server("extension", "extension", [f"DNS:extension.{namespace}.svc"])
    command = python(
        "extension", str(PORT), str(pair.certificate), str(pair.key), str(pki.pair("front-proxy-ca").certificate)
    )
    cluster.control.start("extension", command)
    name = {"namespace": namespace, "name": "extension"}
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": name,
            "spec": {"ports": [{"port": 443, "targetPort": PORT}]},
        },
        {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": name,
            "subsets": [{"addresses": [{"ip": NODE_ADDRESS}], "ports": [{"port": PORT}]}],
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": f"v1.{GROUP}"},
            "spec": {
                "group": GROUP,
                "version": "v1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "service": {"namespace": namespace, "name": "extension", "port": 443},
                "caBundle": base64.b64encode(pki.pair("ca").certificate.read_bytes()).decode(),
            },
        },
    )
    yield f"/apis/{GROUP}/v1"
    cluster.kubectl("delete", "apiservice", f"v1.{GROUP}")
    cluster.stop("extension")


def test_an_extension_api_server_is_told_who_asks(cluster: Cluster, extension: str) -> None:
    service = f"/apis/apiregistration.k8s.io/v1/apiservices/v1.{GROUP}"

    def available() -> bool:
        conditions = cluster.api.json(service).get("status", {}).get("conditions", [])
        return any(c["type"] == "Available" and c["status"] == "True" for c in conditions)

    wait_until(available, AVAILABLE_DEADLINE, "the APIService")
    # The way there is made a moment after the condition is.
    wait_until(lambda: cluster.api.get(f"{extension}/things").status == 200, AVAILABLE_DEADLINE, "an answer")
    answer = cluster.api.get(f"{extension}/things", headers={"X-Remote-User": "somebody-else"}).json()
    assert answer["path"] == f"{extension}/things"
    assert answer["certificate"] == "front-proxy-client"
    assert answer["user"] == "admin"
    assert set(answer["groups"]) == {"system:masters", "system:authenticated"}
    assert cluster.api_as().get(f"{extension}/things").status == 403
