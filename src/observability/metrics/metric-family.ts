// What one scrape finds under one name: plain data, made new for each scrape.

export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly value: number;
  readonly labels?: Labels;
  /** What is put behind the metric's name: `_bucket`, `_sum` and `_count` of a histogram. */
  readonly suffix?: string;
}

export interface MetricFamily {
  /** Of a counter without `_total`. */
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly samples: readonly Sample[];
}

/** Reads figures that belong together. Promises let go of the event loop while there is much to read. */
export type Collector = () => readonly MetricFamily[] | Promise<readonly MetricFamily[]>;

/** A family with one sample without labels. */
export function single(name: string, type: 'gauge' | 'counter', help: string, value: number): MetricFamily {
  return { name, help, type, samples: [{ value }] };
}

/** The samples of a histogram: `counts` has one entry for each bound and one more for what lies above the last, none of them cumulative. Bounds and sum are in seconds. */
export function* histogramSamples(
  boundsSeconds: readonly number[],
  counts: ArrayLike<number>,
  sumSeconds: number,
  labels: Labels = {},
): Generator<Sample> {
  let count = 0;
  for (let index = 0; index <= boundsSeconds.length; index++) {
    count += counts[index] ?? 0;
    yield { value: count, labels: { ...labels, le: String(boundsSeconds[index] ?? '+Inf') }, suffix: '_bucket' };
  }
  yield { value: sumSeconds, labels, suffix: '_sum' };
  yield { value: count, labels, suffix: '_count' };
}
