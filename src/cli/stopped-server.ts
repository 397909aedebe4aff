// The data folder of a server that is stopped, opened as a start of the server would: what a loss of power left behind is tidied up, partitions are recovered, nobody is listened to.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { loadAddon } from '../addon/addon.ts';
import type { Settings } from '../config/settings.ts';
import { silentLogger } from '../observability/logger.ts';
import { lockDataFolder } from '../storage/data-folder-lock.ts';
import { markerName, unfinishedImportName } from '../storage/data-folder-marker.ts';
import { claimEncryptionKeys, engineEncryption } from '../storage/encryption-keys.ts';
import { openMetadataStore } from '../storage/metadata/metadata-store.ts';
import { createEngine } from '../storage/native-engine.ts';
import { systemClock } from '../streaming/clock.ts';
import { topicDefaults } from '../streaming/default-topic-settings.ts';
import { System } from '../streaming/system.ts';
import { DataFolderError } from './data-folder.ts';

/** Runs `use` on the folder of the settings. Throws DataFolderError if it is none of ours, or in use. */
export async function withStoppedServer<Result>(settings: Settings, use: (system: System) => Promise<Result>): Promise<Result> {
  const dataPath = settings.system.path;
  if (!existsSync(path.join(dataPath, markerName)) || existsSync(path.join(dataPath, unfinishedImportName))) {
    throw new DataFolderError(`${dataPath} is not the data folder of a server`);
  }
  const undo: (() => unknown)[] = [];
  try {
    const lock = lockDataFolder(loadAddon(), dataPath);
    undo.push(() => lock.release());
    const encryption = engineEncryption(settings.encryption);
    const engine = createEngine({ ...settings.engine, encryption });
    undo.push(() => engine.shutdown());
    const store = await openMetadataStore(dataPath);
    undo.push(() => store.close());
    await claimEncryptionKeys(store, dataPath, encryption, systemClock.nowMicros());
    const system = await System.load({
      engine,
      store,
      dataPath,
      defaults: topicDefaults(settings),
      rebalancingTimeoutMs: settings.consumerGroup.rebalancingTimeoutMs,
      limits: settings.system.limits,
      clock: systemClock,
      log: silentLogger(),
    });
    undo.push(() => system.close());
    return await use(system);
  } finally {
    for (const step of undo.reverse()) await step();
  }
}
