# SPDX-License-Identifier: Apache-2.0
"""That an agent can report its own node and nothing else: each lie is refused, counted, and logged with its reason."""

from collections.abc import Iterator

import pytest

from harness import accounts, agents, objects, tokens
from harness.accounts import assert_no_more_than_counted
from harness.cluster import Cluster
from harness.layout import NODE_NAME
from harness.metrics_push import AGENT, AGGREGATOR, NAMESPACE, MetricsPush
from harness.waiting import wait_until

OTHER_NODE = "node-2"
# Longer than a session that lies is borne, shorter than a token's life.
LIES_SECONDS = 5


@pytest.fixture(scope="module")
def agent(metrics_push: MetricsPush) -> dict:
    """The pod of the real one."""
    return metrics_push.pod(AGENT)


@pytest.fixture(scope="module")
def other(cluster: Cluster, metrics_push: MetricsPush) -> Iterator[dict]:
    """An agent's pod on another node, as far as the API server knows."""
    agents.make_node(cluster, OTHER_NODE)
    yield agents.make_pod(cluster, NAMESPACE, "agent-elsewhere", OTHER_NODE, agents.ACCOUNT)
    agents.delete_pod(cluster, NAMESPACE, "agent-elsewhere")
    cluster.kubectl("delete", "node", OTHER_NODE)


def token(cluster: Cluster, pod: dict | None, audience: str | None = agents.AUDIENCE) -> str:
    return tokens.request(cluster, NAMESPACE, agents.ACCOUNT, audience, pod)


def assert_refused(metrics_push: MetricsPush, node: str, shown: str, code: str, *reason: str) -> None:
    counter = f'metrics_push_sessions_refused_total{{reason="{code}"}}'
    before = metrics_push.counter(counter)
    answers = agents.push(metrics_push, node, shown, LIES_SECONDS)
    assert [answer.get("reject", answer) for answer in answers] == [code, {"closed": True}]
    for part in reason:
        assert part in answers[0]["reason"]
    assert metrics_push.counter(counter) == before + 1
    # Said in full, but without what was shown.
    line = metrics_push.wait_logged(AGGREGATOR, "session refused", answers[0]["reason"].split('"')[0])
    assert f"node={node}" in line
    assert shown == "" or shown.split(".")[-1] not in "\n".join(metrics_push.log_lines(AGGREGATOR))


def test_an_honest_agent_of_ours_is_taken(cluster: Cluster, metrics_push: MetricsPush, other: dict) -> None:
    """Or else the refusals below would prove nothing."""
    answers = agents.push(metrics_push, OTHER_NODE, token(cluster, other), pods=[])
    assert answers == [{"welcome": True}, {"end": True}]


def test_another_nodes_name_is_refused(cluster: Cluster, metrics_push: MetricsPush, agent: dict) -> None:
    about = f"the token is for an agent on node {NODE_NAME}, and this session reports {OTHER_NODE}"
    assert_refused(metrics_push, OTHER_NODE, token(cluster, agent), "wrong_node", about)


def test_another_agents_token_is_refused(cluster: Cluster, metrics_push: MetricsPush, other: dict) -> None:
    about = f"the token is for an agent on node {OTHER_NODE}, and this session reports {NODE_NAME}"
    assert_refused(metrics_push, NODE_NAME, token(cluster, other), "wrong_node", about)


def test_no_token_is_refused(metrics_push: MetricsPush) -> None:
    assert_refused(metrics_push, NODE_NAME, "", "unauthenticated", "no token and no client certificate")


def test_a_foreign_audience_is_refused(cluster: Cluster, metrics_push: MetricsPush, agent: dict) -> None:
    for audience in ("something-else", None):
        shown = token(cluster, agent, audience)
        assert_refused(metrics_push, NODE_NAME, shown, "unauthenticated", "for the audience metrics-push")


def test_another_accounts_token_is_refused(cluster: Cluster, metrics_push: MetricsPush, namespace: str) -> None:
    pod = agents.make_pod(cluster, namespace, "thief", NODE_NAME, "default")
    shown = tokens.request(cluster, namespace, "default", agents.AUDIENCE, pod)
    about = f"the token belongs to system:serviceaccount:{namespace}:default"
    assert_refused(metrics_push, NODE_NAME, shown, "unauthenticated", about)


def test_a_token_that_is_bound_to_no_pod_is_refused(cluster: Cluster, metrics_push: MetricsPush) -> None:
    assert_refused(metrics_push, NODE_NAME, token(cluster, None), "unauthenticated", "bound to no pod")


def test_a_deleted_pods_token_is_refused(cluster: Cluster, metrics_push: MetricsPush, other: dict) -> None:
    shown = token(cluster, agents.make_pod(cluster, NAMESPACE, "agent-gone", OTHER_NODE, agents.ACCOUNT))
    agents.delete_pod(cluster, NAMESPACE, "agent-gone")
    assert_refused(metrics_push, OTHER_NODE, shown, "unauthenticated", "the API server does not accept the token")


def test_a_deleted_accounts_token_is_refused(cluster: Cluster, metrics_push: MetricsPush, namespace: str) -> None:
    cluster.kubectl("create", "serviceaccount", f"--namespace={namespace}", "gone")
    shown = tokens.request(cluster, namespace, "gone", agents.AUDIENCE)
    cluster.kubectl("delete", "serviceaccount", f"--namespace={namespace}", "gone")
    assert_refused(metrics_push, NODE_NAME, shown, "unauthenticated", "the API server does not accept the token")


def test_an_expired_token_is_refused(cluster: Cluster, metrics_push: MetricsPush, agent: dict) -> None:
    # The API server makes none for less than 10 minutes; this one has its signature all the same.
    good = token(cluster, agent)
    about = tokens.claims(good)
    shown = tokens.signed_anew(cluster, good, iat=about["iat"] - 900, nbf=about["nbf"] - 900, exp=about["iat"] - 300)
    assert_refused(metrics_push, NODE_NAME, shown, "unauthenticated", "has not expired")


def test_a_token_with_somebody_elses_signature_is_refused(
    cluster: Cluster, metrics_push: MetricsPush, agent: dict
) -> None:
    head, body, signature = token(cluster, agent).split(".")
    forged = tokens.encoded(bytes([tokens.decoded(signature)[0] ^ 1]) + tokens.decoded(signature)[1:])
    shown = f"{head}.{body}.{forged}"
    assert_refused(metrics_push, NODE_NAME, shown, "unauthenticated", "the API server does not accept the token")


def test_a_session_ends_with_its_token(cluster: Cluster, metrics_push: MetricsPush, other: dict) -> None:
    good = token(cluster, other)
    brief = tokens.signed_anew(cluster, good, exp=tokens.claims(good)["iat"] + 12)
    answers = agents.push(metrics_push, OTHER_NODE, brief, seconds=30, pods=[])
    assert [next(iter(answer)) for answer in answers] == ["welcome", "reject", "closed"]
    assert "has expired, and nothing fresh came" in answers[1]["reason"]


def test_another_nodes_pod_is_not_taken(
    cluster: Cluster, metrics_push: MetricsPush, namespace: str, other: dict
) -> None:
    cluster.apply(objects.pod(namespace, "victim", objects.load("main", memory=24)))
    victim = cluster.wait_pod(namespace, "victim")
    wait_until(lambda: metrics_push.of(namespace, "victim"), 20, "the victim's figures")
    before = metrics_push.counter("metrics_push_pod_claims_refused_total")
    uid = victim["metadata"]["uid"]
    lie = {"uid": uid, "namespace": namespace, "pod": "victim", "container": "main", "memory": 999}
    answers = agents.push(metrics_push, OTHER_NODE, token(cluster, other), seconds=LIES_SECONDS, pods=[lie])
    # The rest of what the node says may be true.
    assert answers == [{"welcome": True}, {"end": True}]
    assert metrics_push.counter("metrics_push_pod_claims_refused_total") == before + 1
    line = metrics_push.wait_logged(AGGREGATOR, "a node reports another node's pod", uid)
    assert f"claimant={OTHER_NODE}" in line and f"owner={NODE_NAME}" in line
    figures = metrics_push.of(namespace, "victim")
    assert figures
    assert 24 <= figures.usage["main"].memory / 2**20 <= 29
    # The lie is half a core. The load uses nothing, but for its start.
    assert_no_more_than_counted(figures, "main", accounts.cpu_seconds(accounts.directory(cluster, victim, "main")))


def test_a_clock_that_is_off_does_not_date_figures(cluster: Cluster, metrics_push: MetricsPush, other: dict) -> None:
    answers = agents.push(metrics_push, OTHER_NODE, token(cluster, other), seconds=LIES_SECONDS, pods=[], clock=600)
    assert answers == [{"welcome": True}, {"end": True}]
    assert f"node={OTHER_NODE}" in metrics_push.wait_logged(AGGREGATOR, "the node's clock is off", OTHER_NODE)
    served = metrics_push.node(OTHER_NODE)
    ours = metrics_push.node(NODE_NAME)
    assert served and ours
    assert abs(served.timestamp - ours.timestamp) < 15
    assert served.usage[""].cpu == pytest.approx(0.5, rel=0.1)
