// UpdateStream (code 204, operation 129)
//   stream        identifier
//   name          name
//   options       options block to the end of the body (VSR only)
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';
import { readName, writeName } from '../primitives/name.ts';
import { noOptions, type Options, readOptions, writeOptions } from '../primitives/options.ts';

export interface UpdateStreamRequest {
  stream: Identifier;
  name: string;
  /** Not on the classic wire. */
  options: Options;
}

export const updateStream: Command<UpdateStreamRequest, void> = {
  name: 'UpdateStream',
  code: 204,
  operation: Operation.updateStream,

  encodeRequest(writer, request, generation) {
    writeIdentifier(writer, request.stream);
    writeName(writer, request.name);
    if (generation === 'vsr') writeOptions(writer, request.options);
  },

  decodeRequest(reader, generation) {
    return {
      stream: readIdentifier(reader),
      name: readName(reader),
      options: generation === 'vsr' ? readOptions(reader) : noOptions,
    };
  },

  encodeReply() {},
  decodeReply() {},
};
