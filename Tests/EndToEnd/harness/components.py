# SPDX-License-Identifier: Apache-2.0
"""The cluster's programs and their command lines."""

import sys
from dataclasses import dataclass, field

from . import binaries, cgroups
from .layout import DOMAIN, KUBELET_PORT, NODE_ADDRESS, NODE_NAME, POD_RANGE, SERVICE_RANGE, Layout
from .pki import PKI

ETCD = "http://127.0.0.1:2379"
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
ISSUER = f"https://kubernetes.default.svc.{DOMAIN}"
PAUSE_IMAGE = "local/pause:1"


@dataclass(frozen=True)
class Component:
    name: str
    argv: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def components(layout: Layout, state: dict) -> dict[str, Component]:
    pki = PKI(layout.pki)
    made = [
        relay(state),
        etcd(layout),
        containerd(layout),
        apiserver(pki, state),
        controller_manager(layout, pki),
        scheduler(layout),
        kubelet(layout, pki, state),
        proxy(layout),
        dnsmasq(layout),
        dns_feed(layout),
    ]
    return {component.name: component for component in made}


def server(name: str) -> str:
    return str(binaries.directory() / name)


def python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"{__package__}.{module}", *arguments]


def relay(state: dict) -> Component:
    return Component("relay", python("relay", str(state["relay"]), str(state["port"])))


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


def containerd(layout: Layout) -> Component:
    return Component("containerd", ["/usr/bin/containerd", "--config", str(layout.config / "containerd.toml")])


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


def kubelet(layout: Layout, pki: PKI, state: dict) -> Component:
    serving = pki.pair("kubelet-server")
    return Component(
        "kubelet",
        [
            server("kubelet"),
            f"--kubeconfig={layout.config / 'kubelet.kubeconfig'}",
            f"--hostname-override={NODE_NAME}",
            f"--node-ip={NODE_ADDRESS}",
            f"--root-dir={layout.root / 'kubelet'}",
            "--container-runtime=remote",
            f"--container-runtime-endpoint=unix://{CONTAINERD_SOCKET}",
            f"--pod-infra-container-image={PAUSE_IMAGE}",
            "--cgroup-driver=cgroupfs",
            f"--cgroup-root=/{cgroups.name(state['pid'])}",
            "--fail-swap-on=false",
            "--address=0.0.0.0",
            f"--port={KUBELET_PORT}",
            "--healthz-port=0",
            "--read-only-port=0",
            f"--tls-cert-file={serving.certificate}",
            f"--tls-private-key-file={serving.key}",
            f"--client-ca-file={pki.pair('ca').certificate}",
            "--anonymous-auth=false",
            "--authentication-token-webhook=true",
            "--authorization-mode=Webhook",
            f"--cluster-dns={NODE_ADDRESS}",
            f"--cluster-domain={DOMAIN}",
            f"--resolv-conf={layout.config / 'resolv.conf'}",
            # How often it looks whether it is ready by now.
            "--node-status-update-frequency=1s",
            # Images were imported and cannot be pulled again, and the machine's disk is not the tests' business.
            "--image-gc-high-threshold=100",
            "--eviction-hard=",
            "--serialize-image-pulls=false",
        ],
        {
            # It carries a credential provider that would ask an address outside.
            "AWS_EC2_METADATA_DISABLED": "true",
        },
    )


def proxy(layout: Layout) -> Component:
    return Component(
        "kube-proxy",
        [
            server("kube-proxy"),
            f"--kubeconfig={layout.config / 'proxy.kubeconfig'}",
            f"--hostname-override={NODE_NAME}",
            "--proxy-mode=iptables",
            f"--cluster-cidr={POD_RANGE}",
            "--healthz-bind-address=",
            "--metrics-bind-address=127.0.0.1:10249",
            # Zero leaves the machine's connection tracking as it is.
            "--conntrack-max-per-core=0",
            "--conntrack-min=0",
            "--conntrack-tcp-timeout-established=0s",
            "--conntrack-tcp-timeout-close-wait=0s",
        ],
    )


def dnsmasq(layout: Layout) -> Component:
    return Component(
        "dnsmasq",
        [
            "/usr/sbin/dnsmasq",
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--user=root",
            "--group=root",
            "--pid-file=",
            "--log-facility=-",
            f"--listen-address={NODE_ADDRESS}",
            "--bind-interfaces",
            "--no-resolv",
            # Every name is ours: what is not in the file does not exist.
            "--no-hosts",
            f"--addn-hosts={layout.config / 'hosts'}",
            "--local=/#/",
            "--local-ttl=1",
        ],
    )


def dns_feed(layout: Layout) -> Component:
    return Component("dns-feed", python("dns", str(layout.root)))


def write_configs(layout: Layout) -> None:
    layout.config.mkdir(exist_ok=True)
    (layout.config / "cni").mkdir(exist_ok=True)
    (layout.config / "cni/10-pods.conflist").write_text(CNI)
    (layout.config / "hosts").write_text("")
    (layout.config / "resolv.conf").write_text(f"nameserver {NODE_ADDRESS}\n")
    (layout.config / "containerd.toml").write_text(
        CONTAINERD
        % {
            "root": layout.root / "containerd",
            "socket": CONTAINERD_SOCKET,
            "pause": PAUSE_IMAGE,
            "cni": layout.config / "cni",
        }
    )


# Each pod has a link of its own to the node, which routes: so kube-proxy's rules see every packet.
CNI = f"""\
{{
  "cniVersion": "0.4.0",
  "name": "pods",
  "plugins": [{{
    "type": "ptp",
    "ipam": {{
      "type": "host-local", "ranges": [[{{"subnet": "{POD_RANGE}"}}]], "routes": [{{"dst": "0.0.0.0/0"}}],
      "dataDir": "/run/cni"
    }}
  }}]
}}
"""

CONTAINERD = """\
version = 2
root = "%(root)s"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs"]
[grpc]
address = "%(socket)s"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "%(pause)s"
disable_apparmor = true
# Without CAP_SYS_RESOURCE, as in many containers, no process may lower its score.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "%(cni)s"
"""
