// FlushUnsavedBuffer (code 102)
//   stream        identifier
//   topic         identifier
//   partition     u32
//   fsync         u8: 0 no, anything else yes
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';

export interface FlushUnsavedBufferRequest {
  stream: Identifier;
  topic: Identifier;
  partition: number;
  /** Also force the bytes through the operating system. */
  fsync: boolean;
}

export const flushUnsavedBuffer: Command<FlushUnsavedBufferRequest, void> = {
  name: 'FlushUnsavedBuffer',
  code: 102,
  operation: Operation.nonReplicated,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.stream);
    writeIdentifier(writer, request.topic);
    writer.u32(request.partition).u8(request.fsync ? 1 : 0);
  },

  decodeRequest(reader) {
    return { stream: readIdentifier(reader), topic: readIdentifier(reader), partition: reader.u32(), fsync: reader.u8() !== 0 };
  },

  encodeReply() {},
  decodeReply() {},
};
