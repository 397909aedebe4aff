// A data folder opened for use: locked, with the engine on its logs, its metadata, and the system that is made of both. Closing goes the other way.

import type { Addon } from '../addon/addon.ts';
import type { Settings } from '../config/settings.ts';
import type { Logger } from '../observability/logger.ts';
import { lockDataFolder } from '../storage/data-folder-lock.ts';
import { claimEncryptionKeys, engineEncryption, keyIdText } from '../storage/encryption-keys.ts';
import type { Engine } from '../storage/engine.ts';
import { type MetadataStore, openMetadataStore } from '../storage/metadata/metadata-store.ts';
import { createEngine } from '../storage/native-engine.ts';
import { systemClock } from './clock.ts';
import { topicDefaults } from './default-topic-settings.ts';
import { System } from './system.ts';
import type { ThreadSharing } from './thread-sharing.ts';

export interface OpenData {
  readonly engine: Engine;
  readonly store: MetadataStore;
  readonly system: System;
  close(): Promise<void>;
}

/**
 * `prepare`: what the metadata needs before the system is made of it. `sharing`: what is counted together with worker threads. Rejects, with everything closed again, if the folder is in use, damaged, or encrypted with other
 * keys.
 */
export async function openData(
  settings: Settings,
  addon: Addon,
  log: Logger,
  { prepare, sharing }: { prepare?: (store: MetadataStore) => Promise<void>; sharing?: ThreadSharing | undefined } = {},
): Promise<OpenData> {
  const dataPath = settings.system.path;
  const undo: (() => unknown)[] = [];
  const close = async () => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  try {
    const lock = lockDataFolder(addon, dataPath);
    undo.push(() => lock.release());
    const encryption = engineEncryption(settings.encryption);
    const engine = createEngine({ ...settings.engine, encryption });
    undo.push(() => engine.shutdown());
    const store = await openMetadataStore(dataPath);
    undo.push(() => store.close());
    await claimEncryptionKeys(store, dataPath, encryption, systemClock.nowMicros());
    if (encryption.encrypts) log.info({ key: encryption.keys.map(({ id }) => keyIdText(id))[0] }, 'new messages are encrypted at rest');
    await prepare?.(store);
    const startedAtMs = performance.now();
    const system = await System.load({
      engine,
      store,
      dataPath,
      defaults: topicDefaults(settings),
      rebalancingTimeoutMs: settings.consumerGroup.rebalancingTimeoutMs,
      limits: settings.system.limits,
      clock: systemClock,
      log,
      sharing,
    });
    undo.push(() => system.close());
    log.info({ streams: system.streams.size, ms: Math.round(performance.now() - startedAtMs) }, 'data is ready');
    return { engine, store, system, close };
  } catch (error) {
    await close();
    throw error;
  }
}
