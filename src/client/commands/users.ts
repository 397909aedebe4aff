// Commands on users.

import { changePassword } from '../../protocol/commands/change-password.ts';
import { createUser } from '../../protocol/commands/create-user.ts';
import { deleteUser } from '../../protocol/commands/delete-user.ts';
import { getUser } from '../../protocol/commands/get-user.ts';
import { getUsers } from '../../protocol/commands/get-users.ts';
import { updatePermissions } from '../../protocol/commands/update-permissions.ts';
import { updateUser } from '../../protocol/commands/update-user.ts';
import { UserStatus } from '../../protocol/primitives/enumerations.ts';
import type { Identifier } from '../../protocol/primitives/identifier.ts';
import type { Permissions } from '../../protocol/primitives/permissions.ts';
import type { User, UserDetails } from '../../protocol/primitives/user.ts';
import type { CallOptions } from '../connection/call.ts';
import { type Plain, plain } from './plain.ts';
import { type OptionValues, once, type Requester, repeatable, wireOptions } from './run.ts';

export interface NewUser {
  username: string;
  password: string;
  /** Default: active. */
  status?: UserStatus;
  /** Default: none at all. */
  permissions?: Permissions;
  /** For VSR servers alone. */
  options?: OptionValues;
}

export class Users {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** Undefined: there is no such user. */
  async get(user: Identifier, options?: CallOptions): Promise<Plain<UserDetails> | undefined> {
    return plain(await this.#requester.request(getUser, { user }, repeatable(options)));
  }

  async list(options?: CallOptions): Promise<Plain<User>[]> {
    return plain(await this.#requester.request(getUsers, undefined, repeatable(options)));
  }

  async create(request: NewUser, options?: CallOptions): Promise<Plain<UserDetails>> {
    const { username, password, status = UserStatus.active, permissions, options: values } = request;
    const wire = { username, password, status, permissions, options: wireOptions(values) };
    return plain(await this.#requester.request(createUser, wire, once(options)));
  }

  /** What is left out stays as it is. */
  update(
    request: { user: Identifier; username?: string; status?: UserStatus; options?: OptionValues },
    options?: CallOptions,
  ): Promise<void> {
    const { user, username, status, options: values } = request;
    return this.#requester.request(updateUser, { user, username, status, options: wireOptions(values) }, once(options));
  }

  /** Replaces them all; undefined takes them all away. */
  updatePermissions(request: { user: Identifier; permissions: Permissions | undefined }, options?: CallOptions): Promise<void> {
    return this.#requester.request(updatePermissions, request, once(options));
  }

  changePassword(request: { user: Identifier; currentPassword: string; newPassword: string }, options?: CallOptions): Promise<void> {
    return this.#requester.request(changePassword, request, once(options));
  }

  delete(user: Identifier, options?: CallOptions): Promise<void> {
    return this.#requester.request(deleteUser, { user }, once(options));
  }
}
