# SPDX-License-Identifier: Apache-2.0
"""The cgroup below which the kubelet makes `kubepods`. It is ours, and named so that leftovers can be told."""

import os
import signal
from functools import partial
from pathlib import Path

from .errors import HarnessError
from .layout import CGROUP_PREFIX
from .waiting import wait_until

MOUNT = Path("/sys/fs/cgroup")
REMOVE_DEADLINE = 15
CONTROLLERS = ("cpuset", "cpu", "io", "memory", "pids")


def unified() -> bool:
    return (MOUNT / "cgroup.controllers").exists()


def hierarchies() -> list[Path]:
    """All in which a process has a place: v2's one, or v1's several, and next to those an empty v2 one."""
    if unified():
        return [MOUNT]
    return sorted({entry.resolve() for entry in MOUNT.iterdir() if (entry / "cgroup.procs").exists()})


def name(owner: int) -> str:
    return f"{CGROUP_PREFIX}{owner}"


def make(owner: int) -> None:
    for hierarchy in hierarchies():
        top = hierarchy / name(owner)
        try:
            top.mkdir(exist_ok=True)
            if (hierarchy / "cgroup.controllers").exists():
                enable(hierarchy)
                enable(top)
            else:
                # A v1 cpuset starts without any CPU and would take no process.
                for file in ("cpuset.cpus", "cpuset.mems"):
                    if (top / file).exists():
                        (top / file).write_text((hierarchy / file).read_text())
        except OSError as error:
            raise HarnessError(f"cannot make a cgroup in {hierarchy}: {error.strerror}; this needs root") from None


def enable(group: Path) -> None:
    available = (group / "cgroup.controllers").read_text().split()
    for controller in CONTROLLERS:
        if controller in available:
            (group / "cgroup.subtree_control").write_text(f"+{controller}")


def remove(owner: int) -> None:
    for hierarchy in hierarchies():
        top = hierarchy / name(owner)
        if top.exists():
            wait_until(partial(removed, top), REMOVE_DEADLINE, f"the removal of {top}")


def removed(top: Path) -> bool:
    """Ends what is left in a cgroup of ours, and removes it from the leaves up."""
    for folder, _, _ in os.walk(top, topdown=False):
        try:
            for pid in (Path(folder) / "cgroup.procs").read_text().split():
                os.kill(int(pid), signal.SIGKILL)
            os.rmdir(folder)
        except (FileNotFoundError, ProcessLookupError):
            pass
        except OSError:
            # Busy: the kernel has not let go of its processes yet.
            return False
    return not top.exists()


def remove_leftovers() -> None:
    """Those of clusters whose owner is dead and whose directory is lost."""
    for hierarchy in hierarchies():
        for top in hierarchy.glob(f"{CGROUP_PREFIX}*"):
            owner = top.name.removeprefix(CGROUP_PREFIX)
            if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
                remove(int(owner))
