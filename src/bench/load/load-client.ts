// What actors need of a connection, whatever transport and generation carry it.

/** Messages that are ready to be sent, again and again. */
export interface Batch {
  readonly messages: number;
  /** Of the payloads together. */
  readonly payloadBytes: number;
  /** The request's body, with the time of the last `stamp`. */
  readonly body: Buffer;
  /** Sets when the messages were made: microseconds since 1970. */
  stamp(originMicros: number): void;
}

/** What a poll brought, without a look at messages beyond the first. */
export interface Polled {
  readonly messages: number;
  /** Of the payloads together. */
  readonly payloadBytes: number;
  /** Of the first message. */
  readonly offset: number;
  /** When the first message was made: microseconds since 1970. */
  readonly originMicros: number;
  /** A member is to ask for its partitions again. */
  readonly resync: boolean;
}

export interface PollAt {
  /** Of the first message wanted; undefined goes on where the group is, and commits. */
  readonly offset: number | undefined;
  /** Undefined: the server chooses, for members of the classic generation. */
  readonly partition: number | undefined;
  readonly count: number;
}

/** Where a client sends to and reads from. */
export interface Place {
  readonly stream: string;
  readonly topic: string;
  /** Of sends; undefined leaves the choice to the server. */
  readonly partition: number | undefined;
  /** Undefined: it reads as a consumer of its own. */
  readonly group: string | undefined;
}

/** One connection. Every method rejects with an Error that says what the server or the connection did. */
export interface LoadClient {
  /** Makes a batch of messages of these sizes, in bytes. */
  prepare(sizes: readonly number[]): Batch;
  send(batch: Batch): Promise<void>;
  poll(at: PollAt): Promise<Polled>;
  /** Partitions to poll in turn as a member of the group, for `PollAt.partition`. The first call joins. */
  memberPartitions(): Promise<readonly (number | undefined)[]>;
  close(): Promise<void>;
}
