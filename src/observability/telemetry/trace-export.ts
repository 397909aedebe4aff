// Traces by OTLP over HTTP, in JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp): a span for each request. Loaded only if tracing is on.
//
// A span is made when its request is over, from what is known then. So nothing is carried along a request, and nothing below it needs to know of a current span.

import { DiagLogLevel, diag, ROOT_CONTEXT, type SpanAttributes, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { FinishedRequest, RequestTracing } from '../request-tracing.ts';
import { batching, endExport, resourceOf, scopeName, type TelemetryService } from './resource.ts';

export interface TraceExport extends RequestTracing {
  end(): Promise<void>;
}

/** `failed` is told of exports that fail, of traces and of logs. */
export function startTraceExport(service: TelemetryService, endpoint: string, failed: (reason: string) => void): TraceExport {
  const note = (message: string) => failed(message);
  diag.setLogger(
    { error: note, warn: note, info() {}, debug() {}, verbose() {} },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const processor = new BatchSpanProcessor(new OTLPTraceExporter({ url: endpoint }), batching);
  const provider = new NodeTracerProvider({ resource: resourceOf(service), spanProcessors: [processor] });
  const tracer = provider.getTracer(scopeName, service.version);
  const propagator = new W3CTraceContextPropagator();
  return {
    answered(request) {
      const context = request.parent === undefined ? ROOT_CONTEXT : propagator.extract(ROOT_CONTEXT, request.parent, headers);
      const { name, startedMs, endedMs, error } = request;
      const span = tracer.startSpan(name, { kind: SpanKind.SERVER, startTime: startedMs, attributes: attributesOf(request) }, context);
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
      span.end(endedMs);
    },
    end: () => endExport(provider),
  };
}

const headers = {
  keys: (carrier: object) => Object.keys(carrier),
  get: (carrier: object, key: string) => (carrier as Record<string, string | undefined>)[key],
};

function attributesOf({ attributes, error }: FinishedRequest): SpanAttributes {
  const kept: SpanAttributes = error === undefined ? {} : { 'error.type': error };
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) kept[key] = value;
  return kept;
}
