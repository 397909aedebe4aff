// The result of a benchmark as it is written and read: docs/benchmark.md describes it. A field that is added leaves `version` as it is; one that changes or goes raises it.

import { z } from 'zod';

export const resultVersion = 1;

const range = z.object({ min: z.number(), max: z.number() });
const texts = z.record(z.string(), z.string());

const latency = z.object({
  /** `send`: a call; `poll`: a call that brought messages; `end-to-end`: from making the first message of a batch to having read it; `round-trip`: a batch sent and read back. */
  of: z.enum(['send', 'poll', 'end-to-end', 'round-trip']),
  count: z.number(),
  minUs: z.number(),
  meanUs: z.number(),
  stdDevUs: z.number(),
  p50Us: z.number(),
  p90Us: z.number(),
  p95Us: z.number(),
  p99Us: z.number(),
  p999Us: z.number(),
  p9999Us: z.number(),
  maxUs: z.number(),
  /** All latencies in nanoseconds: HdrHistogram V2, compressed, base64. */
  histogram: z.string(),
});

const roleResult = z.object({
  role: z.enum(['producers', 'consumers', 'members', 'producing-consumers']),
  actors: z.number(),
  requests: z.number(),
  messages: z.number(),
  /** Of payloads. */
  bytes: z.number(),
  emptyPolls: z.number(),
  /** From the common start to the last answer of this role. */
  elapsedMs: z.number(),
  messagesPerSecond: z.number(),
  /** 10⁶ bytes of payload. */
  megabytesPerSecond: z.number(),
  latency,
  /** By bucket of `samplingMs`, from the common start. */
  series: z.object({
    samplingMs: z.number(),
    messages: z.array(z.number()),
    bytes: z.array(z.number()),
    /** 0 where nothing was answered. */
    latencyMeanUs: z.array(z.number()),
    latencyMaxUs: z.array(z.number()),
  }),
  perActor: z.array(
    z.object({ actor: z.number(), stream: z.string(), requests: z.number(), messages: z.number(), bytes: z.number(), lastMs: z.number() }),
  ),
});

export const resultSchema = z.object({
  schema: z.literal('galgo.bench'),
  version: z.literal(resultVersion),
  id: z.string(),
  startedAt: z.string(),
  remark: z.string().optional(),
  /** False: it was stopped before its end. */
  complete: z.boolean(),
  tool: z.object({ galgo: z.string(), node: z.string() }),
  /** Where the tool ran. */
  machine: z.object({
    hostname: z.string(),
    cpu: z.string(),
    cores: z.number(),
    memoryBytes: z.number(),
    os: z.string(),
    kernel: z.string(),
  }),
  server: z.object({
    product: z.enum(['Galgo', 'Iggy']),
    version: z.string(),
    /** Of the load; undefined over HTTP. */
    generation: z.enum(['vsr', 'classic']).optional(),
    transport: z.enum(['tcp', 'websocket', 'quic', 'http']),
    tls: z.boolean(),
    address: z.string(),
    hostname: z.string(),
    os: z.string(),
    kernel: z.string(),
    durability: z.string(),
    settings: texts,
    topicOptions: texts,
    fileSystem: z.string().optional(),
    /** Of its process while the measured phase ran, if that was on the tool's machine. */
    usage: z.object({ cpuSeconds: z.number(), peakBytes: z.number() }).optional(),
  }),
  parameters: z.object({
    kind: z.string(),
    messageBytes: range,
    messagesPerBatch: range,
    amount: z.object({ of: z.enum(['batches', 'messages', 'bytes', 'durationMs']), value: z.number() }),
    rateBytesPerSecond: z.number().optional(),
    warmupMs: z.number(),
    streams: z.number(),
    partitions: z.number(),
    producers: z.number(),
    consumers: z.number(),
    groups: z.number(),
    workers: z.number(),
  }),
  client: z.object({ cpuSeconds: z.number(), /** Of each thread's event loop, 0 to 1. */ utilizations: z.array(z.number()) }),
  roles: z.array(roleResult),
  check: z.object({
    /** By producers, warm-up included. */
    sent: z.number(),
    /** What the topics of the run grew by. Undefined: it was not looked at. */
    stored: z.number().optional(),
    /** By consumers, each message as often as it was read, warm-up included. */
    read: z.number(),
    /** What does not add up. */
    faults: z.array(z.string()),
  }),
});

export type BenchResult = z.infer<typeof resultSchema>;
export type RoleResult = z.infer<typeof roleResult>;

/** Throws an Error that names the first thing that is wrong. */
export function parseResult(json: string, name: string): BenchResult {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Error(`${name} is no JSON`);
  }
  const parsed = resultSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`${name} is no result of galgo bench, version ${resultVersion}: ${issue?.path.join('.')}: ${issue?.message}`);
}
