# SPDX-License-Identifier: Apache-2.0
"""kubeconfig files. JSON is YAML too."""

import json
import os
from pathlib import Path

from .pki import PKI


def write(path: Path, pki: PKI, port: int, client: str) -> None:
    """The same address serves inside the cluster's network namespace and outside of it."""
    pair = pki.pair(client)
    text = json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": "test",
                    "cluster": {
                        "server": f"https://127.0.0.1:{port}",
                        "certificate-authority": str(pki.pair("ca").certificate),
                    },
                }
            ],
            "users": [
                {"name": client, "user": {"client-certificate": str(pair.certificate), "client-key": str(pair.key)}}
            ],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": client}}],
            "current-context": "test",
        },
        indent=2,
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
