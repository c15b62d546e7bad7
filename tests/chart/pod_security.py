"""The profile `restricted` of Kubernetes' Pod Security Standards, as a table.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ (its baseline is part of it), as of 1.34.
The fields that only Windows knows are left out, but for hostProcess.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.chart.release import Object, containers

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
SELINUX = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
}
HANDLERS = ("livenessProbe", "readinessProbe", "startupProbe")


@dataclass(frozen=True, slots=True)
class Control:
    """One line of the table: a field, and which values of it are allowed; None stands for a field that is not set."""

    field: str
    allowed: Callable[[Any], bool]


def _unset_or(*allowed: Any) -> Callable[[Any], bool]:
    return lambda value: value is None or value in allowed


POD = (
    Control("hostNetwork", _unset_or(False)),
    Control("hostPID", _unset_or(False)),
    Control("hostIPC", _unset_or(False)),
    Control("securityContext.sysctls", lambda value: {sysctl["name"] for sysctl in value or []} <= SYSCTLS),
    Control("volumes", lambda value: all(set(volume) - {"name"} <= VOLUMES for volume in value or [])),
)
BOTH = (  # of the pod and of each container
    Control("securityContext.windowsOptions.hostProcess", _unset_or(False)),
    Control("securityContext.seLinuxOptions.type", _unset_or(*SELINUX)),
    Control("securityContext.seLinuxOptions.user", _unset_or("")),
    Control("securityContext.seLinuxOptions.role", _unset_or("")),
    Control("securityContext.appArmorProfile.type", _unset_or("RuntimeDefault", "Localhost")),
    Control("securityContext.seccompProfile.type", _unset_or("RuntimeDefault", "Localhost")),
    Control("securityContext.runAsUser", lambda value: value != 0),
    Control("securityContext.runAsNonRoot", _unset_or(True)),
)
CONTAINER = (
    Control("securityContext.privileged", _unset_or(False)),
    Control("securityContext.allowPrivilegeEscalation", lambda value: value is False),
    Control("securityContext.capabilities.drop", lambda value: "ALL" in (value or [])),
    Control("securityContext.capabilities.add", lambda value: set(value or []) <= {"NET_BIND_SERVICE"}),
    Control("securityContext.procMount", _unset_or("Default")),
    Control("ports", lambda value: not any(port.get("hostPort") for port in value or [])),
    *(Control(f"{handler}.{kind}.host", _unset_or("")) for handler in HANDLERS for kind in ("httpGet", "tcpSocket")),
    *(
        Control(f"lifecycle.{event}.{kind}.host", _unset_or(""))
        for event in ("postStart", "preStop")
        for kind in ("httpGet", "tcpSocket")
    ),
)
# What must be set, on the pod or on every one of its containers.
SOMEWHERE = ("securityContext.runAsNonRoot", "securityContext.seccompProfile.type")


def violations(pod: Object) -> list[str]:
    """Return what `restricted` would refuse, as paths of fields."""
    return list(_violations(pod["spec"], containers(pod)))


def _violations(spec: Object, inside: list[Object]) -> Iterator[str]:
    for control in (*POD, *BOTH):
        if not control.allowed(_get(spec, control.field)):
            yield control.field
    for container in inside:
        for control in (*CONTAINER, *BOTH):
            if not control.allowed(_get(container, control.field)):
                yield f"{container['name']}: {control.field}"
        for field in SOMEWHERE:
            if _get(container, field) is None and _get(spec, field) is None:
                yield f"{container['name']}: {field}"


def _get(tree: Object, path: str) -> Any:
    found: Any = tree
    for name in path.split("."):
        found = None if found is None else found.get(name)
    return found
