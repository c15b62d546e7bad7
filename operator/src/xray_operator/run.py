"""`xray-operator run`: builds the parts, runs them under kopf, and says in one line why it cannot.

Called by `cli`. Everything here has one owner and ends with the process.
"""

import asyncio
import logging
import sys
import time
from datetime import UTC, datetime

import kopf
import yaml
from pythonjsonlogger.json import JsonFormatter

from xray_model import limits
from xray_operator import handlers, metrics
from xray_operator.controller import Controller
from xray_operator.departure import Departure
from xray_operator.events import Events
from xray_operator.gateway import connect
from xray_operator.kube import KubernetesApi
from xray_operator.kube_http import KubernetesError
from xray_operator.metrics import Calls, OperatorCollector
from xray_operator.mirror import Mirror
from xray_operator.pace import TokenBucket
from xray_operator.ports import Kind
from xray_operator.probes import Probes
from xray_operator.reconciler import Reconciler
from xray_operator.region import Region
from xray_operator.removal import Removal
from xray_operator.report import Report
from xray_operator.settings import Settings

logger = logging.getLogger("xray_operator")
EXIT_SECONDS = 13.0  # besides a call to AWS: to finish what is worked on, and to leave; the chart's pod has two more


class StartError(Exception):
    """The operator cannot start; the text is one line."""


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. StartError if something that it needs is missing; GatewayError without a region."""
    _log(settings.log_level)
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    calls = Calls()
    gateway = connect(
        settings.region, settings.endpoint, attempts=1, read_seconds=settings.aws_timeout, told=calls.told
    )
    bucket = TokenBucket(rate=settings.write_rate, burst=settings.write_burst, clock=time.monotonic)
    region = Region(gateway, interval=settings.interval, bucket=bucket, clock=time.monotonic)
    quotas: dict[Kind, int] = {"rule": settings.rule_quota, "group": limits.GROUPS}
    kubernetes, mirror = KubernetesApi(credentials), Mirror()
    events = Events(kubernetes, _now)
    report = Report(region, kubernetes, mirror, events, quotas=quotas, now=_now)
    removal = Removal(region, cluster_id=settings.cluster_id)
    reconciler = Reconciler(region, kubernetes, mirror, report, removal, quotas=quotas, now=_now)
    controller = Controller(region, mirror, reconciler, events, interval=settings.interval)
    departure = Departure(
        kubernetes,
        mirror,
        reconciler,
        region,
        home=settings.home_namespace,
        namespaces=settings.namespaces,
        seconds=settings.aws_timeout,
    )
    collector = OperatorCollector(calls, region, mirror, report, quotas)
    probes = Probes(
        alive=lambda: controller.is_alive and handlers.watches_alive(settings.namespaces),
        ready=lambda: region.read_at is not None,
        metrics=lambda: metrics.render(collector),
    )
    try:
        await _check_crds(kubernetes)
        port = await _listen(probes, settings)
        logger.info("operator.started", extra={"port": port})
        exit_seconds = settings.aws_timeout + EXIT_SECONDS
        await handlers.run(handlers.registry(controller, credentials), settings.namespaces, exit_seconds)
        await departure.leave()
    finally:
        region.close()
        await probes.stop()
        await kubernetes.close()


def _now() -> datetime:
    return datetime.now(UTC)


async def _check_crds(kubernetes: KubernetesApi) -> None:
    try:
        missing = await kubernetes.missing_kinds()
    except KubernetesError as error:
        raise StartError(str(error)) from error
    if missing:
        raise StartError(f"the cluster does not serve {', '.join(missing)}; expected their CRDs (charts/cruddur/crds)")


async def _listen(probes: Probes, settings: Settings) -> int:
    host, port = settings.listen
    try:
        return await probes.start(host, port)
    except OSError as error:
        raise StartError(f"--listen is {host}:{port}: {error.strerror}; expected an address that is free") from error


def credentials() -> kopf.ConnectionInfo:
    """Give the way into the cluster: the pod's service account, else KUBECONFIG or ~/.kube/config."""
    settings = handlers.settings()
    try:
        found = kopf.login_with_service_account(settings=settings) or kopf.login_with_kubeconfig(settings=settings)
    except (OSError, LookupError, ValueError, TypeError, AttributeError, yaml.YAMLError, kopf.LoginError) as error:
        raise StartError(f"the kubeconfig cannot be used: {' '.join(str(error).split())}") from error
    if found is None:
        raise StartError("no way into a cluster was found; expected a pod's service account, or KUBECONFIG")
    return found


def _log(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger", "message": "event"},
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    if level != "debug":  # kopf tells of each object and each task
        logging.getLogger("kopf").setLevel(logging.WARNING)
        logging.getLogger("aiohttp").setLevel(logging.WARNING)
    logging.getLogger("botocore").setLevel(logging.WARNING)
