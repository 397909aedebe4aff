// Messages as programs give and get them.

import type { Message, PolledMessage } from '../../protocol/batch/message.ts';
import type { TypedValue } from '../../protocol/primitives/typed-value.ts';
import { decodeUserHeaders, encodeUserHeaders } from '../../protocol/primitives/user-headers.ts';
import { randomId } from '../connection/random-id.ts';
import { type MessageTransform, restored, transformed } from '../transform/message-transform.ts';
import { typed, type Value } from './typed.ts';

/** A message to send. */
export interface OutgoingMessage {
  /** Text is sent as UTF-8. At most 64,000,000 bytes. Bytes may not change before the send has resolved. */
  payload: Uint8Array | string;
  /** 128 bits. Default: one that no other message has. */
  id?: bigint;
  /** At most 100,000 bytes in all; each value 1 to 255. */
  headers?: Readonly<Record<string, Value>> | ReadonlyMap<string, Value>;
  /** Messages of one key go to one partition, in order. 1 to 255 bytes. */
  key?: string | Uint8Array;
  /** Goes to this partition, whatever the producer's partitioning and the key say. */
  partition?: number;
}

/** Ids that are unique without asking anyone: 80 random bits of the maker, then a count. */
export function createIdSource(): () => bigint {
  const maker = (randomId() >> 48n) << 48n;
  let count = 0;
  return () => maker | BigInt(++count);
}

/** Throws ProtocolError for headers that do not fit. */
export function wireMessage(
  message: OutgoingMessage,
  nextId: () => bigint,
  originTimestamp: bigint,
  transforms: readonly MessageTransform[],
): Message {
  const body = {
    payload: typeof message.payload === 'string' ? Buffer.from(message.payload) : message.payload,
    headers: message.headers === undefined ? undefined : encodeHeaders(message.headers),
  };
  const { payload, headers } = transformed(body, transforms);
  return { id: message.id ?? nextId(), payload, headers, originTimestamp };
}

function encodeHeaders(headers: NonNullable<OutgoingMessage['headers']>): Uint8Array | undefined {
  const entries = headers instanceof Map ? [...headers] : Object.entries(headers as Readonly<Record<string, Value>>);
  if (entries.length === 0) return undefined;
  return encodeUserHeaders(entries.map(([key, value]) => ({ key: { kind: 'string', value: key }, value: typed(value) })));
}

/** A message that was read. Payload and headers are views of the reply that brought it: keep a copy rather than a message for long. */
export class ReceivedMessage {
  /** Id of the partition. */
  readonly partition: number;
  /** Place in the partition, from 0. */
  readonly offset: number;
  /** Microseconds since 1970, when the server appended it. */
  readonly timestamp: number;
  /** Microseconds since 1970, when the producer made it. */
  readonly originTimestamp: number;
  /** 128 bits, the producer's choice. */
  readonly id: bigint;
  /** After all transforms. */
  readonly payload: Uint8Array;
  /** User headers as encoded, after all transforms. Undefined: none. */
  readonly rawHeaders: Uint8Array | undefined;

  constructor(message: PolledMessage, partition: number, transforms: readonly MessageTransform[]) {
    const { payload, headers } = restored(message, transforms);
    this.partition = partition;
    this.offset = Number(message.offset);
    this.timestamp = Number(message.timestamp);
    this.originTimestamp = Number(message.originTimestamp);
    this.id = message.id;
    this.payload = payload;
    this.rawHeaders = headers;
  }

  /** The payload as UTF-8. */
  text(): string {
    return Buffer.from(this.payload.buffer, this.payload.byteOffset, this.payload.length).toString();
  }

  /** The payload as JSON. Throws SyntaxError. */
  json(): unknown {
    return JSON.parse(this.text());
  }

  /** The last value of each key that is text. Throws ProtocolError when the sender's bytes are no headers. */
  headers(): Map<string, TypedValue['value']> {
    const headers = new Map<string, TypedValue['value']>();
    if (this.rawHeaders === undefined) return headers;
    for (const { key, value } of decodeUserHeaders(this.rawHeaders)) if (key.kind === 'string') headers.set(key.value, value.value);
    return headers;
  }
}
