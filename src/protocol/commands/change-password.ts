// ChangePassword (code 37, operation 144)
//   user          identifier
//   current       u8 length, UTF-8
//   new           u8 length, UTF-8
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';

export interface ChangePasswordRequest {
  user: Identifier;
  currentPassword: string;
  newPassword: string;
}

export const changePassword: Command<ChangePasswordRequest, void> = {
  name: 'ChangePassword',
  code: 37,
  operation: Operation.changePassword,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.user);
    writer.shortText(request.currentPassword).shortText(request.newPassword);
  },

  decodeRequest(reader) {
    return { user: readIdentifier(reader), currentPassword: reader.shortText(), newPassword: reader.shortText() };
  },

  encodeReply() {},
  decodeReply() {},
};
