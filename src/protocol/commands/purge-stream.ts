// PurgeStream (code 205, operation 131)
//   stream        identifier
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';

export interface PurgeStreamRequest {
  stream: Identifier;
}

export const purgeStream: Command<PurgeStreamRequest, void> = {
  name: 'PurgeStream',
  code: 205,
  operation: Operation.purgeStream,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.stream);
  },

  decodeRequest(reader) {
    return { stream: readIdentifier(reader) };
  },

  encodeReply() {},
  decodeReply() {},
};
