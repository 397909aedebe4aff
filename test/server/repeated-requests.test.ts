import assert from 'node:assert/strict';
import { it } from 'node:test';
import { getStreams } from '../../src/protocol/commands/get-streams.ts';
import { RawClient } from '../support/raw-client.ts';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';

const createStreamOperation = 128;

function createStreamBody(name: string): Buffer {
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name)]);
}

it('a metadata request that comes again gets its answer again and is not executed again', async () => {
  const folder = temporaryFolder();
  const server = await startServerProcess(`${folder.path}/data`);
  const client = await RawClient.connect(server.address, 'vsr');
  await client.login();
  const create = (request: bigint, name: string) => client.vsr(createStreamOperation, createStreamBody(name), { request });

  const made = await create(1n, 'first');
  assert.equal(made.body.readUInt32LE(0), 0);
  const refused = await create(2n, 'first');
  assert.deepEqual([refused.body.readUInt32LE(0), refused.body.readUInt32LE(8)], [1, 1012]);
  assert.deepEqual(await create(1n, 'first'), made, 'a success');
  assert.deepEqual(await create(2n, 'first'), refused, 'a refusal');

  for (let request = 3n; request <= 7n; request++) await create(request, `stream-${request}`);
  const forgotten = await create(1n, 'first');
  assert.deepEqual([forgotten.body.readUInt32LE(0), forgotten.body.readUInt32LE(8)], [1, 59], 'only the last five are kept');
  assert.equal((await client.call(getStreams, undefined))?.length, 6);

  await client.login();
  const anew = await create(1n, 'second');
  assert.equal(anew.body.readUInt32LE(0), 0, 'a new login counts from one again');
  client.close();
  assert.equal(await server.stop(), 0);
  folder.remove();
});
