// Commands on the personal access tokens of the user who is logged in.

import { createPersonalAccessToken } from '../../protocol/commands/create-personal-access-token.ts';
import { deletePersonalAccessToken } from '../../protocol/commands/delete-personal-access-token.ts';
import { getPersonalAccessTokens } from '../../protocol/commands/get-personal-access-tokens.ts';
import type { CallOptions } from '../connection/call.ts';
import { plain, wide } from './plain.ts';
import type { TokenInfo } from './replies.ts';
import { once, type Requester, repeatable } from './run.ts';

/** Commands on the personal access tokens of the user who is logged in: `client.tokens`. */
export class Tokens {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** Those that were not deleted; the tokens themselves are not told. */
  async list(options?: CallOptions): Promise<TokenInfo[]> {
    return plain(await this.#requester.request(getPersonalAccessTokens, undefined, repeatable(options)));
  }

  /** The token, which the server shows this once. `expiry` is in microseconds from now; default never. */
  async create(request: { name: string; expiry?: number }, options?: CallOptions): Promise<string> {
    const { name, expiry = Number.POSITIVE_INFINITY } = request;
    const { token } = await this.#requester.request(createPersonalAccessToken, { name, expiry: wide(expiry) }, once(options));
    return token;
  }

  /** Nobody can log in with it any more. */
  delete(name: string, options?: CallOptions): Promise<void> {
    return this.#requester.request(deletePersonalAccessToken, { name }, once(options));
  }
}
