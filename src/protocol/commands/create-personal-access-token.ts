// CreatePersonalAccessToken (code 42, operation 146)
//   name          name
//   expiry        u64, microseconds from now, 0 and 2⁶⁴ − 1 never
// → token       name

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { readName, writeName } from '../primitives/name.ts';

export interface CreatePersonalAccessTokenRequest {
  name: string;
  /** Microseconds from now; 0 and 2⁶⁴ − 1 never. */
  expiry: bigint;
}

export interface CreatePersonalAccessTokenReply {
  token: string;
}

export const createPersonalAccessToken: Command<CreatePersonalAccessTokenRequest, CreatePersonalAccessTokenReply> = {
  name: 'CreatePersonalAccessToken',
  code: 42,
  operation: Operation.createPersonalAccessToken,

  encodeRequest(writer, request) {
    writeName(writer, request.name);
    writer.u64(request.expiry);
  },

  decodeRequest(reader) {
    return { name: readName(reader), expiry: reader.u64() };
  },

  encodeReply(writer, reply) {
    writeName(writer, reply.token);
  },

  decodeReply(reader) {
    return { token: readName(reader) };
  },
};
