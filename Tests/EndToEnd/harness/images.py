# SPDX-License-Identifier: Apache-2.0
"""Container images made from local files, without a registry."""

import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from .errors import HarnessError

TOOL_DEADLINE = 120
# What the shell image has beside busybox: they look names up as our own programs do, through the C library.
TOOLS = ("curl", "getent")
# A static program cannot look names up so, and crashes.
BROKEN = ("wget",)
LOAD_SOURCE = Path(__file__).parent.parent / "images/load.c"

# What most programs look for, and nothing else.
PASSWD = "root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"
GROUP = "root:x:0:\nnobody:x:65534:\n"


@dataclass(frozen=True)
class Image:
    """`files`: path inside → file of this machine. The shared libraries that programs need are added."""

    reference: str
    files: dict[str, Path]
    entrypoint: list[str]
    command: list[str] = field(default_factory=list)
    user: str = "65534:65534"
    environment: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def archive(self, path: Path) -> Path:
        """Writes it as `docker save` would. Equal contents give equal bytes."""
        layer = self.layer()
        digest = hashlib.sha256(layer).hexdigest()
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {
                    "User": self.user,
                    "Entrypoint": self.entrypoint,
                    "Cmd": self.command,
                    "Env": [f"{name}={value}" for name, value in sorted(self.environment.items())],
                },
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            },
            sort_keys=True,
        ).encode()
        name = hashlib.sha256(config).hexdigest()
        manifest = json.dumps(
            [{"Config": f"{name}.json", "RepoTags": [self.reference], "Layers": [f"{digest}/layer.tar"]}]
        ).encode()
        with tarfile.open(path, "w") as tar:
            add(tar, f"{digest}/layer.tar", layer)
            add(tar, f"{name}.json", config)
            add(tar, "manifest.json", manifest)
        return path

    def layer(self) -> bytes:
        files = {inner.lstrip("/"): source for inner, source in self.files.items()}
        for source in self.files.values():
            for library in libraries(source):
                files.setdefault(str(library).lstrip("/"), library)
        output = io.BytesIO()
        with tarfile.open(fileobj=output, mode="w") as tar:
            folders = {"tmp": 0o1777, "etc": 0o755}
            for inner in [*files, *(link.lstrip("/") for link in self.links)]:
                for parent in Path(inner).parents:
                    if str(parent) != ".":
                        folders.setdefault(str(parent), 0o755)
            for folder, mode in sorted(folders.items()):
                entry = tarfile.TarInfo(folder)
                entry.type, entry.mode = tarfile.DIRTYPE, mode
                tar.addfile(entry)
            add(tar, "etc/passwd", PASSWD.encode())
            add(tar, "etc/group", GROUP.encode())
            for inner, source in sorted(files.items()):
                add(tar, inner, source.read_bytes(), 0o755 if source.stat().st_mode & 0o111 else 0o644)
            for link, target in sorted(self.links.items()):
                entry = tarfile.TarInfo(link.lstrip("/"))
                entry.type, entry.linkname = tarfile.SYMTYPE, target
                tar.addfile(entry)
        return output.getvalue()


def add(tar: tarfile.TarFile, name: str, contents: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(contents), mode
    tar.addfile(entry, io.BytesIO(contents))


def libraries(program: Path) -> list[Path]:
    """The shared libraries of a program and its loader, where ldd finds them; none for a static one or another file."""
    with program.open("rb") as file:
        if file.read(4) != b"\x7fELF":
            return []
    said = subprocess.run(["ldd", program], capture_output=True, text=True, timeout=TOOL_DEADLINE, check=False)
    if "not found" in said.stdout:
        raise HarnessError(f"{program} needs libraries that are not here:\n{said.stdout}")
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", said.stdout)]


def static_program(source: Path, output: Path) -> Path:
    subprocess.run(
        ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-o", output, source],
        check=True,
        timeout=TOOL_DEADLINE,
    )
    return output


def stripped(program: Path, output: Path) -> Path:
    """Without what only a debugger needs, which is most of it."""
    subprocess.run(["strip", "-o", output, program], check=True, timeout=TOOL_DEADLINE)
    return output


def standard(work: Path) -> list[Image]:
    """What every cluster has: the pods' pause container, a shell, and a known load."""
    busybox = Path("/bin/busybox")
    if libraries(busybox):
        raise HarnessError("/bin/busybox is not static; install busybox-static")
    load = static_program(LOAD_SOURCE, work / "load")
    tools = {name: Path(found) for name in TOOLS if (found := shutil.which(name))}
    return [
        Image("local/pause:1", {"/bin/busybox": busybox}, ["/bin/busybox", "sleep", "2147483647"]),
        Image(
            "local/shell:1",
            {"/bin/busybox": busybox, **{f"/bin/{name}": path for name, path in tools.items()}},
            ["/bin/sh", "-c"],
            user="0:0",
            environment={"PATH": "/bin"},
            links={f"/bin/{applet}": "busybox" for applet in applets(busybox) if applet not in tools},
        ),
        Image("local/load:1", {"/load": load}, ["/load"]),
    ]


def applets(busybox: Path) -> list[str]:
    said = subprocess.run([busybox, "--list"], capture_output=True, text=True, timeout=TOOL_DEADLINE, check=True)
    return [name for name in said.stdout.split() if name not in ("busybox", *BROKEN)]
