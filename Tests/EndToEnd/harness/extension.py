# SPDX-License-Identifier: Apache-2.0
"""The least there can be of an extension API server: it answers every request with what it was told about the caller.

python3 -m harness.extension PORT CERTIFICATE KEY CLIENT-CA
"""

import http.server
import json
import ssl
import sys
from typing import Any


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A caller that says nothing more is let go.
    timeout = 30

    def do_GET(self) -> None:  # the name that the library calls
        assert isinstance(self.connection, ssl.SSLSocket)
        peer: Any = self.connection.getpeercert() or {}
        subject = {key: value for names in peer.get("subject", ()) for key, value in names}
        body = json.dumps(
            {
                "kind": "Echo",
                "path": self.path,
                "certificate": subject.get("commonName"),
                "user": self.headers.get("X-Remote-User"),
                "groups": self.headers.get_all("X-Remote-Group"),
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    port, certificate, key, client_ca = sys.argv[1:]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=client_ca)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("0.0.0.0", int(port)), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
