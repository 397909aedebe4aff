// GetClient (code 21)
//   client id     u32
// → client details; empty when there is no such client

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type ClientDetails, readClientDetails, writeClientDetails } from '../primitives/client-details.ts';

export interface GetClientRequest {
  clientId: number;
}

export const getClient: Command<GetClientRequest, ClientDetails | undefined> = {
  name: 'GetClient',
  code: 21,
  operation: Operation.nonReplicated,

  encodeRequest(writer, request) {
    writer.u32(request.clientId);
  },

  decodeRequest(reader) {
    return { clientId: reader.u32() };
  },

  encodeReply(writer, client) {
    if (client !== undefined) writeClientDetails(writer, client);
  },

  decodeReply(reader) {
    return reader.remaining === 0 ? undefined : readClientDetails(reader);
  },
};
