// What the console makes of payloads, header values and sizes before it shows them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDuration, formatLimit, formatSize } from '../../src/console/format.ts';
import { formOf, previewPayload, showPayload, showValue } from '../../src/console/payload.ts';

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));
const value = (kind: string, ...bytes: number[]) => showValue({ kind, value: Buffer.from(bytes).toString('base64') });

describe('the console', () => {
  it('shows payloads in the form that says most', () => {
    const forms = ['{"a":[1]}', ' [true]', '{"a":', '12', 'grüezi', ''].map((text) => formOf(bytesOf(text)));
    assert.deepEqual(forms, ['json', 'json', 'text', 'text', 'text', 'text']);
    assert.equal(formOf(Uint8Array.of(0xc3)), 'hex');
  });

  it('says why a payload is no JSON', () => {
    assert.match(showPayload(bytesOf('{"a":'), 'json'), /^No JSON: /);
  });

  it('shows of a large payload its beginning, with whole characters', () => {
    const large = bytesOf(`x${'é'.repeat(1 << 18)}`);
    assert.match(showPayload(large, 'text'), /^xé+\n… the first 262144 of 524289 bytes$/);
    assert.equal(showPayload(large, 'json'), 'Too large to be shown as JSON: 524289 bytes');
    assert.equal(showPayload(large, 'hex').split('\n').length, 1024 + 1);
    assert.match(previewPayload(large, 'text'), /^xé+…$/);
    assert.equal(previewPayload(bytesOf('two\n\tlines'), 'text'), 'two lines');
  });

  it('reads header values by their kinds', () => {
    assert.equal(value('string', ...bytesOf('grüezi')), 'grüezi');
    assert.deepEqual([value('bool', 1), value('bool', 0)], ['true', 'false']);
    assert.deepEqual([value('int8', 0xff), value('uint8', 0xff)], ['-1', '255']);
    assert.equal(value('int32', 0xf9, 0xff, 0xff, 0xff), '-7');
    assert.equal(value('uint64', ...Array(8).fill(0xff)), '18446744073709551615');
    assert.equal(value('int128', ...Array(16).fill(0xff)), '-1');
    assert.equal(value('float32', 0, 0, 0xc0, 0x3f), '1.5');
    assert.equal(value('float64', 0, 0, 0, 0, 0, 0, 4, 0xc0), '-2.5');
    assert.equal(value('raw', 0, 0xfe), '00 fe');
  });

  it('shows bytes where they do not fit their kind', () => {
    assert.deepEqual([value('int32', 1, 2), value('float64', 1), value('none', 1), value('uint16')], ['01 02', '01', '01', '']);
  });

  it('rounds sizes, and has words for what does not end', () => {
    const sizes = ['555 B', '69.092 KB', '1024 KiB', '69481248 KiB', '18446744073709551615 B', '?'];
    assert.deepEqual(sizes.map(formatSize), ['555 B', '67.47 KiB', '1 MiB', '66.26 GiB', '16 EiB', '?']);
    assert.deepEqual([formatLimit(2_000_000_000), formatLimit('18446744073709551615')], ['1.863 GiB', 'unlimited']);
    const durations = [0, 59e6, 90_061e6, '18446744073709551615'];
    assert.deepEqual(durations.map(formatDuration), ['0 s', '59 s', '1 d 1 h', 'never']);
  });
});
