"""X-Ray's sampling rules as an OpenTelemetry sampler: `OTEL_TRACES_SAMPLER=xray`, in any Python process.

A span with a parent follows the parent's decision and counts nowhere. At a root the rules decide about what the span
knows at its start: path, method, host and attributes, and the process's service, type and resource.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from opentelemetry.context import Context
from opentelemetry.sdk.resources import OTELResourceDetector
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span, get_tracer_provider
from opentelemetry.util.types import Attributes

from cruddur_tracing.sampling.remote import RemoteRules
from cruddur_tracing.sampling.settings import read_settings
from xray_model import RequestProperties

log = logging.getLogger("cruddur_tracing")

RULE_ATTRIBUTE: Final = "aws.xray.sampling_rule"  # as ADOT's Java sampler sets it
TRACE_STATE_KEY: Final = "xrsr"  # ADOT's key for the rule that decided
SERVICE_TYPES: Final = {
    "aws_ec2": "AWS::EC2::Instance",
    "aws_ecs": "AWS::ECS::Container",
    "aws_eks": "AWS::EKS::Container",
    "aws_lambda": "AWS::Lambda::Function",
    "aws_elastic_beanstalk": "AWS::ElasticBeanstalk::Environment",
}
EMPTY_URL: Final = urlsplit("")


class Process(NamedTuple):
    """The properties of the process that rules may match; None means unknown."""

    service_name: str | None = None
    service_type: str | None = None
    resource_arn: str | None = None

    @classmethod
    def of(cls, resource: Mapping[str, object]) -> "Process":
        """Return the properties from the attributes of an OpenTelemetry resource."""
        on_lambda = resource.get("cloud.platform") == "aws_lambda"
        arn_keys = ("cloud.resource_id", "faas.id") if on_lambda else ("aws.ecs.container.arn",)
        service_type = SERVICE_TYPES.get(_text(resource, "cloud.platform") or "")
        return cls(_text(resource, "service.name"), service_type, _text(resource, *arn_keys))


def request_properties(process: Process, attributes: Mapping[str, object]) -> RequestProperties:
    """Return the properties of a root span that rules may match, from its first attributes, by old or new names."""
    url = _url(_text(attributes, "url.full", "http.url"))
    path = _text(attributes, "url.path") or (_text(attributes, "http.target") or "").partition("?")[0]
    host = _text(attributes, "server.address") or _without_port(_text(attributes, "http.host"))
    method = _text(attributes, "http.request.method", "http.method")
    if method == "_OTHER":
        method = _text(attributes, "http.request.method_original") or method
    return RequestProperties(
        service_name=process.service_name,
        service_type=process.service_type,
        host=host or _text(attributes, "net.host.name") or url.hostname,
        http_method=method,
        url_path=path or url.path or ("/" if url.hostname else None),
        resource_arn=process.resource_arn,
        attributes=attributes,
    )


class XRaySampler(Sampler):
    """Follows the parent; at a root the agent's rules decide.

    `resource` has the attributes of the process's resource; without it, they are read from the global tracer provider,
    and until there is one, from OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.
    """

    def __init__(self, rules: RemoteRules, resource: Mapping[str, object] | None = None) -> None:
        self.rules = rules
        self._is_known = resource is not None
        self._set_process(OTELResourceDetector().detect().attributes if resource is None else resource)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Decide about one span, at its start."""
        parent = get_current_span(parent_context).get_span_context()
        if parent.is_valid:
            if parent.trace_flags.sampled:
                return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, parent.trace_state)
            return SamplingResult(Decision.DROP, None, parent.trace_state)
        if not self._is_known:
            self._read_resource()
        decision = self.rules.decide(request_properties(self._process, attributes or {}))
        state = None if decision.rule_key is None else TraceState([(TRACE_STATE_KEY, decision.rule_key)])
        if not decision.sampled:
            return SamplingResult(Decision.DROP, None, state)
        rule = {} if decision.rule is None else {RULE_ATTRIBUTE: decision.rule}
        return SamplingResult(Decision.RECORD_AND_SAMPLE, {**(attributes or {}), **rule}, state)

    def get_description(self) -> str:
        """Return the name that OpenTelemetry prints."""
        return f"XRaySampler{{{self.rules.settings.address}}}"

    def _read_resource(self) -> None:
        resource = getattr(get_tracer_provider(), "resource", None)
        if resource is not None:
            self._set_process(resource.attributes)
            self._is_known = True

    def _set_process(self, resource: Mapping[str, object]) -> None:
        self._process = Process.of(resource)
        self.rules.service_name = self._process.service_name or ""


def xray_sampler(argument: object = None) -> XRaySampler:
    """Return the sampler for OTEL_TRACES_SAMPLER=xray; `argument` is OTEL_TRACES_SAMPLER_ARG, if it is set.

    A value that cannot be used is logged and has no effect: after an exception OpenTelemetry would sample everything.
    """
    settings = read_settings(argument if isinstance(argument, str) else None, os.environ)
    for problem in settings.problems:
        log.warning("sampling.settings: %s; the agent is expected at %s", problem, settings.address)
    return XRaySampler(RemoteRules(settings))


def _text(values: Mapping[str, object], *keys: str) -> str | None:
    """Return the first value that is a string and not empty."""
    return next((value for key in keys if isinstance(value := values.get(key), str) and value), None)


def _without_port(host: str | None) -> str | None:
    return _url(f"//{host}").hostname if host else None


def _url(text: str | None) -> SplitResult:
    try:
        url = urlsplit(text or "")
    except ValueError:
        return EMPTY_URL
    return url if url.hostname else EMPTY_URL
