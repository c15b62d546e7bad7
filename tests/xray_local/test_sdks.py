"""The unchanged SDKs against a real process: segments, sampling, spans."""

import time

import pytest
from aws_xray_sdk.core.daemon_config import DaemonConfig
from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter
from aws_xray_sdk.core.models.segment import Segment
from aws_xray_sdk.core.models.subsegment import Subsegment
from aws_xray_sdk.core.sampling.connector import ServiceConnector
from aws_xray_sdk.core.sampling.rule_cache import RuleCache
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from pytest_xray_local import XRayLocal, entry
from tests.xray_local.samples import rule

pytestmark = pytest.mark.process


def test_segments_of_the_sdk_are_stored(xray_local: XRayLocal) -> None:
    """With a subsegment and an annotation."""
    emitter = UDPEmitter(xray_local.agent)
    segment = Segment("from-the-sdk")
    part = Subsegment("part", "local", segment)
    segment.add_subsegment(part)
    segment.put_annotation("key", "value")
    part.close()
    segment.close()
    emitter.send_entity(segment)
    emitter._socket.close()
    trace = xray_local.one_trace()
    assert trace.id == segment.trace_id
    assert trace == entry("from-the-sdk", entry("part"), annotations={"key": "value"})


def test_the_poller_of_the_sdk_gets_rules_and_targets(xray_local: XRayLocal) -> None:
    """From the agent's TCP port."""
    xray_local.call("CreateSamplingRule", {"SamplingRule": rule("checkout", ServiceName="shop")})
    connector = ServiceConnector()
    daemon = DaemonConfig(xray_local.agent)
    connector.setup_xray_client(ip=daemon.tcp_ip, port=daemon.tcp_port, client=None)
    rules = connector.fetch_sampling_rules()
    assert [(fetched.name, fetched.rate, fetched.priority) for fetched in rules] == [
        ("checkout", 0.5, 100),
        ("Default", 0.05, 10_000),
    ]
    cache = RuleCache()
    cache.load_rules(rules)
    cache.last_updated = int(time.time())
    used = cache.get_matched_rule({"service": "shop"}, now=int(time.time()))
    used.increment_request_count()
    used.increment_sampled_count()
    targets, modified = connector.fetch_sampling_target(rules)
    assert (targets["checkout"]["quota"], targets["checkout"]["interval"]) == (10, 10)
    assert abs(modified - time.time()) < 60
    connector._xray_client.close()
    calls = [(call["operation"], call["listener"]) for call in xray_local.call("_local/requests")]
    assert calls[1:] == [("GetSamplingRules", "agent"), ("GetSamplingTargets", "agent")]


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip, Compression.Deflate])
def test_spans_of_the_otlp_exporter_are_stored(xray_local: XRayLocal, compression: Compression) -> None:
    """With every compression."""
    exporter = OTLPSpanExporter(endpoint=f"{xray_local.otlp}/v1/traces", compression=compression)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("test").start_as_current_span("work", attributes={"key": "value"}) as span:
        trace_id = f"{span.get_span_context().trace_id:032x}"
    provider.shutdown()
    trace = xray_local.one_trace()
    assert trace.id == f"1-{trace_id[:8]}-{trace_id[8:]}"
    assert trace == entry("work", annotations={"key": "value"})
