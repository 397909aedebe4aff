// GetStreams (code 201)
//   empty
// → streams to the end of the body

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { readStreamSummary, type StreamSummary, writeStreamSummary } from '../primitives/stream-summary.ts';

export const getStreams: Command<void, StreamSummary[]> = {
  name: 'GetStreams',
  code: 201,
  operation: Operation.nonReplicated,

  encodeRequest() {},
  decodeRequest() {},

  encodeReply(writer, streams, generation) {
    for (const stream of streams) writeStreamSummary(writer, stream, generation);
  },

  decodeReply(reader, generation) {
    const streams: StreamSummary[] = [];
    while (reader.remaining > 0) streams.push(readStreamSummary(reader, generation));
    return streams;
  },
};
