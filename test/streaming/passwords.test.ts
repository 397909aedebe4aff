import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { Passwords, requirePassword } from '../../src/streaming/passwords.ts';
import { hasStatus } from '../protocol/support/has-status.ts';

describe('a password', () => {
  const passwords = new Passwords();
  let hash: string;

  before(async () => {
    hash = await passwords.hash('correct horse');
  });

  it('is kept as Argon2id with the strength of the reference, with a salt of its own', async () => {
    assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.notEqual(await passwords.hash('correct horse'), hash);
  });

  it('matches its own hash and no other', async () => {
    assert.equal(await passwords.matches(hash, 'correct horse'), true);
    assert.equal(await passwords.matches(hash, 'Correct horse'), false);
  });

  it('of an unknown user never matches, and is compared all the same', async () => {
    const timeOf = async (of: string | undefined): Promise<number> => {
      const start = performance.now();
      assert.equal(await passwords.matches(of, 'wrong'), false);
      return performance.now() - start;
    };
    // The fastest of several: other work makes a comparison slower, nothing makes it faster.
    const fastest = async (of: string | undefined) => {
      let best = Number.POSITIVE_INFINITY;
      for (let attempt = 0; attempt < 10; attempt++) best = Math.min(best, await timeOf(of));
      return best;
    };
    const known = await fastest(hash);
    const unknown = await fastest(undefined);
    assert(unknown > known / 2, `${unknown} ms for unknown users, ${known} ms for known ones`);
  });

  it('may have 3 to 100 bytes, not characters', () => {
    for (const allowed of ['abc', 'é1', 'x'.repeat(100)]) requirePassword(allowed);
    for (const refused of ['', 'ab', 'x'.repeat(101), 'é'.repeat(51)])
      assert.throws(() => requirePassword(refused), hasStatus(44), refused);
  });
});

it('those who come when too many passwords wait are refused, the others are served', async () => {
  const passwords = new Passwords();
  const attempts = 300;
  const outcomes = await Promise.allSettled(Array.from({ length: attempts }, () => passwords.matches(undefined, 'wrong')));
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  // Two are computed at once, 256 wait.
  assert.equal(refused.length, attempts - 258);
  for (const { reason } of refused) assert(hasStatus(58)(reason));
  assert.equal(await passwords.matches(undefined, 'wrong'), false, 'there is room again');
});
