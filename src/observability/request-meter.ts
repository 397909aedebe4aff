// Counts requests and how long they took: plain numbers, added up where requests are answered and read at a scrape.

/** Upper bounds of the buckets of a latency histogram, in milliseconds; a last bucket takes the rest. */
export const latencyBoundsMs = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000] as const;

/** The requests of one command in one protocol. */
export class RequestSeries {
  readonly protocol: string;
  readonly command: string;
  /** Requests by latency: how many lie in each bucket, and not in those before it. */
  readonly buckets = new Float64Array(latencyBoundsMs.length + 1);
  /** How often each error was answered, by its name. */
  readonly failures = new Map<string, number>();
  sumMs = 0;

  constructor(protocol: string, command: string) {
    this.protocol = protocol;
    this.command = command;
  }

  answered(tookMs: number): void {
    this.sumMs += tookMs;
    let bucket = 0;
    while (bucket < latencyBoundsMs.length && tookMs > (latencyBoundsMs[bucket] as number)) bucket++;
    (this.buckets[bucket] as number)++;
  }

  /** In addition to `answered`. `error` comes from a table of the program, so that peers cannot make up names. */
  failed(error: string): void {
    this.failures.set(error, (this.failures.get(error) ?? 0) + 1);
  }
}

/** The requests of one command, as they go from one meter to another. */
export interface RequestFigures {
  protocol: string;
  command: string;
  buckets: Float64Array<ArrayBuffer>;
  sumMs: number;
  failures: [error: string, times: number][];
}

export class RequestMeter {
  readonly #series = new Map<string, RequestSeries>();

  /** Both names come from tables of the program, never from a peer. */
  series(protocol: string, command: string): RequestSeries {
    const key = `${protocol} ${command}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = new RequestSeries(protocol, command);
      this.#series.set(key, series);
    }
    return series;
  }

  /** What was counted since it was taken before. */
  take(): RequestFigures[] {
    const taken: RequestFigures[] = [];
    for (const series of this.#series.values()) {
      const { protocol, command, buckets, sumMs, failures } = series;
      if (buckets.every((requests) => requests === 0)) continue;
      taken.push({ protocol, command, buckets: buckets.slice(), sumMs, failures: [...failures] });
      buckets.fill(0);
      series.sumMs = 0;
      failures.clear();
    }
    return taken;
  }

  add(figures: readonly RequestFigures[]): void {
    for (const { protocol, command, buckets, sumMs, failures } of figures) {
      const series = this.series(protocol, command);
      series.sumMs += sumMs;
      for (const [bucket, requests] of buckets.entries()) (series.buckets[bucket] as number) += requests;
      for (const [error, times] of failures) series.failures.set(error, (series.failures.get(error) ?? 0) + times);
    }
  }

  all(): Iterable<RequestSeries> {
    return this.#series.values();
  }
}
