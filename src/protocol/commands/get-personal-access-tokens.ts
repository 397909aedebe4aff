// GetPersonalAccessTokens (code 41)
//   empty
// → tokens to the end of the body
//   name        name
//   expiry at   u64, microseconds since 1970, 0 never

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { readName, writeName } from '../primitives/name.ts';

export interface PersonalAccessTokenInfo {
  name: string;
  /** Microseconds since 1970; 0 never. */
  expiryAt: bigint;
}

export const getPersonalAccessTokens: Command<void, PersonalAccessTokenInfo[]> = {
  name: 'GetPersonalAccessTokens',
  code: 41,
  operation: Operation.nonReplicated,

  encodeRequest() {},
  decodeRequest() {},

  encodeReply(writer, tokens) {
    for (const token of tokens) {
      writeName(writer, token.name);
      writer.u64(token.expiryAt);
    }
  },

  decodeReply(reader) {
    const tokens: PersonalAccessTokenInfo[] = [];
    while (reader.remaining > 0) tokens.push({ name: readName(reader), expiryAt: reader.u64() });
    return tokens;
  },
};
