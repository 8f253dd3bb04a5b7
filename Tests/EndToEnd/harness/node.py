# SPDX-License-Identifier: Apache-2.0
"""containerd, kubelet and kube-proxy."""

from . import cgroups
from .component import Component, server
from .layout import DOMAIN, KUBELET_PORT, NODE_ADDRESS, NODE_NAME, POD_RANGE, Layout
from .pki import PKI

CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
PAUSE_IMAGE = "local/pause:1"


def containerd(layout: Layout) -> Component:
    return Component("containerd", ["/usr/bin/containerd", "--config", str(layout.config / "containerd.toml")])


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
            # Or else it waits for the node to be there.
            f"--bind-address={NODE_ADDRESS}",
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


def write_configs(layout: Layout) -> None:
    (layout.config / "cni").mkdir(exist_ok=True)
    (layout.config / "cni/10-pods.conflist").write_text(CNI)
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
# A free one might be the API server's, which starts later.
stream_server_port = "10010"
disable_apparmor = true
# Without CAP_SYS_RESOURCE, as in many containers, no process may lower its score.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "%(cni)s"
"""
