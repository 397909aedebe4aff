// The new data folder. Until everything is in it a file says that it is not finished, and no server opens it; what an import left behind that was broken off is deleted by the
// next one.

import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { open, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Addon } from '../addon/addon.ts';
import { type DataFolderLock, lockDataFolder, lockName } from '../storage/data-folder-lock.ts';
import { foreignNamesAllowed, markerName, markerText, unfinishedImportName } from '../storage/data-folder-marker.ts';
import { ImportError } from './source/import-error.ts';

const unfinishedText = 'An import into this folder has begun and not ended. Run galgo import again, or delete the folder.\n';

export class Destination {
  readonly folder: string;
  readonly #lock: DataFolderLock;

  private constructor(folder: string, lock: DataFolderLock) {
    this.folder = folder;
    this.#lock = lock;
  }

  /** Makes the folder, or takes one that is empty or left from an import. Throws ImportError for any other. */
  static async open(folder: string, addon: Addon): Promise<Destination> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    refuseUnlessFree(folder);
    const lock = lockDataFolder(addon, folder);
    try {
      // Now that nobody else can fill it.
      refuseUnlessFree(folder);
      await writeDurably(path.join(folder, unfinishedImportName), unfinishedText);
      await syncFolder(folder);
      for (const name of contents(folder)) {
        if (name !== unfinishedImportName) rmSync(path.join(folder, name), { recursive: true });
      }
      return new Destination(folder, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Everything is in place: makes it durable, and the folder one that a server opens. */
  async finish(): Promise<void> {
    await syncFolders(path.join(this.folder, 'streams'));
    await writeDurably(path.join(this.folder, markerName), markerText);
    await syncFolder(this.folder);
    await rm(path.join(this.folder, unfinishedImportName));
    await syncFolder(this.folder);
  }

  release(): void {
    this.#lock.release();
  }
}

function refuseUnlessFree(folder: string): void {
  const names = contents(folder);
  if (names.length === 0 || names.includes(unfinishedImportName)) return;
  throw new ImportError(
    names.includes(markerName)
      ? `${folder} is a data folder of Galgo already; an import needs a new one`
      : `${folder} is not empty; an import needs a new folder`,
  );
}

function contents(folder: string): string[] {
  return readdirSync(folder).filter((name) => name !== lockName && !foreignNamesAllowed.has(name));
}

async function writeDurably(file: string, text: string): Promise<void> {
  await writeFile(file, text, { flush: true });
}

/** The folder and all folders in it; what is in files is the engine's concern. */
async function syncFolders(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (entries === undefined) return;
  for (const entry of entries) if (entry.isDirectory()) await syncFolders(path.join(folder, entry.name));
  await syncFolder(folder);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
