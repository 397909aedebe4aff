// Where partitions live below the data folder, and how they leave it: renamed into the trash first, which is one step, and removed from there in the background.

import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../observability/logger.ts';

/** Ids of a stream, and further inwards of a topic and a partition. */
export type Place = readonly [stream: number, topic?: number, partition?: number];

const levels = ['streams', 'topics', 'partitions'] as const;

export class PartitionFolders {
  readonly #root: string;
  readonly #log: Logger;
  #removals: Promise<void> = Promise.resolve();

  constructor(root: string, log: Logger) {
    this.#root = root;
    this.#log = log;
  }

  path(place: Place): string {
    return path.join(this.#root, ...place.flatMap((id, level) => [levels[level] as string, String(id)]));
  }

  /** Takes a folder out of its place. What cannot be renamed stays and is taken out at the next start. */
  async discard(place: Place): Promise<void> {
    const trash = path.join(this.#root, '.trash');
    const target = path.join(trash, randomUUID());
    try {
      await mkdir(trash, { recursive: true });
      await rename(this.path(place), target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#log.error({ err: error, place }, 'a folder could not be discarded');
      return;
    }
    this.#remove(target);
  }

  /** At start: empties the trash, and discards folders that the metadata does not know. */
  async sweep(known: (place: Place) => boolean): Promise<void> {
    for (const name of await namesIn(path.join(this.#root, '.trash'))) this.#remove(path.join(this.#root, '.trash', name));
    const visit = async (above: readonly number[]): Promise<void> => {
      const level = levels[above.length];
      if (level === undefined) return;
      const folder = above.length === 0 ? this.#root : this.path(above as unknown as Place);
      for (const name of await namesIn(path.join(folder, level))) {
        if (!/^\d{1,10}$/.test(name)) continue;
        const place = [...above, Number(name)] as unknown as Place;
        if (known(place)) await visit(place as readonly number[]);
        else await this.discard(place);
      }
    };
    await visit([]);
  }

  /** Resolves when the trash that was made so far is empty. */
  settled(): Promise<void> {
    return this.#removals;
  }

  #remove(folder: string): void {
    this.#removals = this.#removals
      .then(() => rm(folder, { recursive: true, force: true }))
      .catch((error: unknown) => this.#log.error({ err: error, folder }, 'trash could not be removed'));
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
