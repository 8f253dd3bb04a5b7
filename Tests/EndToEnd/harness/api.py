# SPDX-License-Identifier: Apache-2.0
"""Raw requests to the cluster's API server, as any user."""

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .errors import HarnessError
from .layout import Layout
from .pki import PKI

REQUEST_DEADLINE = 10


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body)


class API:
    """Speaks as the holder of a client certificate, or of a token, or as nobody."""

    def __init__(self, layout: Layout, client: str | None = "admin", token: str | None = None):
        self.port = layout.read_state()["port"]
        self.token = token
        pki = PKI(layout.pki)
        self.context = ssl.create_default_context(cafile=str(pki.pair("ca").certificate))
        if client and not token:
            self.context.load_cert_chain(pki.pair(client).certificate, pki.pair(client).key)

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        deadline: float = REQUEST_DEADLINE,
    ) -> Response:
        sent = {"Accept": "application/json", **(headers or {})}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context, timeout=deadline)
        try:
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            return Response(answer.status, dict(answer.headers), answer.read())
        except http.client.HTTPException as error:
            raise HarnessError(f"{method} {path}: {error!r}") from None
        finally:
            connection.close()

    def get(self, path: str, **more) -> Response:
        return self.request("GET", path, **more)

    def watch(self, path: str, deadline: float) -> Iterator[dict]:
        """The events of a watch as they come. `deadline`: for each of them."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context, timeout=deadline)
        try:
            connection.request("GET", path, headers={"Accept": "application/json"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise HarnessError(f"GET {path}: {answer.status} {answer.read(500).decode(errors='replace')}")
            for line in answer:
                yield json.loads(line)
        finally:
            connection.close()

    def json(self, path: str) -> dict:
        answer = self.get(path)
        if answer.status != 200:
            raise HarnessError(f"GET {path}: {answer.status} {answer.body[:500].decode(errors='replace')}")
        return answer.json()
