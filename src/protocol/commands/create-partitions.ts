// CreatePartitions (code 402, operation 136)
//   stream        identifier
//   topic         identifier
//   count         u32
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';

export interface CreatePartitionsRequest {
  stream: Identifier;
  topic: Identifier;
  partitionsCount: number;
}

export const createPartitions: Command<CreatePartitionsRequest, void> = {
  name: 'CreatePartitions',
  code: 402,
  operation: Operation.createPartitions,

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
