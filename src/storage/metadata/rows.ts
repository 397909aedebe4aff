// Rows of the metadata store: what must survive a restart and is not in the logs. 64-bit numbers are decimal texts, since JSON has none. Fields that are not named here are let be.

import { z } from 'zod';

const u32 = z.int().min(0).max(0xffff_ffff);
const u64 = z
  .string()
  .regex(/^(0|[1-9]\d{0,19})$/, 'must be a decimal number')
  .refine((text) => BigInt(text) <= 0xffff_ffff_ffff_ffffn, 'must be below 2^64');
const name = z.string().min(1);
const durability = z.enum(['none', 'interval', 'group']);

/** An option's value: kind and bytes in base64. */
const option = z.tuple([z.int().min(0).max(255), z.base64()]);

const stream = z.object({ name, createdAt: u64 });

const topic = z.object({
  name,
  createdAt: u64,
  replicationFactor: z.int().min(0).max(255),
  /** What the client named. */
  options: z.record(z.string(), option),
  /** Server defaults at the time of creation, so that a changed setting does not change old topics. */
  defaults: z.object({
    segmentBytes: z.int().min(1),
    messageExpiry: u64,
    maxTopicSize: u64,
    durability,
    offsetDurability: durability,
    deduplication: z.object({ enabled: z.boolean(), entriesMax: u32, expiry: u64 }),
  }),
  /** Ids of consumer groups are never given twice. */
  nextGroupId: z.int().min(0),
});

const partition = z.object({
  createdAt: u64,
  /** Identity of the folder. */
  incarnation: u64,
  /** `creating`: the folder may not be there yet. */
  state: z.enum(['creating', 'ready']),
});

const group = z.object({ name });

const user = z.object({
  name,
  createdAt: u64,
  /** Argon2id in PHC form. */
  passwordHash: z.string(),
  active: z.boolean(),
  /** The protocol's permission block in base64; null: none. */
  permissions: z.base64().nullable(),
});

/** A personal access token. */
const token = z.object({
  name,
  /** SHA-256 of the token's text, hexadecimal; `blake3:` and BLAKE3 of a token that was made by Iggy. */
  hash: name,
  /** Microseconds since 1970; null: never. */
  expiresAt: u64.nullable(),
});

/** An access token of the HTTP API that was revoked. */
const revocation = z.object({
  tokenId: z.string(),
  /** Seconds since 1970: the token would have ended then. */
  until: z.number(),
});

/** The folder of a stream, topic or partition whose rows are gone, and which is still in its place. */
const removal = z.object({});

/** A key that messages may be encrypted with; the ids are the halves of its id. */
const encryptionKey = z.object({ since: u64 });

export const rowSchemas = { stream, topic, partition, group, user, token, revocation, removal, encryptionKey };

/** Ids that a row's key has: at least and at most. */
export const idCounts: Readonly<Record<RowKind, readonly [min: number, max: number]>> = {
  stream: [1, 1],
  topic: [2, 2],
  partition: [3, 3],
  group: [3, 3],
  user: [1, 1],
  token: [2, 2],
  revocation: [1, 1],
  removal: [1, 3],
  encryptionKey: [2, 2],
};

export type RowKind = keyof typeof rowSchemas;
export type Rows = { [Kind in RowKind]: z.infer<(typeof rowSchemas)[Kind]> };
export type OptionRow = z.infer<typeof option>;
export type TopicRow = Rows['topic'];
export type PartitionRow = Rows['partition'];
export type UserRow = Rows['user'];
export type TokenRow = Rows['token'];
