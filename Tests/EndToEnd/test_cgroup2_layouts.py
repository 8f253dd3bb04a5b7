# SPDX-License-Identifier: Apache-2.0
"""Every way in which nodes lay out their pods' cgroups, as real cgroups of a cgroup v2 kernel."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import guest, images, programs

UID = "9b1f2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
STATIC = "0123456789abcdef0123456789abcdef"
BOOT_DEADLINE = 240
# Of the process in each container, MiB.
MEMORY = 4


@dataclass(frozen=True)
class Layout:
    name: str
    root: str
    # Below the root.
    pod: str
    # The container's directory, with {} for its id.
    entry: str
    qos: str
    driver: str
    uid: str = UID
    # Where the process is, below the container's directory.
    inner: str = ""

    @property
    def container(self) -> str:
        return f"{LAYOUTS.index(self) + 1:064x}"

    @property
    def path(self) -> str:
        return "/".join(part for part in (self.root, self.pod, self.entry.format(self.container)) if part)


def slices(prefix: str, qos: str, uid: str = UID) -> str:
    name = uid.replace("-", "_")
    return f"{prefix}-{qos}.slice/{prefix}-{qos}-pod{name}.slice" if qos else f"{prefix}-pod{name}.slice"


SYSTEMD, KIND, NESTED = "kubepods.slice", "kubelet.slice/kubelet-kubepods.slice", "a.slice/a-b.slice/a-b-kubepods.slice"
BURSTABLE = slices("kubepods", "burstable")
LAYOUTS = [
    Layout("L1", SYSTEMD, BURSTABLE, "cri-containerd-{}.scope", "Burstable", "systemd"),
    Layout("L2", SYSTEMD, slices("kubepods", ""), "cri-containerd-{}.scope", "Guaranteed", "systemd"),
    Layout("L3", SYSTEMD, BURSTABLE, "crio-{}.scope", "Burstable", "systemd", inner="container"),
    Layout("L4", SYSTEMD, BURSTABLE, "docker-{}.scope", "Burstable", "systemd"),
    Layout("L5", "kubepods", f"burstable/pod{UID}", "{}", "Burstable", "cgroupfs"),
    Layout("L5-guaranteed", "kubepods", f"pod{UID}", "{}", "Guaranteed", "cgroupfs"),
    Layout("L6", "kubepods", f"besteffort/pod{UID}", "crio-{}", "BestEffort", "cgroupfs"),
    Layout("L7", KIND, slices("kubelet-kubepods", "besteffort"), "cri-containerd-{}.scope", "BestEffort", "systemd"),
    Layout("L8", "kubelet/kubepods", f"besteffort/pod{UID}", "{}", "BestEffort", "cgroupfs"),
    Layout("L9", NESTED, slices("a-b-kubepods", "burstable"), "cri-containerd-{}.scope", "Burstable", "systemd"),
    Layout("L10", f"docker/{'d' * 64}/kubepods", f"burstable/pod{UID}", "{}", "Burstable", "cgroupfs"),
    Layout("L13", SYSTEMD, slices("kubepods", "", STATIC), "cri-containerd-{}.scope", "Guaranteed", "systemd", STATIC),
]
SLICE = BURSTABLE.rpartition("/")[2]
STRAYS = {
    "L11": f"system.slice/containerd.service/{SLICE}:cri-containerd:{'e' * 64}",
    "L12": f"{SLICE}:cri-containerd:{'f' * 64}",
}
KATA_UID, KATA_CONTAINER = "aaaa1111-4e5f-6071-8293-a4b5c6d7e8f9", "c" * 64
KATA = f"kubepods.slice/{slices('kubepods', 'burstable', KATA_UID)}/kata_{'7' * 64}"
ROOTS = list(dict.fromkeys(layout.root for layout in LAYOUTS))

SCRIPT = f"""\
top=/sys/fs/cgroup
# A cgroup with its accounting on; none on the way has processes of its own.
make() {{
    path=$top
    for part in "" $(echo ${{1%/*}} | tr / ' '); do
        path=$path/$part
        mkdir -p $path
        for controller in cpu memory pids; do echo +$controller >$path/cgroup.subtree_control; done
    done
    mkdir -p $top/$1
}}
place() {{
    sh -c 'echo $$ >$0/cgroup.procs; exec /load --memory {MEMORY}' $top/$1 >/tmp/$2 &
}}
link() {{
    mkdir -p /var/log/containers /var/log/pods
    ln -s /var/log/pods/shop_$1_$2/app/0.log /var/log/containers/$1_shop_app-$3.log
}}
for top_level in {" ".join(f'"{path}"' for path in [*STRAYS.values(), KATA] if "/" in path)}; do make "$top_level"; done
mkdir "$top/{STRAYS["L12"]}"
{chr(10).join(f'make {layout.path}; mkdir -p $top/{layout.path}/{layout.inner}' for layout in LAYOUTS)}
{chr(10).join(f'place {layout.path}/{layout.inner} {layout.name}' for layout in LAYOUTS)}
{chr(10).join(f'place {path} {name}' for name, path in STRAYS.items())}
place {KATA} kata
link vm {KATA_UID} {KATA_CONTAINER}
for name in {" ".join([layout.name for layout in LAYOUTS] + list(STRAYS))} kata; do must grep -q ready /tmp/$name; done
{chr(10).join(f'section {index} /agent --dump -o json --node-name guest --kubepods-root {root}' for index, root in enumerate(ROOTS))}
section alone /agent --dump --node-name guest
"""


@pytest.fixture(scope="module")
def dumps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, guest.Section]:
    load = images.static_program(images.LOAD_SOURCE, tmp_path_factory.mktemp("guest") / "load")
    files: dict[str, Path] = {"/agent": programs.built("agent"), "/load": load}
    return guest.boot(SCRIPT, files, BOOT_DEADLINE)


def lines(dumps: dict[str, guest.Section], root: str) -> list[dict]:
    section = dumps[str(ROOTS.index(root))]
    assert section.status == 0, section.text
    return [json.loads(line) for line in section.text.splitlines() if line.startswith("{")]


def container(dumps: dict[str, guest.Section], root: str, identifier: str) -> dict:
    found = [line for line in lines(dumps, root) if line.get("container_id") == identifier]
    assert len(found) == 1
    return found[0]


def has_figures(found: dict) -> None:
    assert found["cpu_nanoseconds"] > 0
    assert MEMORY <= found["working_set_bytes"] / 2**20 <= MEMORY + 5
    assert found["usage_bytes"] >= found["working_set_bytes"]


@pytest.mark.parametrize("layout", LAYOUTS, ids=[layout.name for layout in LAYOUTS])
def test_a_container_is_found_and_read(dumps: dict[str, guest.Section], layout: Layout) -> None:
    node = lines(dumps, layout.root)[0]
    assert (node["cgroup_mode"], node["cgroup_driver"]) == ("v2", layout.driver)
    found = container(dumps, layout.root, layout.container)
    assert (found["pod_uid"], found["qos"], found["cgroup"]) == (layout.uid, layout.qos, layout.path)
    has_figures(found)


def test_nothing_else_is_taken_for_a_container(dumps: dict[str, guest.Section]) -> None:
    expected = {layout.container for layout in LAYOUTS if layout.root == SYSTEMD}
    expected |= {path[-64:] for path in STRAYS.values()} | {KATA_CONTAINER}
    found = [line["container_id"] for line in lines(dumps, SYSTEMD) if line["kind"] in ("container", "sandbox")]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("name", STRAYS)
def test_a_container_outside_of_its_pod_is_found(dumps: dict[str, guest.Section], name: str) -> None:
    found = container(dumps, SYSTEMD, STRAYS[name][-64:])
    assert (found["pod_uid"], found["qos"], found["cgroup"]) == (UID, "Burstable", STRAYS[name])
    has_figures(found)


def test_the_container_in_a_virtual_machine_has_what_its_pod_uses(dumps: dict[str, guest.Section]) -> None:
    found = container(dumps, SYSTEMD, KATA_CONTAINER)
    assert (found["pod_uid"], found["pod"], found["container"]) == (KATA_UID, "vm", "app")
    assert found["cgroup"] == KATA.rpartition("/")[0]
    has_figures(found)


def test_of_several_roots_none_is_guessed(dumps: dict[str, guest.Section]) -> None:
    assert dumps["alone"].status == 1
    assert "several roots" in dumps["alone"].text
    assert "--kubepods-root picks one" in dumps["alone"].text
