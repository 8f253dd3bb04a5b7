# SPDX-License-Identifier: Apache-2.0
"""Keeps the cluster's names current: follows Services and Endpoints and has dnsmasq read them.

Served are a Service's address, a headless Service's endpoint addresses, and below it pods with a host name.
Services of type ExternalName are not.
"""

import signal
import sys
import threading
from pathlib import Path

from .api import REQUEST_DEADLINE, API
from .control import Control
from .errors import HarnessError
from .layout import DOMAIN, Layout

RESOURCES = ("services", "endpoints")
# The server ends a watch after this time and it begins anew, so a dead one is noticed.
WATCH_SECONDS = 60
# After a failure; the API server may be restarting.
PAUSE = 0.3


def follow(api: API, resource: str, changed: threading.Event, stopped: threading.Event) -> None:
    """Sets the event when an object of this resource may have changed."""
    while not stopped.is_set():
        try:
            version = api.json(f"/api/v1/{resource}")["metadata"]["resourceVersion"]
            # Whatever happened while no watch was open is noticed by reading it all again.
            changed.set()
            path = f"/api/v1/{resource}?watch=1&resourceVersion={version}&timeoutSeconds={WATCH_SECONDS}"
            for _ in api.watch(path, WATCH_SECONDS + REQUEST_DEADLINE):
                changed.set()
        except (OSError, ValueError, HarnessError) as error:
            print(f"dns: watch of {resource}: {error}", file=sys.stderr, flush=True)
            stopped.wait(PAUSE)


def hosts(services: list[dict], endpoints: list[dict]) -> str:
    """A hosts file; the order is fixed, so that equal names give equal text."""
    lines = set()
    headless = set()
    for service in services:
        name = (service["metadata"]["namespace"], service["metadata"]["name"])
        address = service["spec"].get("clusterIP")
        if address == "None":
            headless.add(name)
        elif address:
            lines.add(f"{address} {full(*name)}\n")
    for object in endpoints:
        name = (object["metadata"]["namespace"], object["metadata"]["name"])
        if name not in headless:
            continue
        for subset in object.get("subsets") or []:
            for address in subset.get("addresses") or []:
                lines.add(f"{address['ip']} {full(*name)}\n")
                if address.get("hostname"):
                    lines.add(f"{address['ip']} {address['hostname']}.{full(*name)}\n")
    return "".join(sorted(lines))


def full(namespace: str, name: str) -> str:
    return f"{name}.{namespace}.svc.{DOMAIN}"


def main() -> None:
    layout = Layout(Path(sys.argv[1]))
    api = API(layout, client="dns")
    control = Control(layout)
    file = layout.config / "hosts"
    changed, stopped = threading.Event(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for resource in RESOURCES:
        threading.Thread(target=follow, args=(api, resource, changed, stopped), daemon=True).start()
    # What dnsmasq has read. The file may be newer: it may not have been told.
    told = None
    while True:
        changed.wait()
        changed.clear()
        try:
            text = hosts(*(api.json(f"/api/v1/{resource}")["items"] for resource in RESOURCES))
            if text != told:
                fresh = file.with_suffix(".new")
                fresh.write_text(text)
                fresh.replace(file)
                control.send("dnsmasq", signal.SIGHUP)
                told = text
        except (OSError, ValueError, HarnessError) as error:
            print(f"dns: {error}", file=sys.stderr, flush=True)
            stopped.wait(PAUSE)
            changed.set()


if __name__ == "__main__":
    main()
