// One request of a service and its call of a database, by OpenTelemetry's exporter of OTLP over HTTP with JSON.
const { SpanKind, SpanStatusCode, context, trace } = require('@opentelemetry/api');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
const { resourceFromAttributes } = require('@opentelemetry/resources');
const { NodeTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node');

const resource = resourceFromAttributes({ 'service.name': 'orders-js', 'cloud.platform': 'aws_ecs' });
const provider = new NodeTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter())] });
provider.register();
const tracer = provider.getTracer('orders');

const http = { 'http.request.method': 'GET', 'url.full': 'http://localhost/orders', 'http.response.status_code': 500 };
const server = tracer.startSpan('GET /orders', { kind: SpanKind.SERVER, attributes: http });
const sql = { 'db.system.name': 'postgresql', 'db.namespace': 'shop', 'db.query.text': 'SELECT 1', rows: [1, 2.5] };
context.with(trace.setSpan(context.active(), server), () => {
  const call = tracer.startSpan('SELECT', { kind: SpanKind.CLIENT, attributes: { ...sql, 'server.address': 'db.local' } });
  call.recordException(new TypeError('no stock'));
  call.setStatus({ code: SpanStatusCode.ERROR, message: 'no stock' });
  call.end();
});
server.setStatus({ code: SpanStatusCode.ERROR });
server.end();
provider.shutdown();
