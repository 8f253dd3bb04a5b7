# SPDX-License-Identifier: Apache-2.0
"""All programs of a cluster."""

from . import control_plane, node
from .component import Component, python
from .layout import NODE_ADDRESS, Layout
from .pki import PKI


def components(layout: Layout, state: dict) -> dict[str, Component]:
    pki = PKI(layout.pki)
    made = [
        relay(state),
        control_plane.etcd(layout),
        node.containerd(layout),
        control_plane.apiserver(pki, state),
        control_plane.controller_manager(layout, pki),
        control_plane.scheduler(layout),
        node.kubelet(layout, pki, state),
        node.proxy(layout),
        dnsmasq(layout),
        dns_feed(layout),
    ]
    return {component.name: component for component in made}


def write_configs(layout: Layout) -> None:
    node.write_configs(layout)
    (layout.config / "hosts").write_text("")


def relay(state: dict) -> Component:
    return Component("relay", python("relay", str(state["relay"]), str(state["port"])))


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
