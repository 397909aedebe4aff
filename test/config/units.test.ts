import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatByteSize, parseByteSize } from '../../src/config/byte-size.ts';
import { formatDuration, parseDuration } from '../../src/config/duration.ts';
import { FormatError } from '../../src/config/format-error.ts';
import { nearestName } from '../../src/config/nearest-name.ts';

describe('byte sizes', () => {
  const sizes: [string, number][] = [
    ['0', 0],
    ['123456789', 123_456_789],
    ['1 KB', 1000],
    ['1kB', 1000],
    ['2 MB', 2_000_000],
    ['10M', 10_000_000],
    ['1 Kb', 125],
    ['1 KiB', 1024],
    ['1.5 KiB', 1536],
    ['1 Mi', 1_048_576],
    ['1 MiB', 1_048_576],
    ['1 GiB', 1_073_741_824],
    ['1 GB', 1_000_000_000],
    ['1 Kib', 128],
    ['1 gb', 125_000_000],
    ['1.2 B', 2],
    ['16 bits', 2],
    ['1 Kbit', 125],
    [' 64 MiB ', 67_108_864],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ];
  for (const [text, bytes] of sizes) {
    it(`“${text}” is ${bytes} bytes`, () => assert.equal(parseByteSize(text), bytes));
  }

  for (const text of [
    '',
    '-1 MB',
    'MB',
    '1_000',
    '1 XB',
    '5. B',
    '1\tKB',
    '.5 KB',
    '1e3',
    '1 ZB',
    '9007199254740992',
    '8 EB',
    'unlimited',
  ]) {
    it(`“${text}” is refused`, () => assert.throws(() => parseByteSize(text), FormatError));
  }

  it('what is written is read back', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (bytes) => parseByteSize(formatByteSize(bytes)) === bytes));
    assert.equal(formatByteSize(67_108_864), '64 MiB');
    assert.equal(formatByteSize(100_000), '100 KB');
    assert.equal(formatByteSize(4097), '4097 B');
  });
});

describe('durations', () => {
  const durations: [string, number][] = [
    ['0', 0],
    ['none', 0],
    ['Disabled', 0],
    ['10 s', 10_000],
    ['30s', 30_000],
    ['500ms', 500],
    ['0.1 s', 100],
    ['1.5 h', 5_400_000],
    ['1h30m', 5_400_000],
    ['2 days 4 hours 15 minutes', 188_100_000],
    ['1 m', 60_000],
    ['1 M', 60_000],
    ['1 month', 2_630_016_000],
    ['1 year', 31_557_600_000],
    ['1 w', 604_800_000],
    ['5 s 5 s', 10_000],
    ['1 us', 1],
    ['1001 µs', 2],
    ['1 ns', 1],
  ];
  for (const [text, ms] of durations) {
    it(`“${text}” is ${ms} ms`, () => assert.equal(parseDuration(text), ms));
  }

  for (const text of ['', '5', '-5 s', '5 se', 's', '5 s x', '1,5 s', '99999999999999 years']) {
    it(`“${text}” is refused`, () => assert.throws(() => parseDuration(text), FormatError));
  }

  it('a capital M is a month where expiries are meant', () => {
    assert.equal(parseDuration('1M', { monthLetter: true }), 2_630_016_000);
    assert.equal(parseDuration('1 M 2 m', { monthLetter: true }), 2_630_016_000 + 120_000);
  });

  it('what is written is read back', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (ms) => parseDuration(formatDuration(ms)) === ms));
    assert.equal(formatDuration(90_000), '90 s');
    assert.equal(formatDuration(1500), '1500 ms');
  });
});

describe('the nearest name', () => {
  const known = ['tcp.address', 'tcp.enabled', 'system.path'];

  it('is found across a few edits', () => {
    assert.equal(nearestName('tcp.adress', known), 'tcp.address');
    assert.equal(nearestName('tcp.enable', known), 'tcp.enabled');
    assert.equal(nearestName('sytem.paht', known), 'system.path');
  });

  it('is not guessed from far away', () => assert.equal(nearestName('quic.certificate', known), undefined));
});
