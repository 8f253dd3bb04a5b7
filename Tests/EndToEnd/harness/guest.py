# SPDX-License-Identifier: Apache-2.0
"""Boots a real kernel with cgroup v2 in qemu and runs a script in it.

The script reports with `section NAME COMMAND…`: what the command prints comes back under that name.
"""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .errors import HarnessError
from .images import libraries
from .kernel import kernel

TOOL_DEADLINE = 60
BEGIN, END, DONE = "@@begin", "@@end", "@@done"

INIT = f"""\
#!/bin/sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t devtmpfs none /dev
mount -t proc none /proc
mount -t sysfs none /sys
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs none /tmp
section() {{
    name=$1; shift
    echo "{BEGIN} $name"; "$@" 2>&1; status=$?; echo; echo "{END} $name $status"
}}
# must COMMAND…: tries until it succeeds; after 1200 tries, of a minute and more, all ends.
must() {{
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        if [ $tries -gt 1200 ]; then echo "must: $*: it never did"; tail /tmp/a*; poweroff -f; fi
        usleep 50000
    done
}}
# The firmware left the cursor somewhere.
echo
. /script
echo "{DONE}"
poweroff -f
"""


@dataclass(frozen=True)
class Section:
    status: int
    text: str


def boot(script: str, files: dict[str, Path], deadline: float) -> dict[str, Section]:
    """Runs the script with these files (path inside → file here) in a fresh virtual machine; returns its sections."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        command = [
            "qemu-system-x86_64",
            "-accel",
            "tcg",
            "-cpu",
            "max",
            "-smp",
            "2",
            "-m",
            "512",
            "-nographic",
            "-no-reboot",
            "-net",
            "none",
            "-kernel",
            str(kernel()),
            "-initrd",
            str(initramfs(work, script, files)),
            "-append",
            "console=ttyS0 quiet psi=1 panic=-1",
        ]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=deadline, check=False)
        except subprocess.TimeoutExpired as late:
            said = (late.stdout or b"").decode(errors="replace")
            raise HarnessError(f"the guest was not done within {deadline:g} s; it said:\n{said[-3000:]}") from None
    said = done.stdout.decode(errors="replace").replace("\r", "")
    if f"\n{DONE}\n" not in said:
        raise HarnessError(f"the guest stopped early; it said:\n{said[-3000:]}{done.stderr.decode()[-1000:]}")
    return sections(said)


def sections(said: str) -> dict[str, Section]:
    pattern = rf"^{BEGIN} (\S+)\n(.*?)\n?^{END} \1 (\d+)$"
    return {
        name: Section(int(status), text.strip("\n"))
        for name, text, status in re.findall(pattern, said, re.MULTILINE | re.DOTALL)
    }


def initramfs(work: Path, script: str, files: dict[str, Path]) -> Path:
    root = work / "root"
    for folder in ("bin", "dev", "proc", "sys", "tmp", "etc"):
        (root / folder).mkdir(parents=True)
    wanted = {"/bin/busybox": Path("/bin/busybox"), **files}
    for source in list(wanted.values()):
        for library in libraries(source):
            wanted.setdefault(str(library), library)
    for inner, source in wanted.items():
        target = root / inner.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        target.chmod(0o755)
    (root / "bin/sh").symlink_to("busybox")
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    (root / "script").write_text(script)
    archive = work / "initramfs"
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    with archive.open("wb") as output:
        subprocess.run(
            ["cpio", "--create", "--format=newc", "--quiet"],
            cwd=root,
            input=names.encode(),
            stdout=output,
            timeout=TOOL_DEADLINE,
            check=True,
        )
    return archive
