// Where partitions live below the data folder, and how they leave it: renamed into the trash first, which is one step, and removed from there in the background. Only what a
// command removed goes that way; a folder that the metadata does not know is set aside, for people to look at.

import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../observability/logger.ts';
import { namesIn } from '../storage/names-in.ts';

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

  /** True if there is any folder of a stream. */
  async hold(): Promise<boolean> {
    return (await namesIn(path.join(this.#root, 'streams'))).length > 0;
  }

  /** Takes a folder out of its place for good. False: it could not be renamed and is to be tried again at the next start. */
  async discard(place: Place): Promise<boolean> {
    const target = path.join(this.#root, '.trash', randomUUID());
    try {
      await move(this.path(place), target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
      this.#log.error({ err: error, place }, 'a folder could not be discarded');
      return false;
    }
    this.#remove(target);
    return true;
  }

  /** At start: empties the trash, and sets folders aside that the metadata does not know. */
  async sweep(known: (place: Place) => boolean): Promise<void> {
    const trash = path.join(this.#root, '.trash');
    for (const name of await namesIn(trash)) this.#remove(path.join(trash, name));
    const visit = async (above: readonly number[]): Promise<void> => {
      const level = levels[above.length];
      if (level === undefined) return;
      const folder = above.length === 0 ? this.#root : this.path(above as unknown as Place);
      for (const name of await namesIn(path.join(folder, level))) {
        if (!/^\d{1,10}$/.test(name)) continue;
        const place = [...above, Number(name)] as unknown as Place;
        if (known(place)) await visit(place as readonly number[]);
        else await this.#setAside(place);
      }
    };
    await visit([]);
  }

  /** Resolves when the trash that was made so far is empty. */
  settled(): Promise<void> {
    return this.#removals;
  }

  async #setAside(place: Place): Promise<void> {
    const folder = this.path(place);
    const target = path.join(this.#root, 'unknown', `${place.join('-')}-${randomUUID()}`);
    await move(folder, target);
    this.#log.warn({ folder, movedTo: target }, 'the metadata does not know this folder; it was set aside, nothing of it was deleted');
  }

  #remove(folder: string): void {
    this.#removals = this.#removals
      .then(() => rm(folder, { recursive: true, force: true }))
      .catch((error: unknown) => this.#log.error({ err: error, folder }, 'trash could not be removed'));
  }
}

/** Renames a folder so that it survives a power failure in the one place or the other. */
async function move(from: string, to: string): Promise<void> {
  const target = path.dirname(to);
  const made = await mkdir(target, { recursive: true });
  await rename(from, to);
  for (const folder of [...(made === undefined ? [] : [path.dirname(target)]), target, path.dirname(from)]) {
    const handle = await open(folder);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
