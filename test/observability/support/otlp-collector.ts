// A collector of traces and logs for tests: takes OTLP over HTTP in JSON and keeps what came.

import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

type Value = { stringValue?: string; intValue?: number | string; doubleValue?: number; boolValue?: boolean };
type Attribute = { key: string; value: Value };

export interface CollectedSpan {
  name: string;
  traceId: string;
  parentSpanId: string | undefined;
  kind: number;
  durationMs: number;
  startedAtMs: number;
  error: string | undefined;
  attributes: Record<string, unknown>;
}

export interface CollectedLog {
  severity: string;
  severityNumber: number;
  body: string;
  attributes: Record<string, unknown>;
}

export class OtlpCollector {
  readonly spans: CollectedSpan[] = [];
  readonly logs: CollectedLog[] = [];
  readonly resources: Record<string, unknown>[] = [];
  readonly #server: http.Server;
  /** Answered instead of taking what comes. */
  refusal: number | undefined;
  requests = 0;

  private constructor() {
    this.#server = http.createServer((request, response) => void this.#take(request, response));
  }

  static async start(): Promise<OtlpCollector> {
    const collector = new OtlpCollector();
    collector.#server.listen(0, '127.0.0.1');
    await once(collector.#server, 'listening');
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #take(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    this.requests++;
    // biome-ignore lint/suspicious/noExplicitAny: the layout is that of the protocol
    const body = (await json(request)) as any;
    if (this.refusal !== undefined) {
      response.writeHead(this.refusal).end();
      return;
    }
    for (const { resource, scopeSpans } of body.resourceSpans ?? []) {
      this.resources.push(record(resource.attributes));
      for (const { spans } of scopeSpans) for (const span of spans) this.spans.push(spanOf(span));
    }
    for (const { resource, scopeLogs } of body.resourceLogs ?? []) {
      this.resources.push(record(resource.attributes));
      for (const { logRecords } of scopeLogs) for (const log of logRecords) this.logs.push(logOf(log));
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the layout is that of the protocol
function spanOf(span: any): CollectedSpan {
  return {
    name: span.name,
    traceId: span.traceId,
    parentSpanId: span.parentSpanId,
    kind: span.kind,
    durationMs: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
    startedAtMs: Number(BigInt(span.startTimeUnixNano) / 1_000_000n),
    // 2: error.
    error: span.status?.code === 2 ? span.status.message : undefined,
    attributes: record(span.attributes),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the layout is that of the protocol
function logOf(log: any): CollectedLog {
  return { severity: log.severityText, severityNumber: log.severityNumber, body: log.body.stringValue, attributes: record(log.attributes) };
}

function record(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
