// What a command is on the wire: one codec for both generations and both directions.

import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** Classic: the wire of Iggy 0.8 and before. VSR: the framing of Iggy 0.9. */
export type Generation = 'classic' | 'vsr';

/**
 * A command's codec. Bodies only: framing, status and VSR's result section belong to `frame/`.
 * Decoders throw `ProtocolError` with the wire status that the reference would answer (3 invalid command, 4 invalid format, …).
 */
export interface Command<Request, Reply> {
  /** Name as in the protocol, e.g. `CreateStream`. */
  readonly name: string;
  /** Classic command code; under VSR operation 2 it travels in the header. */
  readonly code: number;
  /** VSR operation byte; `Operation.nonReplicated` (2) for reads. */
  readonly operation: number;
  encodeRequest(writer: Writer, request: Request, generation: Generation): void;
  decodeRequest(reader: Reader, generation: Generation): Request;
  encodeReply(writer: Writer, reply: Reply, generation: Generation): void;
  decodeReply(reader: Reader, generation: Generation): Reply;
}
