// Counts HTTP requests, and makes trace spans of them. The name of a request is its operation's in the OpenAPI document.

import type { FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import type { RequestMeter } from '../../../observability/request-meter.ts';
import type { FinishedRequest, RequestTracing } from '../../../observability/request-tracing.ts';
import { ProtocolError } from '../../../protocol/protocol-error.ts';
import { HttpFailure } from '../request/failure.ts';
import type { HttpApp, HttpServices } from './http-app.ts';

const unknownOperation = 'Unknown';

export function observeRequests(app: HttpApp, { metrics, tracing }: HttpServices): void {
  app.decorateRequest('failure', null);
  if (metrics === undefined && tracing === undefined) return;
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, operation: operationName(route.schema) };
  });
  app.addHook('onError', (request, _reply, error, done) => {
    request.failure = failureName(error) ?? null;
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const name = request.routeOptions.config.operation ?? unknownOperation;
    const error = reply.statusCode < 400 ? undefined : (request.failure ?? `http-${reply.statusCode}`);
    if (metrics !== undefined) countRequest(metrics.meter, name, reply.elapsedTime, error);
    if (tracing !== undefined) trace(tracing, name, request, reply, error);
    done();
  });
  if (metrics === undefined) return;
  app.addHook('onRequest', (_request, _reply, done) => {
    metrics.requests++;
    done();
  });
}

/** The name in metrics of what a request was refused with, if it was the application that refused. */
export function failureName(error: unknown): string | undefined {
  if (ProtocolError.is(error)) return error.code;
  return error instanceof HttpFailure ? error.body.code.replaceAll('_', '-') : undefined;
}

/** `error` is undefined for a request that was answered as it wished. */
export function countRequest(meter: RequestMeter, name: string, tookMs: number, error: string | undefined): void {
  const series = meter.series('http', name);
  series.answered(tookMs);
  if (error !== undefined) series.failed(error);
}

function trace(tracing: RequestTracing, name: string, request: FastifyRequest, reply: FastifyReply, error: string | undefined): void {
  const { traceparent, tracestate } = request.headers;
  const { stream_id: stream, topic_id: topic } = (request.params ?? {}) as { stream_id?: string; topic_id?: string };
  const endedMs = performance.now();
  const finished: FinishedRequest = {
    name,
    startedMs: endedMs - reply.elapsedTime,
    endedMs,
    error,
    attributes: {
      'galgo.protocol': 'http',
      'galgo.transport': 'http',
      'galgo.user_id': request.caller?.userId,
      'galgo.stream': stream,
      'galgo.topic': topic,
      'http.request.method': request.method,
      'http.route': request.routeOptions.url,
      'http.response.status_code': reply.statusCode,
    },
  };
  if (typeof traceparent === 'string') {
    finished.parent = { traceparent, tracestate: typeof tracestate === 'string' ? tracestate : undefined };
  }
  tracing.answered(finished);
}

/** The name in metrics and traces of a route with this schema. */
export function operationName(schema: FastifySchema | undefined): string {
  const { operationId } = schema ?? {};
  return operationId === undefined ? unknownOperation : operationId.charAt(0).toUpperCase() + operationId.slice(1);
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The operation's name in metrics and traces. */
    operation?: string;
  }
  interface FastifyRequest {
    /** Name of what the request was refused with. */
    failure: string | null;
  }
}
