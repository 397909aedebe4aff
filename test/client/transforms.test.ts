import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import { ArgumentError, compression, ProtocolViolationError } from '../../src/client/index.ts';
import { aes256Gcm } from '../../src/client/message/encryption.ts';
import { clientFor, generations, serverForFile, topicFor } from './support/setup.ts';

const server = await serverForFile();
const key = randomBytes(32);
const gzip = () => compression({ name: 'gzip', compress: gzipSync, decompress: gunzipSync });
const long = 'galgo '.repeat(200);
const headers = { source: 'shop', number: 7 };

for (const generation of generations) {
  describe(`${generation}`, () => {
    test('what is encrypted is read by who has the key, and by nobody else', async (t) => {
      const client = await clientFor(t, server.address, { generation, transforms: [aes256Gcm(key)] });
      const topic = await topicFor(client);
      await client.messages.send({ ...topic, messages: [{ payload: 'by hand', headers }] });
      await client.producer(topic).send({ payload: 'by a producer' });

      const { messages } = await client.messages.poll({ ...topic, from: 'first' });
      assert.deepEqual(
        messages.map((message) => message.text()),
        ['by hand', 'by a producer'],
      );
      assert.deepEqual([...(messages[0]?.headers() ?? [])], Object.entries(headers));

      const plain = await clientFor(t, server.address, { generation });
      const sealed = await plain.messages.poll({ ...topic, from: 'first' });
      assert.equal(sealed.messages[0]?.payload.length, 'by hand'.length + 28);
      assert.ok(!sealed.messages[0]?.text().includes('hand'));

      const stranger = await clientFor(t, server.address, { generation, transforms: [aes256Gcm(randomBytes(32))] });
      const refused = (error: unknown) => error instanceof ProtocolViolationError && error.status === 72;
      await assert.rejects(stranger.messages.poll({ ...topic, from: 'first' }), refused);
      await assert.rejects(
        stranger.consumer({ ...topic, name: 'reader' }).run(() => undefined),
        refused,
      );
    });

    test('a producer and a consumer may have transforms of their own', async (t) => {
      const client = await clientFor(t, server.address, { generation, transforms: [gzip()] });
      const topic = await topicFor(client);
      await client.producer({ ...topic, transforms: [aes256Gcm(key)] }).send({ payload: long, headers });

      const consumer = client.consumer({ ...topic, name: 'reader', transforms: [aes256Gcm(key)] });
      for await (const message of consumer) {
        assert.equal(message.text(), long);
        assert.deepEqual([...message.headers()], Object.entries(headers));
        break;
      }
      const plain = await clientFor(t, server.address, { generation });
      assert.equal((await plain.messages.poll({ ...topic, from: 'first' })).messages[0]?.payload.length, long.length + 28);
    });

    test('long payloads are compressed and marked, short ones go as they are', async (t) => {
      const client = await clientFor(t, server.address, { generation, transforms: [gzip()] });
      const topic = await topicFor(client);
      await client.producer(topic).sendAll([{ payload: long, headers }, { payload: 'short' }]);
      const { messages } = await client.messages.poll({ ...topic, from: 'first' });
      assert.deepEqual(
        messages.map((message) => message.text()),
        [long, 'short'],
      );
      const plain = await clientFor(t, server.address, { generation });
      const [first, second] = (await plain.messages.poll({ ...topic, from: 'first' })).messages;
      assert.deepEqual([...(first?.headers() ?? [])], [...Object.entries(headers), ['iggy-compression', 'gzip']]);
      assert.equal(gunzipSync(first?.payload ?? new Uint8Array(0)).toString(), long);
      assert.equal(second?.rawHeaders, undefined);
      const other = compression({ name: 'other', compress: gzipSync, decompress: gunzipSync });
      const stranger = await clientFor(t, server.address, { generation, transforms: [other] });
      await assert.rejects(stranger.messages.poll({ ...topic, from: 'first' }), /compressed with gzip, not with other/);
    });

    test('a library brings LZ4, in frames as Iggy’s examples have them', async (t) => {
      const lz4 = compression({
        name: 'lz4',
        compress: (payload) => compressFrameSync(Buffer.from(payload)),
        decompress: (payload) => decompressFrameSync(Buffer.from(payload)),
      });
      const client = await clientFor(t, server.address, { generation, transforms: [lz4] });
      const topic = await topicFor(client);
      await client.producer(topic).send({ payload: long });
      assert.equal((await client.messages.poll({ ...topic, from: 'first' })).messages[0]?.text(), long);
      const plain = await clientFor(t, server.address, { generation });
      const [sent] = (await plain.messages.poll({ ...topic, from: 'first' })).messages;
      assert.equal(sent?.headers().get('iggy-compression'), 'lz4');
      assert.equal(Buffer.from(sent?.payload.subarray(0, 4) ?? []).readUInt32LE(), 0x184d2204, 'the magic number of an LZ4 frame');
    });

    test('compression before encryption, and the way back', async (t) => {
      const client = await clientFor(t, server.address, { generation, transforms: [gzip(), aes256Gcm(key.toString('base64'))] });
      const topic = await topicFor(client);
      await client.producer(topic).send({ payload: long, headers });
      const [message] = (await client.messages.poll({ ...topic, from: 'first' })).messages;
      assert.equal(message?.text(), long);
      assert.equal(message?.headers().get('source'), 'shop');
    });
  });
}

test('the layout is that of the Rust SDK: nonce, ciphertext, tag', () => {
  const nonce = Buffer.alloc(12, 5);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const sealed = Buffer.concat([nonce, cipher.update('made elsewhere'), cipher.final(), cipher.getAuthTag()]);
  const { payload } = aes256Gcm(key).incoming({ payload: sealed, headers: undefined });
  assert.equal(Buffer.from(payload).toString(), 'made elsewhere');
});

test('keys of another length, and bytes that are too few, are refused', () => {
  assert.throws(() => aes256Gcm(randomBytes(16)), ArgumentError);
  assert.throws(() => aes256Gcm('c2hvcnQ='), ArgumentError);
  assert.throws(() => aes256Gcm(key).incoming({ payload: Buffer.alloc(27), headers: undefined }), ProtocolViolationError);
});
