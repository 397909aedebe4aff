// Whether the server can serve: what it listens on, whether its disk and its metadata take writes, whether it is about to stop.
//
// Anybody may ask, so that the writes are done at most once a second; whoever asks in between gets the same answer.

import { open, rm } from 'node:fs/promises';
import path from 'node:path';

export interface ReadinessFacts {
  readonly dataPath: string;
  stopping(): boolean;
  /** All that is to be listened on is. */
  listening(): boolean;
  /** Resolves when the metadata store has written something to the device. */
  writeMetadata(): Promise<void>;
  nowMs(): number;
}

const rememberedMs = 1_000;
/** A disk that hangs is as good as none. */
const timeoutMs = 5_000;

export class Readiness {
  readonly #facts: ReadinessFacts;
  #writes: { readonly atMs: number; readonly failing: Promise<string[]> } | undefined;

  constructor(facts: ReadinessFacts) {
    this.#facts = facts;
  }

  /** What keeps the server from serving: `draining`, `listeners`, `disk`, `metadata`. */
  async failing(): Promise<readonly string[]> {
    const { stopping, listening } = this.#facts;
    if (stopping()) return ['draining'];
    const failing = await this.#failingWrites();
    return listening() ? failing : ['listeners', ...failing];
  }

  #failingWrites(): Promise<string[]> {
    const nowMs = this.#facts.nowMs();
    if (this.#writes === undefined || nowMs - this.#writes.atMs >= rememberedMs) {
      this.#writes = { atMs: nowMs, failing: this.#tryWrites() };
    }
    return this.#writes.failing;
  }

  async #tryWrites(): Promise<string[]> {
    const checks = { disk: writeFile(this.#facts.dataPath), metadata: this.#facts.writeMetadata() };
    const failing = await Promise.all(Object.entries(checks).map(async ([name, check]) => ((await succeeds(check)) ? [] : [name])));
    return failing.flat();
  }
}

async function writeFile(folder: string): Promise<void> {
  const file = path.join(folder, 'readiness-check');
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.write('ready');
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rm(file, { force: true });
}

async function succeeds(check: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const settled = check.then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}
