// CreateUser (code 33, operation 141)
//   username      name
//   password      u8 length, UTF-8
//   status        u8: 1 active, 2 inactive
//   permissions   flag u8 · if 1: u32 length, permissions
//   options       options block to the end of the body (VSR only)
// → user details

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { readMember, UserStatus } from '../primitives/enumerations.ts';
import { readName, writeName } from '../primitives/name.ts';
import { noOptions, type Options, readOptions, writeOptions } from '../primitives/options.ts';
import { type Permissions, readOptionalPermissions, writeOptionalPermissions } from '../primitives/permissions.ts';
import { readUserDetails, type UserDetails, writeUserDetails } from '../primitives/user.ts';

export interface CreateUserRequest {
  username: string;
  password: string;
  status: UserStatus;
  permissions: Permissions | undefined;
  /** Not on the classic wire. */
  options: Options;
}

export const createUser: Command<CreateUserRequest, UserDetails> = {
  name: 'CreateUser',
  code: 33,
  operation: Operation.createUser,

  encodeRequest(writer, request, generation) {
    writeName(writer, request.username);
    writer.shortText(request.password).u8(request.status);
    writeOptionalPermissions(writer, request.permissions);
    if (generation === 'vsr') writeOptions(writer, request.options);
  },

  decodeRequest(reader, generation) {
    return {
      username: readName(reader),
      password: reader.shortText(),
      status: readMember(reader, UserStatus, 'user status'),
      permissions: readOptionalPermissions(reader),
      options: generation === 'vsr' ? readOptions(reader) : noOptions,
    };
  },

  encodeReply: writeUserDetails,
  decodeReply: readUserDetails,
};
