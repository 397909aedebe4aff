import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { hash } from '@node-rs/argon2';
import { getTopic } from '../../src/protocol/commands/get-topic.ts';
import { testMessage, testMessages } from '../support/messages.ts';
import { RawClient } from '../support/raw-client.ts';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { StateLogWriter, writeLog, writeOffset } from './support/iggy-folder.ts';
import { assertReadsBack } from './support/read-back.ts';
import { runImport } from './support/run-import.ts';
import { frame05, frame08, stored } from './support/stored-messages.ts';

const folder = temporaryFolder();
after(() => folder.remove());
let folders = 0;
const newFolder = () => path.join(folder.path, String(folders++));
const rootHash = await hash('root password');
const messages = stored(
  [...testMessages(0, 200), testMessage(200, 6_000_000), { ...testMessage(201), payload: Buffer.alloc(0) }, ...testMessages(202, 50)],
  30n,
  1_700_000_000_000_000n,
);

describe('a data folder of Iggy 0.5', () => {
  it('is imported with root as user 0 and partitions from 0', async () => {
    const source = newFolder();
    const destination = newFolder();
    new StateLogWriter('0.5').user(1, 'iggy', rootHash).stream(1, 's').topic(1, 1, 't', 2).write(source);
    writeLog(source, [1, 1, 1], 30n, messages.map(frame05));
    writeLog(source, [1, 1, 2], 0n, []);
    writeOffset(source, [1, 1, 1], 'consumers', 5, 44n);
    const { report, layout } = await runImport({ source, destination });
    assert.equal(layout, '0.5');
    assert.equal(report.complete, true);
    assert.equal(report.counts.consumerOffsets, 1);
    const server = await startServerProcess(destination);
    for (const generation of ['classic', 'vsr'] as const) {
      const client = await RawClient.connect(server.address, generation);
      assert.equal(await client.login('iggy', 'root password'), 0);
      assert.equal((await client.call(getTopic, { stream: 1, topic: 1 }))?.partitions.length, 2);
      await assertReadsBack(client, { stream: 's', topic: 't' }, 0, messages);
      client.close();
    }
    assert.equal(await server.stop(), 0);
  });

  it('is verified message by message', async () => {
    const source = newFolder();
    new StateLogWriter('0.5').user(1, 'iggy', rootHash).stream(1, 's').topic(1, 1, 't', 1).write(source);
    const frames = messages.slice(0, 5).map(frame05);
    (frames[3] as Buffer).writeUInt8(1, 60);
    writeLog(source, [1, 1, 1], 30n, frames);
    const { report } = await runImport({ source, skipDamaged: true });
    assert.equal(report.counts.messages, 4);
    assert.equal(
      report.damages[0]?.position,
      frames.slice(0, 3).reduce((sum, frame) => sum + frame.length, 0),
    );
  });
});

describe('an encrypted data folder of Iggy 0.8', () => {
  const key = randomBytes(32);
  const encryptedFolder = () => {
    const source = newFolder();
    new StateLogWriter('0.8', key).user(0, 'iggy', rootHash).stream(0, 's').topic(0, 0, 't', 1).write(source);
    writeLog(
      source,
      [0, 0, 0],
      30n,
      messages.map((each) => frame08(each, key)),
    );
    return source;
  };

  it('is decrypted with its key', async () => {
    const destination = newFolder();
    const { report } = await runImport({ source: encryptedFolder(), destination, encryptionKey: `${key.toString('base64')}\n` });
    assert.equal(report.complete, true);
    const server = await startServerProcess(destination);
    const client = await RawClient.connect(server.address, 'classic');
    await client.login('iggy', 'root password');
    await assertReadsBack(client, { stream: 's', topic: 't' }, 0, messages);
    client.close();
    assert.equal(await server.stop(), 0);
  });

  it('is encrypted anew with the key of the copy', async () => {
    const destination = newFolder();
    const env = { GALGO_SYSTEM_ENCRYPTION_ENABLED: 'true', GALGO_SYSTEM_ENCRYPTION_KEY: randomBytes(32).toString('base64') };
    const { report } = await runImport({ source: encryptedFolder(), destination, encryptionKey: key.toString('base64'), env });
    assert.equal(report.complete, true);
    const log = path.join(destination, 'streams/0/topics/0/partitions/0', `${'30'.padStart(20, '0')}.log`);
    assert.ok(!readFileSync(log).includes('message 1'));
    await assert.rejects(startServerProcess(destination), /system\.encryption\.key must be that key/);
    const server = await startServerProcess(destination, env);
    const client = await RawClient.connect(server.address, 'vsr');
    await client.login('iggy', 'root password');
    await assertReadsBack(client, { stream: 's', topic: 't' }, 0, messages);
    client.close();
    assert.equal(await server.stop(), 0);
  });

  it('is refused without its key, with another, and with what is none', async () => {
    const source = encryptedFolder();
    await assert.rejects(runImport({ source }), /damaged, or encrypted/);
    await assert.rejects(runImport({ source, encryptionKey: randomBytes(32).toString('base64') }), /not encrypted with this key/);
    await assert.rejects(runImport({ source, encryptionKey: 'secret' }), /not the base64 of 32 bytes/);
  });

  it('messages of another key are named', async () => {
    const source = newFolder();
    new StateLogWriter('0.8', key).user(0, 'iggy', rootHash).stream(0, 's').topic(0, 0, 't', 1).write(source);
    writeLog(
      source,
      [0, 0, 0],
      30n,
      messages.slice(0, 3).map((each, index) => frame08(each, index === 1 ? randomBytes(32) : key)),
    );
    const { report } = await runImport({ source, encryptionKey: key.toString('base64'), skipDamaged: true });
    assert.equal(report.counts.messages, 2);
    assert.match(report.damages[0]?.reason ?? '', /not encrypted with this key/);
  });
});
