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
        sent = self.headers(headers)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = self.connection(deadline)
        try:
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            return Response(answer.status, dict(answer.headers), answer.read())
        except http.client.HTTPException as error:
            raise HarnessError(f"{method} {path}: {error!r}") from None
        finally:
            connection.close()

    def watch(self, path: str, deadline: float) -> Iterator[dict]:
        """The events of a watch as they come, until its orderly end. `deadline`: for each of them."""
        connection = self.connection(deadline)
        try:
            connection.request("GET", path, headers=self.headers())
            answer = connection.getresponse()
            if answer.status != 200:
                raise HarnessError(f"GET {path}: {answer.status} {answer.read(500).decode(errors='replace')}")
            rest = b""
            # Unlike reading by lines, this complains when the end is cut off.
            while chunk := answer.read1():
                *lines, rest = (rest + chunk).split(b"\n")
                yield from map(json.loads, lines)
            if rest:
                raise HarnessError(f"GET {path}: it ended within an event: {rest[:100]!r}")
        except http.client.HTTPException as error:
            raise HarnessError(f"GET {path}: {error!r}") from None
        finally:
            connection.close()

    def connection(self, deadline: float) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context, timeout=deadline)

    def headers(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {"Accept": "application/json", **(more or {}), **own}

    def get(self, path: str, **more) -> Response:
        return self.request("GET", path, **more)

    def json(self, path: str) -> dict:
        answer = self.get(path)
        if answer.status != 200:
            raise HarnessError(f"GET {path}: {answer.status} {answer.body[:500].decode(errors='replace')}")
        return answer.json()
