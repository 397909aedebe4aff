// GetUsers (code 32)
//   empty
// → users to the end of the body

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { readUser, type User, writeUser } from '../primitives/user.ts';

export const getUsers: Command<void, User[]> = {
  name: 'GetUsers',
  code: 32,
  operation: Operation.nonReplicated,

  encodeRequest() {},
  decodeRequest() {},

  encodeReply(writer, users, generation) {
    for (const user of users) writeUser(writer, user, generation);
  },

  decodeReply(reader, generation) {
    const users: User[] = [];
    while (reader.remaining > 0) users.push(readUser(reader, generation));
    return users;
  },
};
