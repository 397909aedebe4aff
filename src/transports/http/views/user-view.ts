// Users, their tokens, and what a login answers.

import { UserStatus } from '../../../protocol/primitives/enumerations.ts';
import { noOptions } from '../../../protocol/primitives/options.ts';
import type { User, UserDetails } from '../../../protocol/primitives/user.ts';
import { optionsSchema, optionsView } from './options-view.ts';
import { permissionsSchema, permissionsView } from './permissions-view.ts';
import { integer, nullable, record, text } from './schema.ts';

export const statusSchema = { type: 'string', enum: ['active', 'inactive'] };

const properties = { id: integer, created_at: integer, status: statusSchema, username: text, options: optionsSchema };

export const userSchema = record(properties, 'User');
export const userDetailsSchema = record({ ...properties, permissions: permissionsSchema }, 'UserDetails');
export const identitySchema = record({ user_id: integer, access_token: record({ token: text, expiry: integer }) }, 'Identity');
export const tokenSchema = record({ name: text, expiry_at: nullable(integer) }, 'PersonalAccessToken');
export const rawTokenSchema = record({ token: text }, 'RawPersonalAccessToken');

export function userView(user: User) {
  return {
    id: user.id,
    created_at: user.createdAt,
    status: user.status === UserStatus.active ? 'active' : 'inactive',
    username: user.username,
    options: optionsView(user.options, noOptions),
  };
}

export function userDetailsView(user: UserDetails) {
  return { ...userView(user), permissions: permissionsView(user.permissions) };
}
