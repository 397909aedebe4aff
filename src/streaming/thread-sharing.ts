// What several threads count together. Without worker threads the control thread counts alone, in plain memory.

export interface Counter {
  readonly value: number;
  /** Returns what it is then. */
  add(difference: number): number;
}

export interface ThreadSharing {
  /** Numbers of connections, whatever thread they are served by. */
  nextClientId(): number;
  /** Entries that all send windows have room for. */
  readonly rememberedSends: Counter;
  /** Told of each poll that begins and ends to wait for a partition: before what it waits for is looked at, so that a thread that changes it afterwards knows. */
  waitBegan(partition: number): void;
  waitEnded(partition: number): void;
}

const clientIdMax = 0xffff_fffe;

export function singleThread(): ThreadSharing {
  let lastClientId = 0;
  return {
    nextClientId() {
      lastClientId = lastClientId === clientIdMax ? 1 : lastClientId + 1;
      return lastClientId;
    },
    rememberedSends: new PlainCounter(),
    waitBegan() {},
    waitEnded() {},
  };
}

export class PlainCounter implements Counter {
  value = 0;

  add(difference: number): number {
    this.value += difference;
    return this.value;
  }
}
