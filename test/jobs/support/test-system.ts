// A system over a temporary folder, without a network: what jobs work on. Its clock stands still unless a test moves it.

import { mock } from 'node:test';
import { createLogger } from '../../../src/observability/logger.ts';
import { encodeClassicMessages } from '../../../src/protocol/batch/classic-messages.ts';
import { noOptions, type Options } from '../../../src/protocol/primitives/options.ts';
import { formatTypedValue } from '../../../src/protocol/primitives/typed-value.ts';
import { openMetadataStore } from '../../../src/storage/metadata/metadata-store.ts';
import type { Clock } from '../../../src/streaming/clock.ts';
import { engineCall } from '../../../src/streaming/partition.ts';
import { createStream } from '../../../src/streaming/stream-commands.ts';
import { System } from '../../../src/streaming/system.ts';
import type { Topic } from '../../../src/streaming/topic.ts';
import { createTopic } from '../../../src/streaming/topic-commands.ts';
import { unlimited } from '../../../src/streaming/topic-settings.ts';
import { appendRequest, RunningEngine } from '../../storage/support/running-engine.ts';
import { testMessage } from '../../support/messages.ts';
import { temporaryFolder } from '../../support/test-server.ts';

/** Five of the test messages (1000 bytes each) fill a segment; it is sealed by the next one. */
export const segmentBytes = 5 * 1024;

export class FakeClock implements Clock {
  #nowMs = Date.now();

  nowMs(): number {
    return this.#nowMs;
  }

  nowMicros(): bigint {
    return BigInt(this.#nowMs) * 1000n;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }
}

export class TestSystem {
  readonly system: System;
  readonly clock: FakeClock;
  /** Log lines of level error, JSON. */
  readonly errors: string[];
  readonly #stop: () => Promise<void>;

  private constructor(system: System, clock: FakeClock, errors: string[], stop: () => Promise<void>) {
    this.system = system;
    this.clock = clock;
    this.errors = errors;
    this.#stop = stop;
  }

  static async start(): Promise<TestSystem> {
    const running = new RunningEngine();
    const folder = temporaryFolder();
    const store = await openMetadataStore(folder.path);
    const clock = new FakeClock();
    const errors: string[] = [];
    const system = await System.load({
      engine: running.engine,
      store,
      dataPath: folder.path,
      defaults: {
        segmentBytes,
        directIo: false,
        messageExpiry: unlimited,
        maxTopicSize: unlimited,
        durability: 'none',
        offsetDurability: 'none',
        deduplication: { enabled: false, entriesMax: 100, expiry: unlimited },
      },
      rebalancingTimeoutMs: 30_000,
      limits: {
        usersMax: 10,
        tokensPerUserMax: 10,
        streamsMax: 3,
        topicsPerStreamMax: 10,
        partitionsPerTopicMax: 10,
        groupsPerTopicMax: 10,
        membersPerGroupMax: 10,
        rememberedSendsMax: 1024,
        waitingPollsMax: 10,
        waitingPollsPerClientMax: 3,
      },
      clock,
      log: createLogger({ level: 'error', format: 'json', output: undefined, sinks: [{ add: (line) => void errors.push(line) }] }),
    });
    return new TestSystem(system, clock, errors, async () => {
      await system.close();
      await running.stop();
      await store.close();
      folder.remove();
    });
  }

  async topic(
    name: string,
    partitions: number,
    settings: { messageExpiryMs?: number; maxTopicSize?: number; options?: Options } = {},
  ): Promise<Topic> {
    const { system } = this;
    const stream = system.streams.get('stream') ?? (await createStream(system, 'stream', noOptions));
    return createTopic(system, stream.id, name, partitions, {
      compression: undefined,
      messageExpiry: settings.messageExpiryMs === undefined ? undefined : BigInt(settings.messageExpiryMs) * 1000n,
      maxTopicSize: settings.maxTopicSize === undefined ? undefined : BigInt(settings.maxTopicSize),
      replicationFactor: undefined,
      options: settings.options ?? noOptions,
    });
  }

  /** Appends messages of 1000 logical bytes one by one. */
  async append(topic: Topic, partition: number, count: number): Promise<void> {
    const { handle } = topic.partition(partition);
    for (let index = 0; index < count; index++) {
      // 64 bytes are the message's head; number 1 has no user headers.
      const bytes = encodeClassicMessages([testMessage(1, 1000 - 64)]);
      await engineCall((done) => this.system.engine.append(handle, appendRequest({ bytes }), done));
    }
  }

  async storeOffset(topic: Topic, partition: number, consumer: number, offset: number): Promise<void> {
    const { handle } = topic.partition(partition);
    await engineCall((done) => this.system.engine.storeOffset(handle, 1, consumer, BigInt(offset), done));
  }

  firstOffsets(topic: Topic): number[] {
    return topic.partitions.map(({ handle }) => this.system.engine.stats(handle).firstOffset);
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}

/** Lets timers of jobs run when a test says so. */
export function fakeTimers(): { tick(ms: number): void; restore(): void } {
  mock.timers.enable({ apis: ['setInterval'] });
  return { tick: (ms) => mock.timers.tick(ms), restore: () => mock.timers.reset() };
}

export function option(key: string, value: bigint): Options {
  return new Map([[key, formatTypedValue({ kind: 'uint64', value })]]);
}
