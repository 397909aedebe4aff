// DeleteSegments (code 503, operation 138)
//   stream        identifier
//   topic         identifier
//   partition     u32
//   segments      u32
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';

export interface DeleteSegmentsRequest {
  stream: Identifier;
  topic: Identifier;
  partition: number;
  /** At most this many sealed segments go, the oldest first. */
  segmentsCount: number;
}

export const deleteSegments: Command<DeleteSegmentsRequest, void> = {
  name: 'DeleteSegments',
  code: 503,
  operation: Operation.deleteSegments,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.stream);
    writeIdentifier(writer, request.topic);
    writer.u32(request.partition).u32(request.segmentsCount);
  },

  decodeRequest(reader) {
    return {
      stream: readIdentifier(reader),
      topic: readIdentifier(reader),
      partition: reader.u32(),
      segmentsCount: reader.u32(),
    };
  },

  encodeReply() {},
  decodeReply() {},
};
