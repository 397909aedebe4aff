// The data folder of a server that is stopped, opened as a start of the server would: what a loss of power left behind is tidied up, partitions are recovered, nobody is listened to.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { loadAddon } from '../addon/addon.ts';
import type { Settings } from '../config/settings.ts';
import { silentLogger } from '../observability/logger.ts';
import { markerName, unfinishedImportName } from '../storage/data-folder-marker.ts';
import { openData } from '../streaming/open-data.ts';
import type { System } from '../streaming/system.ts';
import { DataFolderError } from './data-folder.ts';

/** Runs `use` on the folder of the settings. Throws DataFolderError if it is none of ours, or in use. */
export async function withStoppedServer<Result>(settings: Settings, use: (system: System) => Promise<Result>): Promise<Result> {
  const dataPath = settings.system.path;
  if (!existsSync(path.join(dataPath, markerName)) || existsSync(path.join(dataPath, unfinishedImportName))) {
    throw new DataFolderError(`${dataPath} is not the data folder of a server`);
  }
  const data = await openData(settings, loadAddon(), silentLogger());
  try {
    return await use(data.system);
  } finally {
    await data.close();
  }
}
