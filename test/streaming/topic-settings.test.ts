import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CompressionAlgorithm } from '../../src/protocol/primitives/enumerations.ts';
import type { Options } from '../../src/protocol/primitives/options.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import type { TopicSettings } from '../../src/protocol/primitives/topic-settings.ts';
import { formatTypedValue, parseTypedValue, type TypedValue } from '../../src/protocol/primitives/typed-value.ts';
import {
  describeTopicOptions,
  resolveTopicConfig,
  restoreTopicConfig,
  type TopicConfig,
  type TopicDefaults,
  unlimited,
  updateTopicConfig,
} from '../../src/streaming/topic-settings.ts';
import { hasStatus } from '../protocol/support/has-status.ts';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
const defaults: TopicDefaults = {
  segmentBytes: GiB,
  directIo: false,
  messageExpiry: unlimited,
  maxTopicSize: unlimited,
  durability: 'interval',
  offsetDurability: 'none',
  deduplication: { enabled: false, entriesMax: 10_000, expiry: 60_000_000n },
};

const text = (value: string): TypedValue => ({ kind: 'string', value });
const u64 = (value: bigint): TypedValue => ({ kind: 'uint64', value });

function named(options: Record<string, TypedValue>): TopicSettings {
  const raw: Options = new Map(Object.entries(options).map(([key, value]) => [key, formatTypedValue(value)]));
  return { compression: undefined, messageExpiry: undefined, maxTopicSize: undefined, replicationFactor: undefined, options: raw };
}

function fixed(fields: Partial<Omit<TopicSettings, 'options'>>): TopicSettings {
  return {
    compression: CompressionAlgorithm.none,
    messageExpiry: 0n,
    maxTopicSize: 0n,
    replicationFactor: 0,
    options: noOptions,
    ...fields,
  };
}

const resolve = (settings: TopicSettings, partitions = 1) => resolveTopicConfig(settings, defaults, partitions);
const shown = (options: Options) => Object.fromEntries([...options].map(([key, raw]) => [key, parseTypedValue(raw)]));

describe('a new topic', () => {
  it('gets the server defaults for what is not named, and tells them as derived', () => {
    const config = resolve(named({}));
    assert.equal(config.segmentBytes, GiB);
    assert.equal(config.messageExpiry, unlimited);
    assert.equal(config.maxTopicSize, unlimited);
    assert.equal(config.durability, 'interval');
    assert.equal(config.offsetDurability, 'none');
    assert.equal(config.replicationFactor, 1);
    assert.equal(config.explicit.size, 0);
    assert.deepEqual(shown(config.derived), {
      compression_algorithm: text('none'),
      consumer_offset_durability: text('replicated'),
      durability: text('replicated'),
      max_topic_size: u64(unlimited),
      message_expiry: u64(unlimited),
      messages_required_to_save: { kind: 'uint32', value: 1024 },
      preallocate_segments: { kind: 'bool', value: false },
      segment_size: u64(BigInt(GiB)),
      size_of_messages_required_to_save: u64(BigInt(MiB)),
    });
  });

  it('is the same whether a classic or a VSR client names a setting', () => {
    const classic = resolve(fixed({ compression: CompressionAlgorithm.gzip, messageExpiry: 5n, maxTopicSize: BigInt(2 * GiB) }));
    const vsr = resolve(named({ compression_algorithm: text('gzip'), message_expiry: u64(5n), max_topic_size: u64(BigInt(2 * GiB)) }));
    assert.deepEqual(classic, vsr);
    assert.equal(classic.compression, CompressionAlgorithm.gzip);
    assert.equal(classic.explicit.size, 3);
  });

  it('of a classic client names nothing with zeros', () => {
    const config = resolve(fixed({}));
    assert.equal(config.explicit.size, 0);
    assert.equal(config.replicationFactor, 1);
    assert.equal(resolve(fixed({ replicationFactor: 255 })).replicationFactor, 255);
  });

  it('shows a key as explicit or as derived, never as both', () => {
    const config = resolve(named({ message_expiry: u64(1n), durability: text('replicated') }));
    assert.deepEqual([...config.explicit.keys()].sort(), ['durability', 'message_expiry']);
    for (const key of config.explicit.keys()) assert.equal(config.derived.has(key), false, key);
  });
});

describe('a text in configuration syntax', () => {
  const cases: [key: string, text: string, canonical: TypedValue][] = [
    ['segment_size', '128 MiB', u64(BigInt(128 * MiB))],
    ['max_topic_size', 'unlimited', u64(unlimited)],
    ['message_expiry', '7 days', u64(7n * 86_400n * 1_000_000n)],
    ['message_expiry', 'never', u64(unlimited)],
    ['preallocate_segments', 'true', { kind: 'bool', value: true }],
    ['messages_required_to_save', '10', { kind: 'uint32', value: 10 }],
    ['durability', 'PERSISTED', text('persisted')],
    ['compression_algorithm', 'GZip', text('gzip')],
    ['galgo.durability', 'group', text('group')],
    ['galgo.direct_io', 'true', { kind: 'bool', value: true }],
  ];
  for (const [key, value, canonical] of cases) {
    it(`${key} "${value}" is kept as ${canonical.kind}`, () => {
      assert.deepEqual(shown(resolve(named({ [key]: text(value) })).explicit), { [key]: canonical });
    });
  }
});

describe('a setting that is refused', () => {
  it('with 4041 is an unknown key, also one that the reference dropped', () => {
    for (const key of ['enforce_fsync', 'partitions_count', 'galgo.', 'toString', '__proto__']) {
      assert.throws(() => resolve({ ...named({}), options: new Map([[key, formatTypedValue(text('true'))]]) }), hasStatus(4041), key);
    }
  });

  const bad: [key: string, value: TypedValue][] = [
    ['segment_size', u64(BigInt(MiB - 512))],
    ['segment_size', u64(BigInt(GiB + 512))],
    ['segment_size', u64(BigInt(MiB + 1))],
    ['segment_size', text('a lot')],
    ['segment_size', { kind: 'uint32', value: MiB }],
    ['segment_size', { kind: 'bool', value: true }],
    ['messages_required_to_save', { kind: 'uint32', value: 0 }],
    ['messages_required_to_save', { kind: 'uint32', value: 16_777_217 }],
    ['messages_required_to_save', text('-1')],
    ['size_of_messages_required_to_save', u64(BigInt(GiB + 1))],
    ['durability', text('eventual')],
    ['durability', { kind: 'raw', value: Buffer.from('persisted') }],
    ['galgo.durability', text('persisted')],
    ['galgo.direct_io', text('yes')],
    ['preallocate_segments', text('yes')],
    ['message_expiry', text('')],
    ['message_expiry', text('-1 s')],
    ['compression_algorithm', text('zstd')],
  ];
  for (const [index, [key, value]] of bad.entries()) {
    it(`with 4042 is ${key} as ${value.kind}, number ${index}`, () => {
      // An empty value cannot be written by the codec, but bytes of a peer may hold one.
      const raw = value.value === '' ? { kind: 2, bytes: new Uint8Array() } : formatTypedValue(value);
      assert.throws(() => resolve({ ...named({}), options: new Map([[key, raw]]) }), hasStatus(4042));
    });
  }

  it('with 1019 is a maximum below the size of a segment, from either generation', () => {
    assert.throws(() => resolve(fixed({ maxTopicSize: BigInt(GiB) - 1n })), hasStatus(1019));
    assert.throws(() => resolve(named({ max_topic_size: u64(1n) })), hasStatus(1019));
    assert.equal(resolve(fixed({ maxTopicSize: BigInt(GiB) })).maxTopicSize, BigInt(GiB));
    assert.equal(resolve(named({ max_topic_size: u64(BigInt(MiB)), segment_size: u64(BigInt(MiB)) })).maxTopicSize, BigInt(MiB));
  });

  it('with 4042 is preallocation above 64 GiB in all', () => {
    const settings = named({ preallocate_segments: { kind: 'bool', value: true } });
    assert.equal(resolve(settings, 64).explicit.size, 1);
    assert.throws(() => resolve(settings, 65), hasStatus(4042));
  });
});

describe('bounds are inclusive', () => {
  for (const bytes of [MiB, GiB]) {
    it(`a segment of ${bytes} bytes`, () => assert.equal(resolve(named({ segment_size: u64(BigInt(bytes)) })).segmentBytes, bytes));
  }
  it('zero asks for the default and is not kept', () => {
    const config = resolve(named({ segment_size: u64(0n), message_expiry: u64(0n), max_topic_size: u64(0n) }));
    assert.equal(config.segmentBytes, GiB);
    assert.equal(config.explicit.size, 0);
  });
});

describe('durability', () => {
  const durability = (options: Record<string, TypedValue>) => resolve(named(options)).durability;

  it('persisted means group, replicated means what the server is set to', () => {
    assert.equal(durability({ durability: text('persisted') }), 'group');
    assert.equal(durability({ durability: text('replicated') }), 'interval');
  });

  it('named by our own key wins over the key that official clients always send', () => {
    for (const sent of ['persisted', 'replicated']) {
      for (const wanted of ['none', 'interval', 'group']) {
        assert.equal(durability({ durability: text(sent), 'galgo.durability': text(wanted) }), wanted);
      }
    }
  });

  it('of messages and of offsets are independent', () => {
    const config = resolve(named({ consumer_offset_durability: text('persisted') }));
    assert.deepEqual([config.durability, config.offsetDurability], ['interval', 'group']);
  });
});

describe('an update', () => {
  const update = (from: TopicConfig, settings: TopicSettings) => updateTopicConfig(from, settings, defaults, 1);
  const original = resolve(named({ message_expiry: u64(7n), segment_size: u64(BigInt(MiB)), durability: text('persisted') }));

  it('of a VSR client changes what it names and leaves the rest', () => {
    const config = update(original, named({ max_topic_size: u64(BigInt(2 * MiB)) }));
    assert.deepEqual(
      [config.messageExpiry, config.maxTopicSize, config.segmentBytes, config.durability],
      [7n, BigInt(2 * MiB), MiB, 'group'],
    );
  });

  it('of a classic client replaces its fixed fields, zeros by the defaults, and leaves the rest', () => {
    const config = update(original, fixed({ maxTopicSize: BigInt(3 * MiB) }));
    assert.deepEqual(
      [config.messageExpiry, config.maxTopicSize, config.segmentBytes, config.durability],
      [unlimited, BigInt(3 * MiB), MiB, 'group'],
    );
  });

  it('refuses keys that cannot change, unknown keys and a maximum below the topic’s own segment size', () => {
    for (const key of ['segment_size', 'durability', 'messages_required_to_save', 'enforce_fsync']) {
      assert.throws(() => update(original, named({ [key]: text('1') })), hasStatus(4041), key);
    }
    assert.throws(() => update(original, named({ max_topic_size: u64(BigInt(MiB - 1)) })), hasStatus(1019));
  });

  it('leaves the former settings as they were', () => {
    const state = () => ({ ...original, explicit: shown(original.explicit), derived: shown(original.derived) });
    const before = state();
    update(original, named({ message_expiry: u64(8n) }));
    assert.throws(() => update(original, named({ max_topic_size: u64(1n) })));
    assert.deepEqual(state(), before);
  });
});

it('a topic that is read back from what it named is the same', () => {
  const config = resolve(named({ message_expiry: text('1 h'), 'galgo.durability': text('group'), max_topic_size: u64(BigInt(GiB)) }));
  assert.deepEqual(restoreTopicConfig(config.explicit, config.replicationFactor, defaults), config);
});

it('every option that is described has a readable default, and a topic without options does the same', () => {
  const plain = resolve(named({}));
  for (const { key, kind, defaultBytes, description } of describeTopicOptions(defaults)) {
    const config = resolve({ ...named({}), options: new Map([[key, { kind, bytes: defaultBytes }]]) });
    const { explicit: _, derived: __, ...effects } = config;
    const { explicit: ___, derived: ____, ...plainEffects } = plain;
    assert.deepEqual(effects, plainEffects, key);
    assert(description.length > 0);
  }
});
