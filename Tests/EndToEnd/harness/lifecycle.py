# SPDX-License-Identifier: Apache-2.0
"""Up, down, and restarting parts of a cluster."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from . import binaries, cgroups, components, images, kubeconfig, namespace, packages
from .api import API
from .control import Control
from .errors import HarnessError
from .images import Image
from .layout import API_SERVICE_ADDRESS, NODE_NAME, Layout
from .pki import PKI
from .waiting import wait_until

READY_DEADLINE = 60
IMPORT_DEADLINE = 60
LOCK_DEADLINE = 120

KUBECONFIGS = ("controller-manager", "scheduler", "proxy", "kubelet")


def up(layout: Layout) -> None:
    """Brings a cluster up in this directory; what is left of an earlier one there is cleaned first."""
    check_machine()
    layout.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not layout.state.exists() and any(entry != layout.lock for entry in layout.root.iterdir()):
        raise HarnessError(f"{layout.root} has something else in it; take an empty or a new directory")
    with locked(layout):
        if namespace.alive(layout.read_state()):
            raise HarnessError(
                f"a cluster runs in {layout.root} already; Tests/EndToEnd/cluster down {layout.root} ends it"
            )
        clean(layout, keep_logs=False)
        cgroups.remove_leftovers()
        layout.write_state({})
        try:
            bring_up(layout)
        except BaseException:
            clean(layout, keep_logs=True)
            raise


def check_machine() -> None:
    if os.geteuid() != 0:
        raise HarnessError("a cluster needs root: it makes namespaces, mounts and cgroups")
    packages.check()
    if names := [name for name in binaries.wanted() if not (binaries.directory() / name).exists()]:
        raise HarnessError(f"not built: {' '.join(names)}; Tests/EndToEnd/cluster build builds them")


def bring_up(layout: Layout) -> None:
    for folder in (layout.logs, layout.config, layout.run, layout.node_logs, layout.root / "cni-cache"):
        folder.mkdir(exist_ok=True)
    # The network plugins keep their cache there, and a mount needs a directory to be made on.
    Path("/var/lib/cni").mkdir(parents=True, exist_ok=True)
    state = namespace.launch(layout)
    cgroups.make(state["pid"])
    pki = PKI(layout.pki)
    pki.make()
    for name in KUBECONFIGS:
        kubeconfig.write(layout.config / f"{name}.kubeconfig", pki, state["port"], name)
    kubeconfig.write(layout.kubeconfig, pki, state["port"], "admin")
    components.write_configs(layout)

    parts = components.components(layout, state)
    start(layout, parts, "etcd", "containerd", "kube-apiserver", "relay")
    with tempfile.TemporaryDirectory(dir=layout.root) as work:
        wait_up(layout, lambda: (layout.run / "containerd/containerd.sock").exists(), "containerd's socket")
        import_images(layout, images.standard(Path(work)))
    api = API(layout)
    wait_up(layout, lambda: api.get("/readyz").status == 200, "the API server")
    start(layout, parts, "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "dnsmasq")
    # Before it has said so, the feed's SIGHUP would end it.
    wait_up(layout, lambda: "started, version" in Control(layout).tail("dnsmasq", 20), "dnsmasq")
    start(layout, parts, "dns-feed")
    wait_up(layout, lambda: node_ready(api), "the node")
    # Pods can be made from here on.
    wait_up(
        layout,
        lambda: api.get("/api/v1/namespaces/default/serviceaccounts/default").status == 200,
        "the default ServiceAccount",
    )
    wait_up(layout, lambda: "kubernetes.default.svc" in (layout.config / "hosts").read_text(), "the cluster's DNS")
    wait_up(layout, lambda: service_reached(state), "kube-proxy's rules")


def start(layout: Layout, parts: dict[str, components.Component], *names: str) -> None:
    control = Control(layout)
    for name in names:
        control.start(name, parts[name].argv, parts[name].environment)


def wait_up(layout: Layout, condition: Callable[[], object], what: str) -> None:
    """Waits, and tells what the components last said when one of them ends or it takes too long."""
    control = Control(layout)
    failures: list[HarnessError] = []

    def asked() -> object:
        try:
            control.check(list(control.ended()))
        except HarnessError as error:
            failures.append(error)
            return True
        return condition()

    try:
        wait_until(asked, READY_DEADLINE, what)
    except HarnessError as error:
        tails = "\n".join(f"--- {name}\n{control.tail(name, 6)}" for name in control.running())
        raise HarnessError(f"{error}\n{tails}") from None
    if failures:
        raise failures[0]


def node_ready(api: API) -> bool:
    node = api.json(f"/api/v1/nodes/{NODE_NAME}")
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"]["conditions"])
    # The taint of a node that was not ready yet is taken off a little later, and keeps pods away until then.
    return ready and not node["spec"].get("taints")


def service_reached(state: dict) -> bool:
    """Whether the API server answers at its Service's address."""
    address = f"https://{API_SERVICE_ADDRESS}/"
    command = ["curl", "--silent", "--insecure", "--connect-timeout", "0.5", "--max-time", "5", address]
    return subprocess.run(namespace.inside(state, command), capture_output=True, check=False).returncode == 0


def import_images(layout: Layout, wanted: list[Image]) -> None:
    """Makes images known to the cluster's containerd."""
    with tempfile.TemporaryDirectory(dir=layout.root) as work:
        for number, image in enumerate(wanted):
            import_archive(layout, image.archive(Path(work) / f"{number}.tar"), image.reference)


def import_archive(layout: Layout, archive: Path, reference: str) -> None:
    """The same for an image that is there as `docker save` writes one."""
    done = subprocess.run(
        namespace.inside(layout.read_state(), ["ctr", "--namespace", "k8s.io", "images", "import", str(archive)]),
        capture_output=True,
        text=True,
        timeout=IMPORT_DEADLINE,
        check=False,
    )
    if done.returncode != 0:
        raise HarnessError(f"{reference} could not be imported: {done.stderr.strip()}")


def down(layout: Layout) -> None:
    """Ends the cluster and removes all that it made, except for its logs. Nothing to do is no error."""
    if not layout.state.exists():
        return
    with locked(layout):
        clean(layout, keep_logs=True)


def clean(layout: Layout, keep_logs: bool) -> None:
    state = layout.read_state()
    namespace.end(state)
    if "pid" in state:
        cgroups.remove(state["pid"])
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    if inner := [mount for mount in mounts if Path(mount).is_relative_to(layout.root) and Path(mount) != layout.root]:
        raise HarnessError(f"not removing {layout.root}: something is mounted in it: {' '.join(inner)}")
    # The record goes last: a clean-up that was interrupted can be done again.
    for entry in layout.root.iterdir():
        if entry not in (layout.state, layout.lock) and not (keep_logs and entry == layout.logs):
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    if keep_logs:
        layout.write_state({})
    else:
        layout.state.unlink(missing_ok=True)


def start_again(layout: Layout, name: str) -> None:
    """Starts a component that was stopped."""
    start(layout, components.components(layout, layout.read_state()), name)


def restart(layout: Layout, name: str) -> None:
    if name not in status(layout):
        raise HarnessError(f"no component {name} runs here; there are {' '.join(status(layout)) or 'none'}")
    Control(layout).stop(name)
    start_again(layout, name)


def status(layout: Layout) -> dict[str, str]:
    """Each component and how it is; empty when no cluster runs."""
    state = layout.read_state()
    if not namespace.alive(state):
        return {}
    control = Control(layout)
    running, ended = control.running(), control.ended()

    def how(name: str) -> str:
        if name in running:
            return f"runs, process {running[name]}"
        return f"ended with status {ended[name]}" if name in ended else "not started"

    return {name: how(name) for name in components.components(layout, state)}


@contextlib.contextmanager
def locked(layout: Layout) -> Iterator[None]:
    """One up or down at a time in a directory."""
    with layout.lock.open("w") as lock:

        def held() -> bool:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                return False

        wait_until(held, LOCK_DEADLINE, f"another command on {layout.root}")
        yield
