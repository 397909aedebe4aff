// GetStream (code 200)
//   stream        identifier
// → stream details; empty when there is no such stream

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';
import { readStreamDetails, type StreamDetails, writeStreamDetails } from '../primitives/stream-summary.ts';

export interface GetStreamRequest {
  stream: Identifier;
}

export const getStream: Command<GetStreamRequest, StreamDetails | undefined> = {
  name: 'GetStream',
  code: 200,
  operation: Operation.nonReplicated,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.stream);
  },

  decodeRequest(reader) {
    return { stream: readIdentifier(reader) };
  },

  encodeReply(writer, stream, generation) {
    if (stream !== undefined) writeStreamDetails(writer, stream, generation);
  },

  decodeReply(reader, generation) {
    return reader.remaining === 0 ? undefined : readStreamDetails(reader, generation);
  },
};
