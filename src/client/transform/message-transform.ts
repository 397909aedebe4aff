// What may happen to messages between a program and the wire: compression, encryption, or anything else that turns bytes into bytes.

import { decodeUserHeaders, encodeUserHeaders } from '../../protocol/primitives/user-headers.ts';

/** What a message carries: its payload and its user headers as encoded. */
export interface MessageBody {
  /** Any bytes. */
  payload: Uint8Array;
  /** Undefined: none. */
  headers: Uint8Array | undefined;
}

/** What is sent passes the list in order, what is read from its end to its beginning: give writers and readers the same list, compression before encryption. */
export interface MessageTransform {
  /** From the program to the wire. What it throws is the `cause` of an ArgumentError. */
  outgoing(body: MessageBody): MessageBody;
  /** From the wire to the program. Throws for what `outgoing` cannot have made; the poll or the consumer fails with that error. */
  incoming(body: MessageBody): MessageBody;
}

/** An algorithm, as zlib of Node or any library offers it. */
export interface Compressor {
  /** Written into the header `iggy-compression` of each message that was compressed. */
  name: string;
  /** Makes it shorter. */
  compress(payload: Uint8Array): Uint8Array;
  /** Restores it. Throws for what `compress` cannot have made, and should throw beyond some length: who may send can send what grows without bound. */
  decompress(payload: Uint8Array): Uint8Array;
}

const compressionKey = 'iggy-compression';

/**
 * Compresses payloads of at least `minBytes`, and marks them by the header that Iggy's examples use. Messages without the mark, or marked `none`, are read as they are; a mark of
 * another compressor is an error.
 */
export function compression(compressor: Compressor, minBytes = 256): MessageTransform {
  const { name, compress, decompress } = compressor;
  const mark = { key: { kind: 'string', value: compressionKey }, value: { kind: 'string', value: name } } as const;
  return {
    outgoing({ payload, headers }) {
      if (payload.length < minBytes) return { payload, headers };
      const others = headers === undefined ? [] : decodeUserHeaders(headers);
      return { payload: compress(payload), headers: encodeUserHeaders([...others, mark]) };
    },
    incoming({ payload, headers }) {
      const found = headers === undefined ? undefined : decodeUserHeaders(headers).find(({ key }) => key.value === compressionKey);
      if (found === undefined || found.value.value === 'none') return { payload, headers };
      if (found.value.value !== name) throw new Error(`the message is compressed with ${found.value.value}, not with ${name}`);
      return { payload: decompress(payload), headers };
    },
  };
}

/** Through the whole list, on the way out. */
export function transformed(body: MessageBody, transforms: readonly MessageTransform[]): MessageBody {
  return transforms.reduce((before, transform) => transform.outgoing(before), body);
}

/** The way back. */
export function restored(body: MessageBody, transforms: readonly MessageTransform[]): MessageBody {
  return transforms.reduceRight((after, transform) => transform.incoming(after), body);
}
