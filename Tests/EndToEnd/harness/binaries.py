# SPDX-License-Identifier: Apache-2.0
"""Kubernetes' own programs, built from Debian's source package and kept in a cache.

Debian's source package carries the whole of Kubernetes with its vendored dependencies; its binary package only kubectl.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from .errors import HarnessError

# What Debian 12 has the source of.
VERSION = "1.20.2"

SERVERS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")

# An idle machine takes 7 minutes; one that is busy with something else may take several times that.
BUILD_DEADLINE = 3600
DOWNLOAD_DEADLINE = 600

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "metrics-push"


def directory() -> Path:
    return cache() / f"kubernetes-{VERSION}"


def wanted() -> list[str]:
    """A kubectl of the user's own is preferred: tests then run against the version people have."""
    own = [] if shutil.which("kubectl") else ["kubectl"]
    return [*SERVERS, *own]


def kubectl() -> str:
    return shutil.which("kubectl") or str(directory() / "kubectl")


def faulty() -> list[str]:
    """The programs that are not there or do not say that they are the version wanted."""
    return [name for name in wanted() if not works(directory() / name)]


def works(program: Path) -> bool:
    if not os.access(program, os.X_OK):
        return False
    arguments = ["version", "--client", "--short"] if program.name == "kubectl" else ["--version"]
    said = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)
    return said.returncode == 0 and f"v{VERSION}" in said.stdout


def build() -> None:
    """Builds what is missing. Programs appear in the cache complete or not at all."""
    names = faulty()
    if not names:
        print(f"cluster: Kubernetes {VERSION} is built: {directory()}")
        return
    print(
        f"cluster: building Kubernetes {VERSION}: {' '.join(names)} (about 7 minutes on 2 idle cores) ...", flush=True
    )
    began = time.monotonic()
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=cache()) as name:
        work = Path(name)
        built = compile_tree(unpack(download(work), work), work, names)
        directory().mkdir(exist_ok=True)
        for program in names:
            shutil.move(built / program, directory() / f".{program}")
            (directory() / f".{program}").replace(directory() / program)
    if names := faulty():
        raise HarnessError(f"built, but does not run as v{VERSION}: {' '.join(names)} in {directory()}")
    print(f"cluster: built in {time.monotonic() - began:.0f} s: {directory()}")


def download(work: Path) -> Path:
    """The upstream tarball, its signature chain checked by apt, without touching the machine's apt configuration."""
    listing = work / "sources.list"
    listing.write_text(source_lines())
    lists = work / "lists"
    (lists / "partial").mkdir(parents=True)
    apt = [
        "apt-get",
        "-qq",
        "-o",
        f"Dir::Etc::SourceList={listing}",
        "-o",
        "Dir::Etc::SourceParts=/dev/null",
        "-o",
        f"Dir::State::Lists={lists}",
        "-o",
        "APT::Sandbox::User=root",
    ]
    log = work / "download.log"
    run([*apt, "update"], work, log, DOWNLOAD_DEADLINE)
    run([*apt, "source", "--download-only", "kubernetes"], work, log, DOWNLOAD_DEADLINE)
    tarballs = list(work.glob(f"kubernetes_*{VERSION}.orig.tar.*"))
    if not tarballs:
        raise HarnessError(f"this machine's Debian mirror has no Kubernetes {VERSION} source; Debian 12 has")
    return tarballs[0]


def source_lines() -> str:
    """deb-src lines for the mirror and suite that this machine installs from."""
    said = subprocess.run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(REPO_URI) $(CODENAME) $(COMPONENT) $(ORIGIN)",
            "Created-By: Packages",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    option = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    lines = set()
    for line in said.stdout.splitlines():
        address, codename, component, origin = line.split(" ", 3)
        if origin == "Debian" and component == "main":
            lines.add(f"deb-src {option}{address} {codename} main\n")
    if not lines:
        raise HarnessError("apt knows no Debian mirror here; run apt-get update once")
    return "".join(sorted(lines))


def unpack(tarball: Path, work: Path) -> Path:
    tree = work / "go/src/k8s.io/kubernetes"
    tree.mkdir(parents=True)
    run(
        ["tar", "--extract", "--file", tarball, "--directory", tree, "--strip-components=1"],
        work,
        work / "unpack.log",
        DOWNLOAD_DEADLINE,
    )
    return tree


def compile_tree(tree: Path, work: Path, names: list[str]) -> Path:
    """In GOPATH mode, as Debian's package does; nothing is fetched."""
    environment = {
        **os.environ,
        "GOPATH": str(work / "go"),
        "GOCACHE": str(work / "go-cache"),
        "GO111MODULE": "off",
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
        "KUBE_GIT_VERSION": f"v{VERSION}",
        "KUBE_GIT_TREE_STATE": "clean",
        "KUBE_GIT_COMMIT": "debian",
        "KUBE_GIT_MAJOR": "1",
        "KUBE_GIT_MINOR": "20",
    }
    targets = " ".join(f"cmd/{name}" for name in names)
    run(["nice", "-n", "10", "make", f"WHAT={targets}"], tree, work / "build.log", BUILD_DEADLINE, environment)
    return tree / "_output/bin"


def run(command: list, folder: Path, log: Path, deadline: float, environment: dict[str, str] | None = None) -> None:
    with log.open("a") as output:
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            outcome = f"status {child.wait(timeout=deadline)}"
        except subprocess.TimeoutExpired:
            outcome = f"not done within {deadline:g} s"
        finally:
            # A compiler must not outlive the make that started it.
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
    if child.returncode != 0:
        lines = log.read_text(errors="replace").splitlines()[-30:]
        raise HarnessError(f"{' '.join(map(str, command[:6]))}: {outcome}\n" + "\n".join(lines))
