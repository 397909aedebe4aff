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
import type { CallOptions } from '../connection/call.ts';
import { plain } from './plain.ts';
import type { UserDetails, UserInfo } from './replies.ts';
import { type OptionValues, once, type Requester, repeatable, wireOptions } from './run.ts';

/** A user to create. */
export interface NewUser {
  /** 3 to 50 bytes, unique. */
  username: string;
  /** 3 to 100 bytes. */
  password: string;
  /** Default: active. */
  status?: UserStatus;
  /** Default: none at all. */
  permissions?: Permissions;
  /** For VSR servers alone. */
  options?: OptionValues;
}

/** Commands on users: `client.users`. */
export class Users {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** Undefined: there is no such user. */
  async get(user: Identifier, options?: CallOptions): Promise<UserDetails | undefined> {
    return plain(await this.#requester.request(getUser, { user }, repeatable(options)));
  }

  /** By ascending id. */
  async list(options?: CallOptions): Promise<UserInfo[]> {
    return plain(await this.#requester.request(getUsers, undefined, repeatable(options)));
  }

  /** Rejects with AlreadyExistsError when the name is taken. */
  async create(request: NewUser, options?: CallOptions): Promise<UserDetails> {
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

  /** One's own, or with the permission to manage users that of anybody. Rejects with AuthenticationError when the current one is wrong. */
  changePassword(request: { user: Identifier; currentPassword: string; newPassword: string }, options?: CallOptions): Promise<void> {
    return this.#requester.request(changePassword, request, once(options));
  }

  /** Deletes the user with all tokens and ends the sessions. The root user cannot be deleted. */
  delete(user: Identifier, options?: CallOptions): Promise<void> {
    return this.#requester.request(deleteUser, { user }, once(options));
  }
}
