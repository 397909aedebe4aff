// Consumer
//   kind          u8: 1 consumer, 2 consumer group
//   id            identifier

import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { type Identifier, readIdentifier, writeIdentifier } from './identifier.ts';

export const ConsumerKind = { consumer: 1, group: 2 } as const;

export type ConsumerKind = (typeof ConsumerKind)[keyof typeof ConsumerKind];

/** A single consumer needs not exist: its id is any number or name. A group is an existing group of the topic. */
export interface Consumer {
  kind: ConsumerKind;
  id: Identifier;
}

/** Errors: 3 for an unknown kind, else as for identifiers. */
export function readConsumer(reader: Reader): Consumer {
  const kind = reader.u8();
  if (kind !== ConsumerKind.consumer && kind !== ConsumerKind.group) throw new ProtocolError('invalid-command', `consumer kind ${kind}`);
  return { kind, id: readIdentifier(reader) };
}

export function writeConsumer(writer: Writer, consumer: Consumer): void {
  writer.u8(consumer.kind);
  writeIdentifier(writer, consumer.id);
}
