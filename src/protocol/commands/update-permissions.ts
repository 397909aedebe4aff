// UpdatePermissions (code 36, operation 145)
//   user          identifier
//   permissions   flag u8 · if 1: u32 length, permissions
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';
import { type Permissions, readOptionalPermissions, writeOptionalPermissions } from '../primitives/permissions.ts';

export interface UpdatePermissionsRequest {
  user: Identifier;
  /** The whole new set; undefined clears it. */
  permissions: Permissions | undefined;
}

export const updatePermissions: Command<UpdatePermissionsRequest, void> = {
  name: 'UpdatePermissions',
  code: 36,
  operation: Operation.updatePermissions,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.user);
    writeOptionalPermissions(writer, request.permissions);
  },

  decodeRequest(reader) {
    return { user: readIdentifier(reader), permissions: readOptionalPermissions(reader) };
  },

  encodeReply() {},
  decodeReply() {},
};
