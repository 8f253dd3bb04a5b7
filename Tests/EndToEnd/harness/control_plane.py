# SPDX-License-Identifier: Apache-2.0
"""etcd, API server, controller manager and scheduler."""

from .component import Component, server
from .layout import DOMAIN, NODE_ADDRESS, SERVICE_RANGE, Layout
from .pki import PKI

ETCD = "http://127.0.0.1:2379"
ISSUER = f"https://kubernetes.default.svc.{DOMAIN}"


def etcd(layout: Layout) -> Component:
    return Component(
        "etcd",
        [
            "/usr/bin/etcd",
            "--data-dir",
            str(layout.root / "etcd"),
            "--unsafe-no-fsync",
            "--listen-client-urls",
            ETCD,
            "--advertise-client-urls",
            ETCD,
            "--listen-peer-urls",
            "http://127.0.0.1:2380",
            "--initial-advertise-peer-urls",
            "http://127.0.0.1:2380",
            "--initial-cluster",
            "default=http://127.0.0.1:2380",
        ],
    )


def apiserver(pki: PKI, state: dict) -> Component:
    serving, kubelet_client, front = (
        pki.pair("apiserver"),
        pki.pair("apiserver-kubelet-client"),
        pki.pair("front-proxy-client"),
    )
    ca = pki.pair("ca").certificate
    return Component(
        "kube-apiserver",
        [
            server("kube-apiserver"),
            f"--etcd-servers={ETCD}",
            "--bind-address=0.0.0.0",
            f"--advertise-address={NODE_ADDRESS}",
            f"--secure-port={state['port']}",
            "--insecure-port=0",
            f"--tls-cert-file={serving.certificate}",
            f"--tls-private-key-file={serving.key}",
            f"--client-ca-file={ca}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
            f"--service-account-issuer={ISSUER}",
            f"--service-account-key-file={pki.folder / 'service-account.pub'}",
            f"--service-account-signing-key-file={pki.folder / 'service-account.key'}",
            f"--kubelet-client-certificate={kubelet_client.certificate}",
            f"--kubelet-client-key={kubelet_client.key}",
            f"--kubelet-certificate-authority={ca}",
            "--kubelet-preferred-address-types=InternalIP",
            # The aggregation layer.
            f"--requestheader-client-ca-file={pki.pair('front-proxy-ca').certificate}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={front.certificate}",
            f"--proxy-client-key-file={front.key}",
            "--enable-aggregator-routing=true",
            "--profiling=false",
        ],
    )


def controller_manager(layout: Layout, pki: PKI) -> Component:
    config = str(layout.config / "controller-manager.kubeconfig")
    return Component(
        "kube-controller-manager",
        [
            server("kube-controller-manager"),
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            "--bind-address=127.0.0.1",
            "--port=0",
            "--leader-elect=false",
            "--use-service-account-credentials=true",
            f"--root-ca-file={pki.pair('ca').certificate}",
            f"--service-account-private-key-file={pki.folder / 'service-account.key'}",
            # Scaling in seconds instead of minutes, for tests that wait for it.
            "--horizontal-pod-autoscaler-sync-period=5s",
            "--horizontal-pod-autoscaler-downscale-stabilization=15s",
            "--horizontal-pod-autoscaler-cpu-initialization-period=10s",
            "--horizontal-pod-autoscaler-initial-readiness-delay=5s",
        ],
    )


def scheduler(layout: Layout) -> Component:
    config = str(layout.config / "scheduler.kubeconfig")
    return Component(
        "kube-scheduler",
        [
            server("kube-scheduler"),
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            "--bind-address=127.0.0.1",
            "--port=0",
            "--leader-elect=false",
        ],
    )
