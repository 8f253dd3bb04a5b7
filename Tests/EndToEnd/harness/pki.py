# SPDX-License-Identifier: Apache-2.0
"""The cluster's certificates, made with openssl."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from .layout import API_SERVICE_ADDRESS, DOMAIN, NODE_ADDRESS, NODE_NAME

# A test cluster lives for minutes, a developer's for days.
DAYS = "30"
TOOL_DEADLINE = 30

# openssl's own configuration would add extensions of its choice.
CONFIG = "[req]\ndistinguished_name = name\nstring_mask = utf8only\n[name]\n"


@dataclass(frozen=True)
class Pair:
    certificate: Path
    key: Path


class PKI:
    """`ca` signs servers and clients; `front-proxy-ca` only what the API server shows to extension servers."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.openssl_config = folder / "openssl.cnf"

    def pair(self, name: str) -> Pair:
        return Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")

    def make(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.openssl_config.write_text(CONFIG)
        self.authority("ca", "/CN=metrics-push test cluster")
        self.authority("front-proxy-ca", "/CN=metrics-push test front proxy")
        self.server(
            "apiserver",
            "kube-apiserver",
            [
                "IP:127.0.0.1",
                f"IP:{NODE_ADDRESS}",
                f"IP:{API_SERVICE_ADDRESS}",
                "DNS:localhost",
                "DNS:kubernetes",
                "DNS:kubernetes.default",
                "DNS:kubernetes.default.svc",
                f"DNS:kubernetes.default.svc.{DOMAIN}",
            ],
        )
        self.server("kubelet-server", NODE_NAME, [f"DNS:{NODE_NAME}", f"IP:{NODE_ADDRESS}", "IP:127.0.0.1"])
        self.client("front-proxy-client", "front-proxy-client", [], issuer="front-proxy-ca")
        self.client("apiserver-kubelet-client", "kube-apiserver", ["system:masters"])
        self.client("admin", "admin", ["system:masters"])
        self.client("controller-manager", "system:kube-controller-manager", [])
        self.client("scheduler", "system:kube-scheduler", [])
        self.client("proxy", "system:kube-proxy", [])
        self.client("kubelet", f"system:node:{NODE_NAME}", ["system:nodes"])
        # The built-in role of cluster DNS is bound to this name.
        self.client("dns", "system:serviceaccount:kube-system:kube-dns", [])
        self.openssl("genrsa", "-out", self.folder / "service-account.key", "2048")
        self.openssl(
            "rsa", "-in", self.folder / "service-account.key", "-pubout", "-out", self.folder / "service-account.pub"
        )

    def authority(self, name: str, subject: str) -> Pair:
        return self.certificate(
            name,
            subject,
            None,
            ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign", "subjectKeyIdentifier=hash"],
        )

    def server(self, name: str, common_name: str, names: list[str], issuer: str = "ca") -> Pair:
        return self.certificate(
            name,
            f"/CN={common_name}",
            issuer,
            [
                "basicConstraints=critical,CA:FALSE",
                "keyUsage=critical,digitalSignature",
                "extendedKeyUsage=serverAuth",
                "subjectAltName=" + ",".join(names),
            ],
        )

    def client(self, name: str, user: str, groups: list[str], issuer: str = "ca") -> Pair:
        """A certificate that makes its holder this user in these groups."""
        subject = "".join(f"/O={escape(group)}" for group in groups) + f"/CN={escape(user)}"
        return self.certificate(
            name,
            subject,
            issuer,
            ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", "extendedKeyUsage=clientAuth"],
        )

    def certificate(self, name: str, subject: str, issuer: str | None, extensions: list[str]) -> Pair:
        made = self.pair(name)
        command: list = [
            "req",
            "-x509",
            "-config",
            self.openssl_config,
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            DAYS,
            "-subj",
            subject,
            "-out",
            made.certificate,
            "-keyout",
            made.key,
        ]
        if issuer:
            command += ["-CA", self.pair(issuer).certificate, "-CAkey", self.pair(issuer).key]
        for extension in extensions:
            command += ["-addext", extension]
        self.openssl(*command)
        return made

    def openssl(self, *arguments: str | Path) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=TOOL_DEADLINE)


def escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("/", "\\/").replace("+", "\\+")
