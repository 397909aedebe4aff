// Personal access tokens of the one who asks. A login is all it takes.

import { createPersonalAccessToken } from '../protocol/commands/create-personal-access-token.ts';
import { deletePersonalAccessToken } from '../protocol/commands/delete-personal-access-token.ts';
import { getPersonalAccessTokens } from '../protocol/commands/get-personal-access-tokens.ts';
import * as tokens from '../streaming/token-commands.ts';
import type { User } from '../streaming/users.ts';
import { handler, type RequestContext } from './handler.ts';

export const tokenHandlers = [
  handler(getPersonalAccessTokens, (context) => {
    const own = caller(context).tokens.list();
    return own.map(({ name, expiresAt }) => ({ name, expiryAt: expiresAt ?? 0n })).sort((a, b) => (a.name < b.name ? -1 : 1));
  }),

  handler(createPersonalAccessToken, async (context, request) => ({
    token: await tokens.createToken(context.system, caller(context), request.name, request.expiry),
  })),

  handler(deletePersonalAccessToken, async (context, request) => {
    await tokens.deleteToken(context.system, caller(context), request.name);
  }),
];

/** Throws 20. */
function caller({ system, client }: RequestContext): User {
  return system.users.require(client.userId as number);
}
