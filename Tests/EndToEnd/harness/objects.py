# SPDX-License-Identifier: Apache-2.0
"""Kubernetes objects for the tests, with what every one of them needs."""

from collections.abc import Sequence

SHELL = "local/shell:1"
LOAD = "local/load:1"


def container(
    name: str, image: str = SHELL, args: Sequence[str] = ("trap exit TERM; while :; do sleep 1; done",), **more
) -> dict:
    """Images are never pulled: there is nowhere to pull them from."""
    return {"name": name, "image": image, "imagePullPolicy": "Never", "args": list(args), **more}


def load(name: str, cpu: int = 0, memory: int = 0, exit_after: int | None = None, **more) -> dict:
    """Burns percent of a core and holds MiB; ends with status 1 after some seconds when asked to."""
    args = ["--cpu", str(cpu), "--memory", str(memory)]
    if exit_after is not None:
        args += ["--exit-after", str(exit_after)]
    return container(name, LOAD, args, **more)


def web(name: str, answer: str, port: int = 8080) -> dict:
    """Answers every request for / with this text."""
    script = f"mkdir -p /tmp/web && echo {answer} >/tmp/web/index.html && exec httpd -f -p {port} -h /tmp/web"
    probe = {"tcpSocket": {"port": port}, "periodSeconds": 1}
    return container(name, args=[script], ports=[{"containerPort": port}], readinessProbe=probe)


def resources(
    cpu: str | None = None, memory: str | None = None, cpu_limit: str | None = None, memory_limit: str | None = None
) -> dict:
    """For a container's `resources`."""
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    limits = {key: value for key, value in (("cpu", cpu_limit), ("memory", memory_limit)) if value}
    return {key: value for key, value in (("requests", requests), ("limits", limits)) if value}


def spec(*containers: dict, **more) -> dict:
    return {"terminationGracePeriodSeconds": 1, "containers": list(containers), **more}


def pod(namespace: str, name: str, *containers: dict, labels: dict[str, str] | None = None, **more) -> dict:
    """`more` goes to its spec."""
    metadata = {"namespace": namespace, "name": name, "labels": labels or {"app": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec(*containers, **more)}


def workload(kind: str, namespace: str, name: str, replicas: int, *containers: dict, **more) -> dict:
    """A Deployment or StatefulSet; `more` goes to its own spec."""
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec(*containers)},
            **more,
        },
    }


def service(namespace: str, name: str, port: int, target: int, app: str | None = None, headless: bool = False) -> dict:
    own = {"clusterIP": "None"} if headless else {}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"selector": {"app": app or name}, "ports": [{"port": port, "targetPort": target}], **own},
    }


def binding(name: str, role: str, user: str) -> dict:
    """Gives a user a ClusterRole in the whole cluster."""
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    }
