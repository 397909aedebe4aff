// User
//   id            u32
//   created at    u64, microseconds since 1970
//   status        u8: 1 active, 2 inactive
//   username      name
//   options       u32 length, options block (VSR only)
// User details: a user, then its permissions in the wrapped form, or four zero bytes when it has none

import type { Generation } from '../command.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { readMember, UserStatus } from './enumerations.ts';
import { readName, writeName } from './name.ts';
import { noOptions, type Options, readPrefixedOptions, writePrefixedOptions } from './options.ts';
import { type Permissions, readOptionalPermissions, writeOptionalPermissions } from './permissions.ts';

export interface User {
  id: number;
  /** Microseconds since 1970. */
  createdAt: bigint;
  status: UserStatus;
  username: string;
  /** Not on the classic wire. */
  options: Options;
}

export interface UserDetails extends User {
  permissions: Permissions | undefined;
}

export function readUser(reader: Reader, generation: Generation): User {
  return {
    id: reader.u32(),
    createdAt: reader.u64(),
    status: readMember(reader, UserStatus, 'user status'),
    username: readName(reader),
    options: generation === 'vsr' ? readPrefixedOptions(reader) : noOptions,
  };
}

export function writeUser(writer: Writer, user: User, generation: Generation): void {
  writer.u32(user.id).u64(user.createdAt).u8(user.status);
  writeName(writer, user.username);
  if (generation === 'vsr') writePrefixedOptions(writer, user.options);
}

export function readUserDetails(reader: Reader, generation: Generation): UserDetails {
  const user = readUser(reader, generation);
  const permissions = readOptionalPermissions(reader);
  if (permissions === undefined) reader.skip(3);
  return { ...user, permissions };
}

export function writeUserDetails(writer: Writer, user: UserDetails, generation: Generation): void {
  writeUser(writer, user, generation);
  if (user.permissions === undefined) writer.u32(0);
  else writeOptionalPermissions(writer, user.permissions);
}
