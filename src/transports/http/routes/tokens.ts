// Personal access tokens of the caller.

import { createPersonalAccessToken } from '../../../protocol/commands/create-personal-access-token.ts';
import { deletePersonalAccessToken } from '../../../protocol/commands/delete-personal-access-token.ts';
import { getPersonalAccessTokens } from '../../../protocol/commands/get-personal-access-tokens.ts';
import { callerOf, type HttpApp, type HttpServices } from '../application/http-app.ts';
import { done, operation, pathOf } from '../application/operation.ts';
import { runCommand } from '../application/run-command.ts';
import { body, listOf, ref, u64 } from '../views/schema.ts';
import { rawTokenSchema, tokenSchema } from '../views/user-view.ts';

const tag = 'Personal access tokens';

export function tokenRoutes(app: HttpApp, services: HttpServices): void {
  app.addSchema(tokenSchema);
  app.addSchema(rawTokenSchema);

  app.get(
    '/personal-access-tokens',
    { schema: operation('getPersonalAccessTokens', tag, 'The caller’s tokens', { replies: { 200: listOf(ref('PersonalAccessToken')) } }) },
    async (request) => {
      const tokens = (await runCommand(services, callerOf(request), getPersonalAccessTokens, undefined)) ?? [];
      return tokens.map(({ name, expiryAt }) => ({ name, expiry_at: expiryAt === 0n ? null : expiryAt }));
    },
  );

  app.post<{ Body: { name: string; expiry: number | bigint } }>(
    '/personal-access-tokens',
    {
      schema: operation('createPersonalAccessToken', tag, 'Makes a token, which is shown this once', {
        body: body({
          name: { type: 'string', domain: { minLength: 3, maxLength: 30 } },
          expiry: { ...u64, description: 'Microseconds from now; 0 and 2^64-1: never' },
        }),
        replies: { 200: ref('RawPersonalAccessToken') },
      }),
    },
    async (request) => {
      const { name, expiry } = request.body;
      return runCommand(services, callerOf(request), createPersonalAccessToken, { name, expiry: BigInt(expiry) });
    },
  );

  app.delete<{ Params: { name: string } }>(
    '/personal-access-tokens/:name',
    { schema: operation('deletePersonalAccessToken', tag, 'Removes a token', { path: pathOf('name'), replies: { 204: done } }) },
    async (request, reply) => {
      await runCommand(services, callerOf(request), deletePersonalAccessToken, { name: request.params.name });
      return reply.code(204).send();
    },
  );
}
