# SPDX-License-Identifier: Apache-2.0
"""ServiceAccount tokens: those that the API server makes, and those that it would have made."""

import base64
import json
import subprocess

from .cluster import Cluster
from .errors import HarnessError
from .pki import PKI

# The API server makes none for less.
SHORTEST_SECONDS = 600


def request(
    cluster: Cluster, namespace: str, account: str, audience: str | None = None, pod: dict | None = None
) -> str:
    """A token from the API server, bound to a pod when one is given; without an audience it is for the API server."""
    spec: dict = {"expirationSeconds": SHORTEST_SECONDS, "audiences": [audience] if audience else []}
    if pod:
        about = pod["metadata"]
        spec["boundObjectRef"] = {"kind": "Pod", "apiVersion": "v1", "name": about["name"], "uid": about["uid"]}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    answer = cluster.api.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token", body)
    if answer.status != 201:
        raise HarnessError(f"no token for {namespace}/{account}: {answer.status} {answer.body[:500]!r}")
    return answer.json()["status"]["token"]


def claims(token: str) -> dict:
    return json.loads(decoded(token.split(".")[1]))


def signed_anew(cluster: Cluster, token: str, **changed: object) -> str:
    """The token with other claims, signed by the cluster's own key: as the API server would have signed it."""
    head = token.split(".")[0]
    text = f"{head}.{encoded(json.dumps({**claims(token), **changed}).encode())}"
    key = PKI(cluster.layout.pki).folder / "service-account.key"
    made = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), capture_output=True, check=True, timeout=30
    )
    return f"{text}.{encoded(made.stdout)}"


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
