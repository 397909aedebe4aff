// The folder of all data. A marker file tells it from any other folder, so that a wrong path neither mixes with foreign files nor, with `--fresh`, deletes them.

import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadAddon } from '../addon/addon.ts';
import { lockDataFolder, lockName } from '../storage/data-folder-lock.ts';
import { foreignNamesAllowed, markerName, markerText, unfinishedImportName } from '../storage/data-folder-marker.ts';

/** The data folder cannot be used. The message is for people. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
  readonly code = 'GALGO_DATA_FOLDER';
}

/** Makes the folder, or checks that it is one of ours; with `fresh` empties it, unless a server uses it. Throws DataFolderError. */
export function openDataFolder(folder: string, { fresh }: { fresh: boolean }): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const marker = path.join(folder, markerName);
    const names = readdirSync(folder).filter((name) => !foreignNamesAllowed.has(name));
    if (names.includes(unfinishedImportName)) {
      throw new DataFolderError(`${folder} holds an import that was not finished: run galgo import again, or delete the folder`);
    }
    if (names.length > 0 && !existsSync(marker)) {
      throw new DataFolderError(
        `${folder} holds files of something else (there is no ${markerName} in it); ${fresh ? 'nothing was deleted' : 'choose another folder'}`,
      );
    }
    if (!names.includes(markerName)) writeFileSync(marker, markerText);
    if (fresh) empty(folder, names);
  } catch (error) {
    if (error instanceof DataFolderError) throw error;
    throw new DataFolderError(`the data folder ${folder} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

/** Holds the lock meanwhile. The marker stays, so that an interrupted deletion can be repeated, and the lock's file, which whoever waits for it may have open. */
function empty(folder: string, names: readonly string[]): void {
  const lock = lockDataFolder(loadAddon(), folder);
  try {
    for (const name of names) {
      if (name !== markerName && name !== lockName) rmSync(path.join(folder, name), { recursive: true });
    }
  } finally {
    lock.release();
  }
}
