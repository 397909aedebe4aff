import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createStream } from '../../src/protocol/commands/create-stream.ts';
import { createTopic } from '../../src/protocol/commands/create-topic.ts';
import { getClusterMetadata } from '../../src/protocol/commands/get-cluster-metadata.ts';
import { getStreams } from '../../src/protocol/commands/get-streams.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { assertMessages, generations, poll, send, testMessages } from '../support/messages.ts';
import { serverSuite } from '../support/server-suite.ts';

for (const generation of generations) {
  serverSuite(`${generation}: the scenarios of every SDK`, {}, (suite) => {
    it('basic messaging', async () => {
      const client = await suite.login(generation);
      assert.deepEqual((await client.call(getStreams, undefined)) ?? [], []);
      assert.equal((await client.call(createStream, { name: 'test-stream', options: noOptions }))?.id, 0);
      const classic = generation === 'classic';
      const topic = await client.call(createTopic, {
        stream: 'test-stream',
        name: 'test-topic',
        partitionsCount: 3,
        compression: classic ? 1 : undefined,
        messageExpiry: classic ? 0n : undefined,
        maxTopicSize: classic ? 0n : undefined,
        replicationFactor: classic ? 1 : undefined,
        options: noOptions,
      });
      assert.deepEqual([topic?.id, topic?.partitionsCount], [0, 3]);
      const name = { stream: 'test-stream', topic: 'test-topic' };
      const messages = testMessages(0, 10);
      await send(client, name, messages);
      const polled = await poll(client, name, { strategy: { kind: 1, value: 0n }, count: 10 });
      assertMessages(polled.messages, messages, 0n);
      assert.ok(
        Buffer.from(polled.messages.at(-1)?.payload ?? []).equals(messages.at(-1)?.payload as Buffer),
        'the last one is the last one sent',
      );
    });

    it('a client of a server without a cluster stays where it is', async () => {
      const client = await suite.login(generation);
      const { nodes } = (await client.call(getClusterMetadata, undefined)) ?? assert.fail('the cluster');
      assert.deepEqual(
        nodes.map(({ role }) => role),
        [0],
        'one leader: nobody is sent elsewhere',
      );
    });
  });
}
