// Settings of a topic: one structure, whichever generation named them.
//
// Classic clients send four fixed fields, where 0 asks for the server's default; VSR clients send options. What was named is kept apart from what the server filled in, since
// VSR clients are shown both. Keys of our own begin with `galgo.` and win over the reference's `durability`, which official clients send with every topic.

import { parseByteSize } from '../config/byte-size.ts';
import { parseDuration } from '../config/duration.ts';
import type { OptionDescription } from '../protocol/commands/describe-options.ts';
import { CompressionAlgorithm } from '../protocol/primitives/enumerations.ts';
import type { Options } from '../protocol/primitives/options.ts';
import type { TopicSettings } from '../protocol/primitives/topic-settings.ts';
import { formatTypedValue, HeaderKind, parseTypedValue, type RawTypedValue, type TypedValue } from '../protocol/primitives/typed-value.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { Durability } from '../storage/engine.ts';

/** Never expires, or unlimited. */
export const unlimited = 0xffff_ffff_ffff_ffffn;

/** Most ids that a partition remembers. */
export const deduplicationEntriesMax = 10_000_000;

/** Deduplication by message id. */
export interface Deduplication {
  enabled: boolean;
  /** Ids of each partition that are remembered. */
  entriesMax: number;
  /** For how long: microseconds, or `unlimited`. */
  expiry: bigint;
}

export interface TopicDefaults {
  segmentBytes: number;
  directIo: boolean;
  /** Microseconds, or `unlimited`. */
  messageExpiry: bigint;
  /** Bytes, or `unlimited`. */
  maxTopicSize: bigint;
  durability: Durability;
  offsetDurability: Durability;
  deduplication: Deduplication;
}

/** What a topic does, resolved. */
export interface TopicConfig {
  compression: CompressionAlgorithm;
  /** Microseconds, or `unlimited`. */
  messageExpiry: bigint;
  /** Bytes, or `unlimited`. */
  maxTopicSize: bigint;
  /** Newest messages of each partition that stay, or `unlimited`. */
  retentionCount: bigint;
  /** Kept and shown to classic clients, without effect. */
  replicationFactor: number;
  segmentBytes: number;
  /** Appends go past the page cache. */
  directIo: boolean;
  durability: Durability;
  offsetDurability: Durability;
  deduplication: Deduplication;
  /** What the client named. */
  explicit: Options;
  /** What the server filled in. */
  derived: Options;
}

interface OptionRule {
  kind: 'string' | 'uint64' | 'uint32' | 'bool';
  updatable: boolean;
  /** Our own keys are not shown as derived: clients of the reference do not know them. */
  ours: boolean;
  description: string;
  /** Value in configuration syntax → canonical value. Throws on a bad one. */
  parse(text: string): string | bigint | boolean;
  defaultOf(defaults: TopicDefaults): string | bigint | boolean;
  /** Numbers: bounds of a value other than 0, which asks for the default where `zeroIsDefault`. */
  min?: bigint;
  max?: bigint;
  multiple?: bigint;
  zeroIsDefault?: boolean;
}

const KiB = 1024n;
const GiB = KiB * KiB * KiB;
const durabilities: readonly string[] = ['none', 'interval', 'group'];

const sizeText = (text: string): bigint => (/^(unlimited|none|disabled)$/i.test(text) ? unlimited : BigInt(parseByteSize(text)));
const expiryText = (text: string): bigint => {
  if (/^(never|never_expire|unlimited|none|disabled)$/i.test(text)) return unlimited;
  return BigInt(parseDuration(text, { monthLetter: true })) * 1000n;
};
const countText = (text: string): bigint => (/^unlimited$/i.test(text) ? unlimited : BigInt(text));
const boolText = (text: string): boolean => {
  if (text !== 'true' && text !== 'false') throw new Error('true or false');
  return text === 'true';
};
const oneOf =
  (...words: readonly string[]) =>
  (text: string): string => {
    const word = text.toLowerCase();
    if (!words.includes(word)) throw new Error(`one of ${words.join(', ')}`);
    return word;
  };

const catalogue: ReadonlyMap<string, OptionRule> = new Map<string, OptionRule>([
  [
    'compression_algorithm',
    {
      kind: 'string',
      updatable: true,
      ours: false,
      description: 'How clients compress payloads: none or gzip. Kept and shown; the server does not compress',
      parse: oneOf('none', 'gzip'),
      defaultOf: () => 'none',
    },
  ],
  [
    'message_expiry',
    {
      kind: 'uint64',
      updatable: true,
      ours: false,
      description: 'Age in microseconds after which messages may be removed; 2^64-1 never, 0 the server default',
      parse: expiryText,
      defaultOf: (defaults) => defaults.messageExpiry,
      zeroIsDefault: true,
    },
  ],
  [
    'max_topic_size',
    {
      kind: 'uint64',
      updatable: true,
      ours: false,
      description: 'Bytes of all partitions together; 2^64-1 unlimited, 0 the server default',
      parse: sizeText,
      defaultOf: (defaults) => defaults.maxTopicSize,
      zeroIsDefault: true,
    },
  ],
  [
    'segment_size',
    {
      kind: 'uint64',
      updatable: false,
      ours: false,
      description: 'Bytes after which a segment is sealed: 1 MiB to 1 GiB, a multiple of 512; 0 the server default',
      parse: sizeText,
      defaultOf: (defaults) => BigInt(defaults.segmentBytes),
      min: KiB * KiB,
      max: GiB,
      multiple: 512n,
      zeroIsDefault: true,
    },
  ],
  [
    'durability',
    {
      kind: 'string',
      updatable: false,
      ours: false,
      description: 'persisted: a send is answered once its messages are on the device; replicated: as the server is set',
      parse: oneOf('replicated', 'persisted'),
      defaultOf: () => 'replicated',
    },
  ],
  [
    'consumer_offset_durability',
    {
      kind: 'string',
      updatable: false,
      ours: false,
      description: 'The same for stored consumer offsets',
      parse: oneOf('replicated', 'persisted'),
      defaultOf: () => 'replicated',
    },
  ],
  [
    'messages_required_to_save',
    {
      kind: 'uint32',
      updatable: false,
      ours: false,
      description: 'Kept and shown; every batch is written before it is acknowledged',
      parse: countText,
      defaultOf: () => 1024n,
      min: 1n,
      max: 16_777_216n,
    },
  ],
  [
    'size_of_messages_required_to_save',
    {
      kind: 'uint64',
      updatable: false,
      ours: false,
      description: 'Kept and shown; every batch is written before it is acknowledged',
      parse: sizeText,
      defaultOf: () => KiB * KiB,
      max: GiB,
      zeroIsDefault: true,
    },
  ],
  [
    'preallocate_segments',
    {
      kind: 'bool',
      updatable: false,
      ours: false,
      description: 'Kept and shown; space is reserved as the engine sees fit',
      parse: boolText,
      defaultOf: () => false,
    },
  ],
  [
    'galgo.durability',
    {
      kind: 'string',
      updatable: false,
      ours: true,
      description:
        'none: written before the answer; interval: the same, synced at intervals; group: synced before the answer. Wins over durability',
      parse: oneOf(...durabilities),
      defaultOf: (defaults) => defaults.durability,
    },
  ],
  [
    'galgo.consumer_offset_durability',
    {
      kind: 'string',
      updatable: false,
      ours: true,
      description: 'The same for stored consumer offsets. Wins over consumer_offset_durability',
      parse: oneOf(...durabilities),
      defaultOf: (defaults) => defaults.offsetDurability,
    },
  ],
  [
    'galgo.direct_io',
    {
      kind: 'bool',
      updatable: false,
      ours: true,
      description: 'Writes the log past the page cache. What is not named is as the server is set, also when that changes',
      parse: boolText,
      defaultOf: (defaults) => defaults.directIo,
    },
  ],
  [
    'galgo.retention_count',
    {
      kind: 'uint64',
      updatable: true,
      ours: true,
      description: 'Newest messages of each partition that stay; whole segments of older ones are removed. 2^64-1 or 0: all stay',
      parse: countText,
      defaultOf: () => unlimited,
      zeroIsDefault: true,
    },
  ],
  [
    'galgo.deduplication',
    {
      kind: 'bool',
      updatable: false,
      ours: true,
      description: 'Drops a message whose id its partition remembers. Messages without an id are never dropped',
      parse: boolText,
      defaultOf: (defaults) => defaults.deduplication.enabled,
    },
  ],
  [
    'galgo.deduplication_max_entries',
    {
      kind: 'uint32',
      updatable: false,
      ours: true,
      description: 'Newest ids that each partition remembers; 0 the server default',
      parse: countText,
      defaultOf: (defaults) => BigInt(defaults.deduplication.entriesMax),
      max: BigInt(deduplicationEntriesMax),
      zeroIsDefault: true,
    },
  ],
  [
    'galgo.deduplication_expiry',
    {
      kind: 'uint64',
      updatable: false,
      ours: true,
      description: 'Microseconds for which an id is remembered; 2^64-1 as long as it is among the newest, 0 the server default',
      parse: expiryText,
      defaultOf: (defaults) => defaults.deduplication.expiry,
      zeroIsDefault: true,
    },
  ],
]);

const preallocationBytesMax = 64n * GiB;

/** Resolves the settings of a new topic. Errors: 4041 unknown key, 4042 bad value, 1019 maximum below the segment size. */
export function resolveTopicConfig(settings: TopicSettings, defaults: TopicDefaults, partitions: number): TopicConfig {
  const explicit = new Map<string, RawTypedValue>();
  for (const [key, value] of fixedFields(settings)) explicit.set(key, value);
  for (const [key, value] of settings.options) {
    const canonical = canonicalValue(key, value);
    if (canonical !== undefined) explicit.set(key, canonical);
    else explicit.delete(key);
  }
  return configOf(explicit, settings.replicationFactor || 1, defaults, partitions);
}

/** Resolves an update: what is not named stays. Errors as above; 4041 for a key that cannot be changed. */
export function updateTopicConfig(current: TopicConfig, settings: TopicSettings, defaults: TopicDefaults, partitions: number): TopicConfig {
  const explicit = new Map(current.explicit);
  const fixed = new Map(fixedFields(settings));
  if (settings.compression !== undefined) {
    // A classic update names all of them: 0 is the default again.
    for (const key of ['compression_algorithm', 'message_expiry', 'max_topic_size']) explicit.delete(key);
  }
  for (const [key, value] of fixed) explicit.set(key, value);
  for (const [key, value] of settings.options) {
    if (catalogue.get(key)?.updatable !== true) throw new ProtocolError('unsupported-option-key', `${key} cannot be changed`);
    const canonical = canonicalValue(key, value);
    if (canonical !== undefined) explicit.set(key, canonical);
    else explicit.delete(key);
  }
  return configOf(explicit, settings.replicationFactor || current.replicationFactor, defaults, partitions);
}

/** A topic as it is kept: from what the client named. */
export function restoreTopicConfig(explicit: Options, replicationFactor: number, resolved: TopicDefaults): TopicConfig {
  return configOf(explicit, replicationFactor, resolved, 0);
}

/** The catalogue of topic options, for DescribeOptions. */
export function describeTopicOptions(defaults: TopicDefaults): OptionDescription[] {
  return [...catalogue].map(([key, rule]) => ({
    key,
    kind: HeaderKind[rule.kind],
    defaultBytes: encode(rule, rule.defaultOf(defaults)).bytes,
    description: rule.description,
  }));
}

function configOf(explicit: Options, replicationFactor: number, defaults: TopicDefaults, partitions: number): TopicConfig {
  const derived = new Map<string, RawTypedValue>();
  const value = (key: string): string | bigint | boolean => {
    const raw = explicit.get(key);
    if (raw === undefined) return (catalogue.get(key) as OptionRule).defaultOf(defaults);
    const { value } = parseTypedValue(raw);
    return typeof value === 'number' ? BigInt(value) : (value as string | bigint | boolean);
  };
  for (const [key, rule] of [...catalogue].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!explicit.has(key) && !rule.ours) derived.set(key, encode(rule, rule.defaultOf(defaults)));
  }
  const durability = (key: string): Durability => {
    if (explicit.has(`galgo.${key}`)) return value(`galgo.${key}`) as Durability;
    return value(key) === 'persisted' ? 'group' : (value(`galgo.${key}`) as Durability);
  };
  const config: TopicConfig = {
    compression: value('compression_algorithm') === 'gzip' ? CompressionAlgorithm.gzip : CompressionAlgorithm.none,
    messageExpiry: value('message_expiry') as bigint,
    maxTopicSize: value('max_topic_size') as bigint,
    retentionCount: value('galgo.retention_count') as bigint,
    replicationFactor,
    segmentBytes: Number(value('segment_size')),
    directIo: value('galgo.direct_io') as boolean,
    durability: durability('durability'),
    offsetDurability: durability('consumer_offset_durability'),
    deduplication: {
      enabled: value('galgo.deduplication') as boolean,
      entriesMax: Number(value('galgo.deduplication_max_entries')),
      expiry: value('galgo.deduplication_expiry') as bigint,
    },
    explicit,
    derived,
  };
  if (value('preallocate_segments') === true && BigInt(config.segmentBytes) * BigInt(partitions) > preallocationBytesMax) {
    throw new ProtocolError('invalid-option-value', 'preallocate_segments: more than 64 GiB in all');
  }
  if (config.maxTopicSize < BigInt(config.segmentBytes)) {
    throw new ProtocolError('invalid-topic-size', `${config.maxTopicSize} bytes are less than one segment of ${config.segmentBytes}`);
  }
  return config;
}

function* fixedFields(settings: TopicSettings): Iterable<[string, RawTypedValue]> {
  if (settings.compression === CompressionAlgorithm.gzip) {
    yield ['compression_algorithm', formatTypedValue({ kind: 'string', value: 'gzip' })];
  }
  if (settings.messageExpiry) yield ['message_expiry', formatTypedValue({ kind: 'uint64', value: settings.messageExpiry })];
  if (settings.maxTopicSize) yield ['max_topic_size', formatTypedValue({ kind: 'uint64', value: settings.maxTopicSize })];
}

/** The value in its canonical kind; undefined when it asks for the default. */
function canonicalValue(key: string, raw: RawTypedValue): RawTypedValue | undefined {
  const rule = catalogue.get(key);
  if (rule === undefined) throw new ProtocolError('unsupported-option-key', key);
  const value = readValue(key, rule, raw);
  if (typeof value === 'bigint') {
    if (value === 0n && rule.zeroIsDefault) return undefined;
    const fits =
      value >= (rule.min ?? 0n) && value <= (rule.max ?? unlimited) && (rule.multiple === undefined || value % rule.multiple === 0n);
    if (!fits) throw new ProtocolError('invalid-option-value', `${key}: ${value}`);
  }
  return encode(rule, value);
}

function readValue(key: string, rule: OptionRule, raw: RawTypedValue): string | bigint | boolean {
  try {
    const typed = parseTypedValue(raw);
    if (typed.kind === 'string') return rule.parse(typed.value);
    if (typed.kind === rule.kind) return typeof typed.value === 'number' ? BigInt(typed.value) : (typed.value as bigint | boolean);
  } catch (error) {
    throw new ProtocolError('invalid-option-value', `${key}: ${(error as Error).message}`);
  }
  throw new ProtocolError('invalid-option-value', `${key}: kind ${raw.kind}, expected ${rule.kind} or string`);
}

function encode(rule: OptionRule, value: string | bigint | boolean): RawTypedValue {
  const typed = rule.kind === 'uint32' ? { kind: rule.kind, value: Number(value) } : { kind: rule.kind, value };
  return formatTypedValue(typed as TypedValue);
}
