// GetClients (code 22)
//   empty
// → clients to the end of the body, without their groups

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Client, readClient, writeClient } from '../primitives/client-details.ts';

export const getClients: Command<void, Client[]> = {
  name: 'GetClients',
  code: 22,
  operation: Operation.nonReplicated,

  encodeRequest() {},
  decodeRequest() {},

  encodeReply(writer, clients) {
    for (const client of clients) writeClient(writer, client);
  },

  decodeReply(reader) {
    const clients: Client[] = [];
    while (reader.remaining > 0) clients.push(readClient(reader));
    return clients;
  },
};
