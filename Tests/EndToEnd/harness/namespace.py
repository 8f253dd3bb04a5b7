# SPDX-License-Identifier: Apache-2.0
"""The cluster's own namespaces: processes, mounts, network and host name.

All that a cluster's programs do to a machine happens in them: mounts, network devices, iptables rules, sysctls of the
network. They vanish with the last process in them, so nothing can be left behind and nothing of the machine is touched.
There is no way out of the network namespace: it has no device but the loopback one and the pods', and no default route.
"""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from .errors import HarnessError
from .layout import NODE_ADDRESS, NODE_NAME, SERVICE_RANGE, Layout
from .waiting import wait_until

KINDS = ("--mount", "--net", "--pid", "--uts")
TOOL_DEADLINE = 30
START_DEADLINE = 15
END_DEADLINE = 20

# What no namespace keeps from the machine: kube-proxy would load kernel modules that it has no use for.
NOT_NAMESPACED = ("sys_module", "sys_time", "sys_boot")

# The kubelet wants these of a machine and would set them. In the cluster they read so, and the machine's stay.
SYSCTLS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}


def launch(layout: Layout) -> dict:
    """Starts a supervisor in fresh namespaces; returns what is needed to find it again, and the API server's port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    port, inherited = listener.getsockname()[1], listener.fileno()
    command = [
        "unshare",
        *KINDS,
        "--fork",
        "--kill-child=SIGKILL",
        "--mount-proc",
        "setpriv",
        f"--bounding-set={','.join('-' + name for name in NOT_NAMESPACED)}",
        sys.executable,
        "-m",
        f"{__package__}.supervisor",
        str(layout.root),
        str(inherited),
    ]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    with (layout.logs / "supervisor.log").open("ab") as log:
        keeper = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
            pass_fds=[inherited],
        )
    listener.close()
    state = {"pid": keeper.pid, "started": start_time(keeper.pid), "port": port, "relay": inherited}
    layout.write_state(state)
    try:
        wait_until(lambda: layout.socket.exists() or keeper.poll() is not None, START_DEADLINE, "the supervisor")
        if keeper.poll() is not None:
            raise HarnessError("the supervisor did not start")
    except HarnessError as error:
        raise HarnessError(f"{error}\n{(layout.logs / 'supervisor.log').read_text()[-2000:]}") from None
    # The keeper waits outside of the process namespace that it made; its only child is the first process inside.
    state["init"] = int(Path(f"/proc/{keeper.pid}/task/{keeper.pid}/children").read_text().split()[0])
    layout.write_state(state)
    return state


def furnish(layout: Layout) -> None:
    """Called by the first process inside."""
    socket.sethostname(NODE_NAME)
    # Volumes whose mounts are to be seen in pods need this; it reaches no further than this namespace.
    tool("mount", "--make-rshared", "/")
    bind(layout.run, "/run")
    bind(layout.node_logs, "/var/log")
    bind(layout.root / "cni-cache", "/var/lib/cni")
    for name, value in SYSCTLS.items():
        file = layout.config / "sysctl" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(value + "\n")
        if Path("/proc/sys", name).exists():
            bind(file, f"/proc/sys/{name}")
    tool("ip", "link", "set", "lo", "up")
    tool("ip", "address", "add", f"{NODE_ADDRESS}/32", "dev", "lo")
    # Services' addresses are rewritten by kube-proxy's rules, but a route is looked up before that.
    tool("ip", "route", "add", SERVICE_RANGE, "dev", "lo", "src", NODE_ADDRESS)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")


def bind(source: Path, target: str) -> None:
    tool("mount", "--bind", str(source), target)


def tool(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=TOOL_DEADLINE, check=False)
    if done.returncode != 0:
        raise HarnessError(f"{' '.join(command)}: {done.stderr.strip()}")


def inside(state: dict, command: list[str]) -> list[str]:
    """The command line that runs a command in the namespaces."""
    if not alive(state):
        raise HarnessError("the cluster does not run")
    return ["nsenter", "--target", str(state["init"]), *KINDS, "--", *command]


def start_time(pid: int) -> int | None:
    """When a process started, in clock ticks since boot: with its id, this names it for good. None: it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def alive(state: dict) -> bool:
    return "pid" in state and start_time(state["pid"]) == state["started"]


def end(state: dict) -> None:
    """Ends every process of the cluster: the keeper's end is that of the first process, and this that of all others."""
    if not alive(state):
        return
    init = state.get("init")
    os.kill(state["pid"], signal.SIGKILL)
    wait_until(lambda: not alive(state), END_DEADLINE, "the end of the cluster's processes")
    # It is gone, or waits to be reaped, only when every other process of the namespace is.
    if init:
        wait_until(lambda: start_time(init) is None, END_DEADLINE, "the end of the cluster's first process")
