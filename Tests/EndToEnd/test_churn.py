# SPDX-License-Identifier: Apache-2.0
"""A minute or more of pods that come and go by the hundred a second: the agent neither leaks nor complains, and
containers that stay are served right. In a virtual machine with cgroup v2; see test_churn_here.py for this machine's cgroups."""

import re
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import churn, guest, images, programs

SECONDS = 60
# Emulated; the agent and the aggregator run there too.
RATE = 200
# What must be done in any case: a slow machine takes longer for it.
LEAST = RATE * SECONDS // 4
BOOT_DEADLINE = 500

STEADY = {"a" * 64: "--cpu 20 --memory 24", "b" * 64: "--memory 40"}
POD = "3f0d2a9e-5c1b-4e0a-9d53-0c6d1f7a8b21"

SCRIPT = f"""\
hostname guest
ifconfig lo up
root=/sys/fs/cgroup/kubepods
pod=$root/burstable/pod{POD}
echo +cpu +memory >/sys/fs/cgroup/cgroup.subtree_control
for path in $root $root/besteffort $root/burstable $pod; do
    mkdir -p $path
    echo +cpu +memory >$path/cgroup.subtree_control
done
mkdir -p /var/log/containers /var/log/pods
place() {{
    mkdir $pod/$1
    ln -s /var/log/pods/stay_web_{POD}/c/0.log /var/log/containers/web_stay_$2-$1.log
    scope=$pod/$1; shift 2
    sh -c 'echo $$ >$0/cgroup.procs; exec "$@"' $scope /load "$@" >/tmp/$(basename $scope) &
}}
place {"a" * 64} busy {STEADY["a" * 64]}
place {"b" * 64} idle {STEADY["b" * 64]}
for id in {" ".join(STEADY)}; do must grep -q ready /tmp/$id; done
/aggregator --standalone --state-dir /tmp/state --secure-port 6443 --push-port 4444 --node-name guest \\
    2>/tmp/aggregator &
must grep -q "aggregator ready" /tmp/aggregator
/agent --aggregator 127.0.0.1:4444 --ca-file /tmp/state/ca.crt --token-file /tmp/state/agent-token --node-name guest \
    --interval 1s 2>/tmp/agent &
agent=$!
must grep -q "session open" /tmp/agent
sleep 3
state() {{
    # In a sweep there is a file more open at a time.
    echo "descriptors $(for i in 1 2 3 4 5 6 7; do ls /proc/$agent/fd | wc -l; usleep 70000; done | sort -n | head -n 1)"
    grep RssAnon: /proc/$agent/status | tr -d :
    # Both in hundredths of a second.
    echo "cpu $(awk '{{ print $14 + $15 }}' /proc/$agent/stat)"
    echo "time $(awk '{{ print int($1 * 100) }}' /proc/uptime)"
}}
files() {{
    for id in {" ".join(STEADY)}; do
        echo "$id $(sed -n 's/usage_usec //p' $pod/$id/cpu.stat) $(cat $pod/$id/memory.current)" \
            "$(sed -n 's/^inactive_file //p' $pod/$id/memory.stat)"
    done
}}
section before state
/churn --tree $root --logs /var/log --journal /tmp/journal --seconds {SECONDS} --least {LEAST} --rate {RATE} \
    >/tmp/churn 2>&1 &
churn=$!
must grep -q started /tmp/churn
n=0
while [ -e /proc/$churn/exe ]; do
    n=$((n + 1))
    section files-$n files
    section dump-$n /agent --dump -o json --node-name guest
    section files-after-$n files
done
wait $churn
section churn cat /tmp/churn
sleep 3
section after state
section files-last files
section dump-last /agent --dump -o json --node-name guest
section files-after-last files
kill -TERM $agent
wait $agent
section end echo $?
section journal cat /tmp/journal
section log cat /tmp/agent
section aggregator cat /tmp/aggregator
"""


class Run:
    def __init__(self, sections: dict[str, guest.Section]):
        for name, section in sections.items():
            assert section.status == 0, f"{name}: {section.text}"
        self.text = {name: section.text for name, section in sections.items()}
        self.numbers = [name.removeprefix("dump-") for name in self.text if name.startswith("dump-")]
        self.dumps = [churn.Dump.parse(self.text[f"dump-{number}"]) for number in self.numbers]
        self.journal = churn.Journal(self.text["journal"])

    def state(self, name: str) -> dict[str, int]:
        return {line.split()[0]: int(line.split()[1]) for line in self.text[name].splitlines()}

    def agent_share(self) -> float:
        """Of one CPU, during the churn."""
        before, after = self.state("before"), self.state("after")
        return (after["cpu"] - before["cpu"]) / (after["time"] - before["time"])

    def files(self, name: str) -> dict[str, tuple[int, int]]:
        """CPU in ns and working set in bytes, by the kernel's files."""
        rows = [line.split() for line in self.text[name].splitlines()]
        return {row[0]: (int(row[1]) * 1000, int(row[2]) - int(row[3])) for row in rows}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("churn")
    files: dict[str, Path] = {
        "/agent": programs.built("agent"),
        "/aggregator": images.stripped(programs.built("aggregator"), folder / "aggregator"),
        "/load": images.static_program(images.LOAD_SOURCE, folder / "load"),
        "/churn": churn.program(folder),
    }
    return Run(guest.boot(SCRIPT, files, BOOT_DEADLINE))


def test_the_churn_was_one(run: Run, measured: Callable[[str], None]) -> None:
    did = churn.done(run.text["churn"])
    seen = run.journal.seen(run.dumps)
    sweeps = [dump.node["sweep_nanoseconds"] / 1e6 for dump in run.dumps]
    measured(
        f"cgroup v2, emulated: {did}; {len(run.dumps)} dumps saw {seen} of {len(run.journal.lives)} containers; "
        f"sweeps of {statistics.median(sweeps):.1f}, at most {max(sweeps):.1f} ms; "
        f"agent before {run.state('before')}, after {run.state('after')}, {100 * run.agent_share():.0f} % of a CPU"
    )
    assert seen > 50
    # Of the churn that is asked for, a guest does as much as its machine allows; the agent must not be what holds it up.
    assert run.agent_share() < 0.3
    # Emulated, on a busy machine; a sweep must still be short next to the shortest interval.
    assert statistics.median(sweeps) < 500


def test_the_agent_neither_leaks_nor_complains(run: Run) -> None:
    before, after = run.state("before"), run.state("after")
    assert after["descriptors"] == before["descriptors"]
    assert after["RssAnon"] - before["RssAnon"] < 2048, "KiB"
    assert churn.troubles(run.text["log"]) == []
    assert len(re.findall("session open", run.text["log"])) == 1
    assert run.text["end"] == "0", run.text["log"]


def test_no_container_has_a_figure_that_its_counter_never_had(run: Run) -> None:
    assert run.journal.impossible(run.dumps) == []
    for dump in run.dumps:
        assert dump.node["problems"] == []
    assert {row["container_id"] for row in run.dumps[-1].containers} == set(STEADY)


@pytest.mark.parametrize("container", STEADY, ids=["busy", "idle"])
def test_the_containers_that_stay_are_right_all_along(run: Run, container: str) -> None:
    for number, dump in zip(run.numbers, run.dumps, strict=True):
        (row,) = [row for row in dump.containers if row["container_id"] == container]
        (least, one), (most, other) = (run.files(f"{name}-{number}")[container] for name in ("files", "files-after"))
        assert least <= row["cpu_nanoseconds"] <= most, number
        assert min(one, other) - 2**20 <= row["working_set_bytes"] <= max(one, other) + 2**20, number
