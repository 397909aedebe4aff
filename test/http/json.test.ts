// The parts that have no server: JSON with exact numbers, sizes as texts, ids of messages, keys of access tokens.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { jwtKeys } from '../../src/transports/http/auth/jwt-keys.ts';
import { parseMessageId } from '../../src/transports/http/json/message-id.ts';
import { JsonError, type JsonValue, parseJson } from '../../src/transports/http/json/parse-json.ts';
import { sizeText } from '../../src/transports/http/json/size-text.ts';
import { parseIdentifier } from '../../src/transports/http/request/identifier.ts';

/** With prototypes, to be compared with what `JSON.parse` makes. */
function plain(value: JsonValue): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

describe('parseJson', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.boolean(), (text, indented) => {
        const source = indented ? JSON.stringify(JSON.parse(text), null, '\t') : text;
        // Integers beyond 2⁵³ are what differs.
        fc.pre(!/\d{16}/.test(source));
        assert.deepEqual(plain(parseJson(source)), JSON.parse(source));
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses what JSON.parse refuses', () => {
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 3 }),
        fc.nat(),
        fc.constantFrom('', ',', '"', '{', ']', '\\', '0', '-', '.', '\n', 'x'),
        (text, at, insert) => {
          const cut = at % (text.length + 1);
          const spoiled = text.slice(0, cut) + insert + text.slice(insert === '' ? cut + 1 : cut);
          let expected: unknown;
          try {
            expected = JSON.parse(spoiled);
          } catch {
            assert.throws(() => parseJson(spoiled), JsonError, spoiled);
            return;
          }
          // Large integers, and names that occur twice, are what differs.
          if (/\d{16}/.test(spoiled)) return;
          try {
            assert.deepEqual(plain(parseJson(spoiled)), expected);
          } catch (error) {
            if (!(error instanceof JsonError && error.kind === 'duplicate')) throw error;
          }
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('keeps integers exact', () => {
    assert.deepEqual(plain(parseJson('[18446744073709551615,9007199254740991,9007199254740992,-9007199254740993,0]')), [
      18446744073709551615n,
      9007199254740991,
      9007199254740992n,
      -9007199254740993n,
      0,
    ]);
    assert.throws(() => parseJson('1'.repeat(41)), JsonError);
  });

  it('tells names that occur twice, and bounds the depth', () => {
    assert.throws(() => parseJson('{"a":1,"b":{"a":1,"a":2}}'), { kind: 'duplicate' });
    parseJson(`${'['.repeat(32)}${']'.repeat(32)}`);
    assert.throws(() => parseJson(`${'['.repeat(33)}${']'.repeat(33)}`), { kind: 'malformed' });
    assert.equal((parseJson(`[${Array(40).fill('[{}]').join(',')}]`) as JsonValue[]).length, 40, 'what lies side by side is not deep');
    assert.throws(() => parseJson('{"a":null,"a":1}'), { kind: 'duplicate' });
    assert.deepEqual(Object.keys(parseJson('{"__proto__":1}') as object), ['__proto__']);
  });
});

describe('sizeText', () => {
  it('is Iggy’s', () => {
    const pairs: [number, string][] = [
      [0, '0 B'],
      [178, '178 B'],
      [999, '999 B'],
      [1000, '1 KB'],
      [1024, '1 KiB'],
      [1500, '1.5 KB'],
      [1536, '1.5 KiB'],
      [150_949_888, '147412 KiB'],
      [2_000_000, '2 MB'],
      [65_536, '64 KiB'],
      [69_092, '69.092 KB'],
      [1_000_000, '1 MB'],
      [1_048_576, '1 MiB'],
      [1_234_567, '1234.567 KB'],
      [3_211_776, '3136.5 KiB'],
      [1_073_741_824, '1 GiB'],
      [10_200_547_328, '9.5 GiB'],
      [2_000_000_000, '2 GB'],
    ];
    for (const [bytes, text] of pairs) assert.equal(sizeText(BigInt(bytes)), text);
  });

  it('loses nothing', () => {
    const factors = Object.fromEntries(
      ['', 'K', 'M', 'G', 'T', 'P', 'E'].flatMap((letter, i) => [
        [`${letter}B`, 1000n ** BigInt(i)],
        [`${letter}iB`, 1024n ** BigInt(i)],
      ]),
    );
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (bytes) => {
        const [number = '', unit = ''] = sizeText(bytes).split(' ');
        const [whole = '', decimals = ''] = number.split('.');
        assert.equal((BigInt(whole + decimals.padEnd(3, '0')) * (factors[unit] as bigint)) / 1000n, bytes);
      }),
    );
  });
});

describe('ids and identifiers', () => {
  it('are read as Iggy reads them', () => {
    assert.equal(parseMessageId('af362865-042c-4000-0000-000000000000'), 232896102592441153464425264804708483072n);
    assert.equal(parseMessageId('00000000000000000000000000000012'), 12n);
    assert.equal(parseMessageId('0000000000000000000000000000001f'), 31n);
    assert.equal(parseMessageId(undefined), 0n);
    for (const wrong of [null, -1, 0.5, 2n ** 64n, 'xyz', '', '-', '340282366920938463463374607431768211456'])
      assert.equal(parseMessageId(wrong), undefined);
    assert.deepEqual(['+5', '005', '4294967295', '4294967296', '-1', 'x', '1.0'].map(parseIdentifier), [
      5,
      5,
      4294967295,
      '4294967296',
      '-1',
      'x',
      '1.0',
    ]);
  });
});

describe('keys of access tokens', () => {
  const settings = { algorithm: 'HS256', encodingSecret: '', decodingSecret: '', secretsAreBase64: false };

  it('are made up where no secret is set, and one secret serves for both', () => {
    const made = jwtKeys(settings);
    assert.equal(made.sign, made.verify);
    assert.match(made.warning ?? '', /encoding_secret is not set/);
    assert.notDeepEqual(jwtKeys(settings).sign, made.sign);
    const one = jwtKeys({ ...settings, decodingSecret: 'one' });
    assert.deepEqual([one.sign, one.verify, one.warning], [Buffer.from('one'), Buffer.from('one'), undefined]);
    assert.match(jwtKeys({ ...settings, encodingSecret: 'a', decodingSecret: 'b' }).warning ?? '', /differ/);
  });

  it('that do not serve are refused by name', () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    assert.throws(() => jwtKeys({ ...settings, encodingSecret: '***', secretsAreBase64: true }), /not base64/);
    assert.throws(() => jwtKeys({ ...settings, algorithm: 'RS256' }), /must hold a private key/);
    assert.throws(() => jwtKeys({ ...settings, algorithm: 'RS256', encodingSecret: 'x' }), /no key in PEM/);
    assert.throws(() => jwtKeys({ ...settings, algorithm: 'RS256', encodingSecret: small }), /do not fit RS256/);
    assert.throws(() => jwtKeys({ ...settings, algorithm: 'ES256', encodingSecret: small }), /do not fit ES256/);
  });
});
