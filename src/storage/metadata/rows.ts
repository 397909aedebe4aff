// Rows of the metadata store: what must survive a restart and is not in the logs. 64-bit numbers are decimal texts, since JSON has none.

/** An option's value: kind and bytes in base64. */
export type OptionRow = [kind: number, base64: string];

export interface StreamRow {
  name: string;
  createdAt: string;
}

export interface TopicRow {
  name: string;
  createdAt: string;
  replicationFactor: number;
  /** What the client named. */
  options: Record<string, OptionRow>;
  /** Server defaults at the time of creation, so that a changed setting does not change old topics. */
  defaults: {
    segmentBytes: number;
    messageExpiry: string;
    maxTopicSize: string;
    durability: 'none' | 'interval' | 'group';
    offsetDurability: 'none' | 'interval' | 'group';
    deduplication: { enabled: boolean; entriesMax: number; expiry: string };
  };
  /** Ids of consumer groups are never given twice. */
  nextGroupId: number;
}

export interface PartitionRow {
  createdAt: string;
  /** Identity of the folder, decimal u64. */
  incarnation: string;
  /** `creating`: the folder may not be there yet. */
  state: 'creating' | 'ready';
}

export interface GroupRow {
  name: string;
}

export interface UserRow {
  name: string;
  createdAt: string;
  /** Argon2id in PHC form. */
  passwordHash: string;
  active: boolean;
  /** The protocol's permission block in base64; null: none. */
  permissions: string | null;
}

/** A personal access token. */
export interface TokenRow {
  name: string;
  /** SHA-256 of the token's text, hexadecimal; `blake3:` and BLAKE3 of a token that was made by Iggy. */
  hash: string;
  /** Microseconds since 1970; null: never. */
  expiresAt: string | null;
}

/** An access token of the HTTP API that was revoked. */
export interface RevocationRow {
  tokenId: string;
  /** Seconds since 1970: the token would have ended then. */
  until: number;
}

/** The folder of a stream, topic or partition whose rows are gone, and which is still in its place. */
export type RemovalRow = Record<string, never>;

export interface Rows {
  stream: StreamRow;
  topic: TopicRow;
  partition: PartitionRow;
  group: GroupRow;
  user: UserRow;
  token: TokenRow;
  revocation: RevocationRow;
  removal: RemovalRow;
}

export type RowKind = keyof Rows;
