// DeleteStream (code 203, operation 130)
//   stream        identifier
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';

export interface DeleteStreamRequest {
  stream: Identifier;
}

export const deleteStream: Command<DeleteStreamRequest, void> = {
  name: 'DeleteStream',
  code: 203,
  operation: Operation.deleteStream,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.stream);
  },

  decodeRequest(reader) {
    return { stream: readIdentifier(reader) };
  },

  encodeReply() {},
  decodeReply() {},
};
