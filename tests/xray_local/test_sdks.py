"""The unchanged SDKs against a real process: segments, sampling, spans."""

import os
import subprocess
import sys
import time

import grpc
import pytest
from aws_xray_sdk.core.daemon_config import DaemonConfig
from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter
from aws_xray_sdk.core.models.segment import Segment
from aws_xray_sdk.core.models.subsegment import Subsegment
from aws_xray_sdk.core.sampling.connector import ServiceConnector
from aws_xray_sdk.core.sampling.rule_cache import RuleCache
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from pytest_xray_local import XRayLocal, entry
from pytest_xray_local.process import running
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


POWERTOOLS = """
import os
os.environ["_X_AMZN_TRACE_ID"] = "Root={trace};Parent=53995c3f42cd8ad8;Sampled=1"
from aws_lambda_powertools import Tracer
tracer = Tracer(service="checkout")
@tracer.capture_method
def pay():
    tracer.put_annotation("plan", "gold")
@tracer.capture_lambda_handler
def handler(event, context):
    pay()
    return {}
handler({}, None)
"""


def test_subsegments_of_powertools_are_below_their_function() -> None:
    """With `--lambda`, as they are in AWS."""
    trace_id = f"1-{int(time.time()):08x}-{1:024x}"
    with running("--lambda=shop") as local:
        # Without coverage's variables: its database would be traced as well.
        kept = {name: text for name, text in os.environ.items() if not name.startswith("COV")}
        environment = {**kept, "AWS_XRAY_DAEMON_ADDRESS": local.agent, "LAMBDA_TASK_ROOT": "/var/task"}
        script = POWERTOOLS.replace("{trace}", trace_id)
        subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True)
        assert local.one_trace() == entry("shop", entry("shop", entry("## handler", entry("## __main__.pay"))))


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_spans_of_the_grpc_exporter_are_stored(xray_local: XRayLocal, compression: grpc.Compression) -> None:
    """Plain and compressed; the log of requests has the client."""
    exporter = GrpcExporter(endpoint=xray_local.grpc, insecure=True, compression=compression)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("test").start_as_current_span("work") as span:
        trace_id = f"{span.get_span_context().trace_id:032x}"
    provider.shutdown()
    assert xray_local.one_trace().id == f"1-{trace_id[:8]}-{trace_id[8:]}"
    [logged] = [call for call in xray_local.call("_local/requests") if call["operation"] == "PutSpans"]
    assert (logged["listener"], logged["status"], logged["peer"]) == ("otlp-grpc", 200, "127.0.0.1")


def test_a_grpc_request_that_is_not_valid_is_refused(xray_local: XRayLocal) -> None:
    """With the reason."""
    with grpc.insecure_channel(xray_local.grpc) as channel:
        export = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        with pytest.raises(grpc.RpcError) as caught:
            export(b"\xff", timeout=10)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "the body is not a protobuf ExportTraceServiceRequest"
