"""The SDK's plugins: what kind of AWS resource a service runs on, as its segments say it.

`configure(plugins=…)` runs them, once; the EC2 plugin waits up to 2 s where there is no EC2.
"""

import json
import logging
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final
from urllib.request import ProxyHandler, Request, build_opener

from opentelemetry.instrumentation.utils import suppress_http_instrumentation

log = logging.getLogger("aws_xray_sdk.core.plugins")

EC2_METADATA: Final = "http://169.254.169.254/latest"
BEANSTALK_FILE: Final = Path("/var/elasticbeanstalk/xray/environment.conf")
SECONDS: Final = 1.0

Found = dict[str, Any]


def run(plugins: Iterable[str]) -> tuple[str | None, dict[str, Found]]:
    """Return the origin and the `aws` block that the plugins find out; a later plugin's origin counts."""
    origin, aws = None, {}
    for plugin in plugins:
        known = _PLUGINS.get(plugin.lower().removesuffix("_plugin").removesuffix("plugin"))
        if known is None:
            log.warning("plugins: %r: expected EC2Plugin, ECSPlugin or ElasticBeanstalkPlugin", plugin)
            continue
        block, of_plugin, find = known
        try:
            found = find()
        except (OSError, ValueError, KeyError) as error:
            log.warning("plugins: %r found nothing: %s: %s", plugin, type(error).__name__, error)
            continue
        aws[block], origin = found, of_plugin
    return origin, aws


def _ec2() -> Found:
    with suppress_http_instrumentation():
        token = _fetch("api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"}, "PUT")
        identity = json.loads(_fetch("dynamic/instance-identity/document", {"X-aws-ec2-metadata-token": token}, "GET"))
    return {
        "instance_id": identity["instanceId"],
        "availability_zone": identity["availabilityZone"],
        "instance_type": identity["instanceType"],
        "ami_id": identity["imageId"],
    }


def _fetch(path: str, headers: dict[str, str], method: str) -> str:
    request = Request(f"{EC2_METADATA}/{path}", headers=headers, method=method)  # noqa: S310 - a fixed address
    with build_opener(ProxyHandler({})).open(request, timeout=SECONDS) as answer:
        return str(answer.read().decode())


def _ecs() -> Found:
    return {"container": socket.gethostname()}


def _elastic_beanstalk() -> Found:
    found: Found = json.loads(BEANSTALK_FILE.read_text())
    return found


_PLUGINS: Final[dict[str, tuple[str, str, Callable[[], Found]]]] = {
    "ec2": ("ec2", "AWS::EC2::Instance", _ec2),
    "ecs": ("ecs", "AWS::ECS::Container", _ecs),
    "elasticbeanstalk": ("elastic_beanstalk", "AWS::ElasticBeanstalk::Environment", _elastic_beanstalk),
}
