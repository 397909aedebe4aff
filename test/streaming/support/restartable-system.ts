// A system over a temporary folder that can be stopped and loaded again, without a network. Its clock stands still.

import { createLogger } from '../../../src/observability/logger.ts';
import { noOptions } from '../../../src/protocol/primitives/options.ts';
import type { TopicSettings } from '../../../src/protocol/primitives/topic-settings.ts';
import { type MetadataStore, openMetadataStore } from '../../../src/storage/metadata/metadata-store.ts';
import { System } from '../../../src/streaming/system.ts';
import { type TopicDefaults, unlimited } from '../../../src/streaming/topic-settings.ts';
import { RunningEngine } from '../../storage/support/running-engine.ts';
import { temporaryFolder } from '../../support/test-server.ts';

export const defaults: TopicDefaults = {
  segmentBytes: 1024 * 1024,
  directIo: false,
  messageExpiry: unlimited,
  maxTopicSize: unlimited,
  durability: 'none',
  offsetDurability: 'none',
  deduplication: { enabled: false, entriesMax: 100, expiry: unlimited },
};

/** The server's default for everything. */
export const plainSettings: TopicSettings = {
  compression: undefined,
  messageExpiry: undefined,
  maxTopicSize: undefined,
  replicationFactor: undefined,
  options: noOptions,
};

export const limits = {
  usersMax: 10,
  tokensPerUserMax: 10,
  streamsMax: 4,
  topicsPerStreamMax: 3,
  partitionsPerTopicMax: 8,
  groupsPerTopicMax: 3,
  membersPerGroupMax: 2,
  rememberedSendsMax: 1024,
  waitingPollsMax: 10,
  waitingPollsPerClientMax: 3,
};

export class RestartableSystem {
  readonly folder = temporaryFolder();
  #running: { system: System; store: MetadataStore; engine: RunningEngine } | undefined;

  get system(): System {
    if (this.#running === undefined) throw new Error('the system is stopped');
    return this.#running.system;
  }

  get store(): MetadataStore {
    if (this.#running === undefined) throw new Error('the system is stopped');
    return this.#running.store;
  }

  async start(topicDefaults: TopicDefaults = defaults): Promise<System> {
    const engine = new RunningEngine();
    const store = await openMetadataStore(this.folder.path);
    const system = await System.load({
      engine: engine.engine,
      store,
      dataPath: this.folder.path,
      defaults: topicDefaults,
      rebalancingTimeoutMs: 30_000,
      limits,
      clock: { nowMs: () => 1_700_000_000_000, nowMicros: () => 1_700_000_000_000_001n },
      log: createLogger({ level: 'off', format: 'json', output: undefined }),
    });
    this.#running = { system, store, engine };
    return system;
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    await running.system.close();
    await running.engine.stop();
    await running.store.close();
  }

  async restart(topicDefaults?: TopicDefaults): Promise<System> {
    await this.stop();
    return this.start(topicDefaults);
  }

  async remove(): Promise<void> {
    await this.stop();
    this.folder.remove();
  }
}
