// DeletePartitions (code 403, operation 137)
//   stream        identifier
//   topic         identifier
//   count         u32
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';

export interface DeletePartitionsRequest {
  stream: Identifier;
  topic: Identifier;
  /** The partitions with the highest ids go. */
  partitionsCount: number;
}

export const deletePartitions: Command<DeletePartitionsRequest, void> = {
  name: 'DeletePartitions',
  code: 403,
  operation: Operation.deletePartitions,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.stream);
    writeIdentifier(writer, request.topic);
    writer.u32(request.partitionsCount);
  },

  decodeRequest(reader) {
    return { stream: readIdentifier(reader), topic: readIdentifier(reader), partitionsCount: reader.u32() };
  },

  encodeReply() {},
  decodeReply() {},
};
