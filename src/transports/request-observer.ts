// Sees every request of a generation when it has been answered: counts it, and makes a trace span of it if tracing is on. Both are made from what is known at the end, so
// that a request under way carries no more than the time at which it began.

import type { RequestMeter, RequestSeries } from '../observability/request-meter.ts';
import type { RequestTracing } from '../observability/request-tracing.ts';
import type { Generation } from '../protocol/command.ts';
import { commandByCode } from '../protocol/commands/registry.ts';
import { errorName } from '../protocol/errors.ts';
import type { Identifier } from '../protocol/primitives/identifier.ts';
import type { ClientRecord } from '../streaming/clients.ts';

/** What a request was about, as far as it named it. */
export interface RequestSubject {
  stream: Identifier | undefined;
  topic: Identifier | undefined;
}

export class RequestObserver {
  readonly #generation: Generation;
  readonly #meter: RequestMeter | undefined;
  readonly #tracing: RequestTracing | undefined;
  readonly #series = new Map<number, RequestSeries>();

  constructor(generation: Generation, meter: RequestMeter | undefined, tracing: RequestTracing | undefined) {
    this.#generation = generation;
    this.#meter = meter;
    this.#tracing = tracing;
  }

  /** Of a request that begins now, for `answered`. */
  now(): number {
    return performance.now();
  }

  /**
   * The request with this classic code was answered. `failure`: 0 for success, a status of the protocol, or the name of what was answered instead. `subject` may be reused by
   * the caller.
   */
  answered(code: number, startedMs: number, failure: number | string, client: ClientRecord, subject: RequestSubject): void {
    const endedMs = performance.now();
    const error = failure === 0 ? undefined : typeof failure === 'number' ? (errorName(failure) ?? String(failure)) : failure;
    if (this.#meter !== undefined) {
      const series = this.#series.get(code) ?? this.#seriesOf(code, this.#meter);
      series.answered(endedMs - startedMs);
      if (error !== undefined) series.failed(error);
    }
    this.#tracing?.answered({
      name: commandByCode(code, this.#generation)?.name ?? unknownCommand,
      startedMs,
      endedMs,
      error,
      attributes: {
        'galgo.protocol': this.#generation,
        'galgo.transport': client.transport,
        'galgo.client_id': client.id,
        'galgo.user_id': client.userId,
        'galgo.stream': subject.stream,
        'galgo.topic': subject.topic,
      },
    });
  }

  #seriesOf(code: number, meter: RequestMeter): RequestSeries {
    const command = commandByCode(code, this.#generation);
    const series = meter.series(this.#generation, command?.name ?? unknownCommand);
    // Codes that stand for nothing are a peer's to choose: they are not remembered.
    if (command !== undefined) this.#series.set(code, series);
    return series;
  }
}

const unknownCommand = 'Unknown';
