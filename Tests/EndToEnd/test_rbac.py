# SPDX-License-Identifier: Apache-2.0
"""That everybody sees what their roles allow, through the API server and past it."""

from collections.abc import Iterator

import pytest

from harness import objects, tokens
from harness.cluster import Cluster
from harness.metrics_push import NAMESPACE, MetricsPush
from harness.pki import PKI
from harness.waiting import wait_until

NODES = "/apis/metrics.k8s.io/v1beta1/nodes"
READER = "system:aggregated-metrics-reader"
# Refusals are remembered for 10 s.
ROLE_DEADLINE = 20


def subject(namespace: str, account: str) -> dict:
    return {"kind": "ServiceAccount", "namespace": namespace, "name": account}


@pytest.fixture
def binding(cluster: Cluster, namespace: str) -> Iterator[dict]:
    """To be given its subjects."""
    made = objects.binding(f"{namespace}-reads-metrics", READER, "nobody")
    yield made
    cluster.kubectl("delete", "clusterrolebinding", made["metadata"]["name"], "--ignore-not-found")


def test_a_user_needs_the_role(cluster: Cluster, metrics_push: MetricsPush, namespace: str, binding: dict) -> None:
    user = f"carla-{namespace}"
    client = cluster.user(user)
    refused = cluster.api_as(client).get(NODES)
    assert refused.status == 403
    assert f'User "{user}" cannot list resource "nodes" in API group "metrics.k8s.io"' in refused.json()["message"]
    said = cluster.try_kubectl("top", "node", client=client)
    assert said.returncode != 0 and "Forbidden" in said.stderr
    binding["subjects"][0]["name"] = user
    cluster.apply(binding)
    wait_until(lambda: cluster.api_as(client).get(NODES).status == 200, ROLE_DEADLINE, "the role's effect")
    # kubectl asks for the nodes themselves as well.
    assert cluster.api_as(client).get("/apis/metrics.k8s.io/v1/pods").status == 200


def test_who_may_view_a_namespace_sees_its_pods_only(
    cluster: Cluster, metrics_push: MetricsPush, namespace: str
) -> None:
    client = cluster.user(f"vera-{namespace}")
    binding = objects.binding("views", "view", f"vera-{namespace}")
    binding["kind"] = "RoleBinding"
    binding["metadata"]["namespace"] = namespace
    cluster.apply(binding)
    path = "/apis/metrics.k8s.io/v1beta1"
    api = cluster.api_as(client)
    wait_until(lambda: api.get(f"{path}/namespaces/{namespace}/pods").status == 200, ROLE_DEADLINE, "the role's effect")
    assert api.get(f"{path}/namespaces/kube-system/pods").status == 403
    assert api.get(f"{path}/pods").status == 403
    assert api.get(f"{path}/nodes").status == 403


def test_nobody_is_refused_everywhere(cluster: Cluster, metrics_push: MetricsPush) -> None:
    assert cluster.api_as().get(NODES).status == 403
    refused = metrics_push.ask(NODES)
    assert refused.status == 403
    assert 'User \\"system:anonymous\\" cannot list resource' in refused.body
    assert metrics_push.ask("/metrics").status == 403
    for probe in ("/livez", "/readyz", "/healthz"):
        assert metrics_push.ask(probe).status == 200


def test_only_the_front_proxy_speaks_for_others(cluster: Cluster, metrics_push: MetricsPush, namespace: str) -> None:
    spoofed = ["X-Remote-User: admin", "X-Remote-Group: system:masters"]
    assert metrics_push.ask(NODES, headers=spoofed).status == 403
    # A certificate of the users' CA says who its holder is; the headers do not.
    client = cluster.user(f"mallory-{namespace}")
    refused = metrics_push.ask(NODES, client=client, headers=spoofed)
    assert refused.status == 403
    assert f"mallory-{namespace}" in refused.body
    # The front proxy's CA is not enough: the name counts.
    PKI(cluster.layout.pki).client("other-proxy", "other-proxy", [], issuer="front-proxy-ca")
    assert metrics_push.ask(NODES, client="other-proxy", headers=spoofed).status == 401
    assert metrics_push.ask(NODES, client="front-proxy-client", headers=spoofed).status == 200
    assert metrics_push.ask(NODES, client="front-proxy-client", headers=["X-Remote-User: eve"]).status == 403


def test_a_certificate_by_another_ca_is_refused(cluster: Cluster, metrics_push: MetricsPush) -> None:
    pki = PKI(cluster.layout.pki)
    pki.authority("foreign-ca", "/CN=somebody else's")
    pki.client("foreign-admin", "admin", ["system:masters"], issuer="foreign-ca")
    assert metrics_push.ask(NODES, client="foreign-admin").status == 401
    assert metrics_push.ask(NODES, client="admin").status == 200


def test_a_service_accounts_token_follows_its_roles(
    cluster: Cluster, metrics_push: MetricsPush, namespace: str, binding: dict
) -> None:
    cluster.kubectl("create", "serviceaccount", f"--namespace={namespace}", "monitor")
    token = tokens.request(cluster, namespace, "monitor")
    refused = metrics_push.ask(NODES, token=token)
    assert refused.status == 403
    assert f"system:serviceaccount:{namespace}:monitor" in refused.body
    binding["subjects"] = [subject(namespace, "monitor")]
    cluster.apply(binding)
    wait_until(lambda: metrics_push.ask(NODES, token=token).status == 200, ROLE_DEADLINE, "the role's effect")
    assert metrics_push.ask(NODES, token="garbage").status == 401
    # Made for agents to show to us, not for users.
    pushing = tokens.request(cluster, namespace, "monitor", "metrics-push")
    assert metrics_push.ask(NODES, token=pushing).status == 401


def test_the_aggregators_rights_on_pods_are_to_read_them(cluster: Cluster, metrics_push: MetricsPush) -> None:
    """A single one is read for its containers' names."""

    def may(verb: str, resource: str, subresource: str = "") -> bool:
        asked = ["auth", "can-i", verb, resource, f"--subresource={subresource}", "--all-namespaces"]
        account = f"--as=system:serviceaccount:{NAMESPACE}:metrics-push-aggregator"
        return cluster.try_kubectl(*asked, account).stdout.strip() == "yes"

    assert all(may(verb, "pods") for verb in ("get", "list", "watch"))
    for verb in ("create", "update", "patch", "delete"):
        assert not may(verb, "pods")
    assert not may("get", "pods", "log") and not may("create", "pods", "exec") and not may("get", "secrets")
