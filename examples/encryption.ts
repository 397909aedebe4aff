// Payloads that the server cannot read: compressed, then encrypted with a key that only producers and consumers have.
//
//   npx tsx examples/encryption.ts [iggy://user:password@host:port]

import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { compression, connect } from 'galgo';
import { aes256Gcm } from 'galgo/encryption';

const target = process.argv[2] ?? 'iggy://iggy:iggy@127.0.0.1:8090';
// A program that lasts keeps its key where it keeps its other secrets.
const key = randomBytes(32);
// Whoever may send can send what would grow without bound.
const decompress = (bytes: Uint8Array) => gunzipSync(bytes, { maxOutputLength: 64_000_000 });
const gzip = compression({ name: 'gzip', compress: gzipSync, decompress });

const client = await connect(target, { transforms: [gzip, aes256Gcm(key)] });
const stranger = await connect(target);
const topic = { stream: `encryption-${Date.now()}`, topic: 'letters' };
await client.streams.create({ name: topic.stream });
await client.topics.create({ stream: topic.stream, name: topic.topic });

const letter = 'my dear friend, '.repeat(1000);
await client.producer(topic).send({ payload: letter });

const [message] = (await client.messages.poll({ ...topic, partition: 0, from: 'first' })).messages;
console.log(`with the key: ${message?.text() === letter ? 'the letter' : 'something else'}, ${letter.length} characters`);
const [sealed] = (await stranger.messages.poll({ ...topic, partition: 0, from: 'first' })).messages;
console.log(`without it: ${sealed?.payload.length} bytes`);

await client.streams.delete(topic.stream);
await Promise.all([client.drain(), stranger.drain()]);
