// CreateStream (code 202, operation 128)
//   name          name
//   options       options block to the end of the body (VSR only)
// → stream

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { readName, writeName } from '../primitives/name.ts';
import { noOptions, type Options, readOptions, writeOptions } from '../primitives/options.ts';
import { readStreamSummary, type StreamSummary, writeStreamSummary } from '../primitives/stream-summary.ts';

export interface CreateStreamRequest {
  name: string;
  /** Not on the classic wire. */
  options: Options;
}

export const createStream: Command<CreateStreamRequest, StreamSummary> = {
  name: 'CreateStream',
  code: 202,
  operation: Operation.createStream,

  encodeRequest(writer, request, generation) {
    writeName(writer, request.name);
    if (generation === 'vsr') writeOptions(writer, request.options);
  },

  decodeRequest(reader, generation) {
    return { name: readName(reader), options: generation === 'vsr' ? readOptions(reader) : noOptions };
  },

  encodeReply: writeStreamSummary,
  decodeReply: readStreamSummary,
};
