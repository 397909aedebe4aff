// What a system must offer to be measured beside others.

export interface Rival {
  readonly name: string;
  /** Starts it in an empty folder. Rejects with an Error that says what is missing, or what the server said. */
  start(folder: string, durable: boolean): Promise<RunningRival>;
  /** A connection of its own. */
  connect(address: string): Promise<RivalClient>;
}

export interface RunningRival {
  readonly address: string;
  stop(): Promise<void>;
}

export interface RivalClient {
  /** Version and durability, read from the server. */
  settings(): Promise<string>;
  /** Makes a place for messages: one partition, or what comes closest. */
  create(name: string): Promise<void>;
  /** Resolves when all are acknowledged. */
  send(name: string, payloads: readonly Buffer[]): Promise<void>;
  /** Reads so many messages from the start, at most `count` at a time. */
  read(name: string, messages: number, count: number): Promise<void>;
  remove(name: string): Promise<void>;
  close(): Promise<void>;
}
