// One server a data folder: the lock that a second one is refused by. The kernel frees it when the process ends, so nothing is left over after a crash.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Addon } from '../addon/addon.ts';

// Never deleted: whoever locks a deleted file locks nothing.
export const lockName = 'galgo.lock';

export interface DataFolderLock {
  release(): void;
}

/** Throws an Error with the code `DATA_FOLDER_IN_USE` if somebody holds the folder, without a code if it cannot be locked. The folder must exist. */
export function lockDataFolder(addon: Pick<Addon, 'lockFile' | 'unlockFile'>, dataPath: string): DataFolderLock {
  const file = path.join(dataPath, lockName);
  const descriptor = addon.lockFile(file);
  if (descriptor === undefined) {
    const holder = readFileSync(file, 'utf8').trim();
    const message = `the data folder ${dataPath} is in use by ${holder === '' ? 'another process' : `process ${holder}`}`;
    throw Object.assign(new Error(message), { code: 'DATA_FOLDER_IN_USE' });
  }
  let held = true;
  return {
    release: () => {
      // The number may be another file's by the second call.
      if (held) addon.unlockFile(descriptor);
      held = false;
    },
  };
}
