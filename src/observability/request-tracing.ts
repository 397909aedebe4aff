// A request as tracing takes it: told once, when it is over. Who makes spans of it stands in telemetry/; nothing of that is loaded while tracing is off.

export type AttributeValue = string | number | boolean | undefined;

export interface FinishedRequest {
  /** Of the command, or of the method and route. */
  name: string;
  /** Milliseconds of `performance.now()`. */
  startedMs: number;
  endedMs: number;
  /** Undefined: it succeeded. */
  error: string | undefined;
  /** Undefined ones are left out. */
  attributes: Record<string, AttributeValue>;
  /** Headers `traceparent` and `tracestate` of the request, if it came with any. */
  parent?: { traceparent: string; tracestate: string | undefined };
}

export interface RequestTracing {
  answered(request: FinishedRequest): void;
}
