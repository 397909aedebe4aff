import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { getMe } from '../../src/protocol/commands/get-me.ts';
import { PollingKind } from '../../src/protocol/primitives/polling-strategy.ts';
import { assertMessages, createTestTopic, generations, poll, send, testMessages } from '../support/messages.ts';
import { StatusError } from '../support/raw-client.ts';
import { temporaryFolder } from '../support/test-server.ts';
import { startServerOn, type TransportServer, transports } from '../support/transports.ts';

for (const transport of transports) {
  describe(`messages over ${transport.name}`, () => {
    const folder = temporaryFolder();
    let server: TransportServer;

    before(async () => {
      server = await startServerOn(transport, `${folder.path}/data`);
    });

    after(async () => {
      assert.equal(await server.process.stop(), 0);
      folder.remove();
    });

    for (const generation of generations) {
      it(`${generation}: the server knows what the client came over`, async () => {
        const client = await server.connect(generation);
        const userId = await client.login();
        const me = await client.call(getMe, undefined);
        assert.equal(me?.transport, transport.code);
        assert.equal(me?.userId, userId);
        assert.equal(me?.address, `127.0.0.1:${client.socket.localPort}`);
        client.close();
      });
    }

    for (const writer of generations) {
      for (const reader of generations) {
        it(`what ${writer} sends, ${reader} reads byte for byte`, async () => {
          const producer = await server.connect(writer);
          const consumer = await server.connect(reader);
          await producer.login();
          await consumer.login();
          const name = await createTestTopic(producer);
          const messages = testMessages(0, 2_500);
          for (let first = 0; first < messages.length; first += 97) await send(producer, name, messages.slice(first, first + 97));
          for (let first = 0; first < messages.length; first += 41) {
            const polled = await poll(consumer, name, { strategy: { kind: PollingKind.offset, value: BigInt(first) }, count: 41 });
            assert.equal(polled.currentOffset, 2_499n);
            assertMessages(polled.messages, messages.slice(first, first + 41), BigInt(first));
          }
          producer.close();
          consumer.close();
        });
      }
    }

    for (const generation of generations) {
      it(`${generation}: a batch larger than the receive buffer arrives whole`, async () => {
        const client = await server.connect(generation);
        await client.login();
        const name = await createTestTopic(client);
        const messages = testMessages(0, 100, 90_000);
        await send(client, name, messages);
        assertMessages((await poll(client, name)).messages, messages, 0n);
        client.close();
      });

      it(`${generation}: every polling strategy starts where it should`, async () => {
        const client = await server.connect(generation);
        await client.login();
        const name = await createTestTopic(client);
        const messages = testMessages(0, 20);
        await send(client, name, messages.slice(0, 10));
        await send(client, name, messages.slice(10));
        const starts = async (kind: 1 | 2 | 3 | 4 | 5, value: bigint, count: number) =>
          (await poll(client, name, { strategy: { kind, value }, count })).messages.map((message) => Number(message.offset));
        assert.deepEqual(await starts(PollingKind.first, 0n, 2), [0, 1]);
        assert.deepEqual(await starts(PollingKind.last, 0n, 2), [18, 19]);
        assert.deepEqual(await starts(PollingKind.offset, 9n, 2), [9, 10]);
        assert.deepEqual(await starts(PollingKind.offset, 20n, 2), []);
        assert.deepEqual(await starts(PollingKind.offset, 2n ** 64n - 1n, 2), []);
        const second = (await poll(client, name, { strategy: { kind: PollingKind.offset, value: 10n }, count: 1 })).messages[0];
        assert.deepEqual(await starts(PollingKind.timestamp, second?.timestamp ?? 0n, 2), [10, 11]);
        assert.deepEqual(await starts(PollingKind.next, 0n, 2), [0, 1]);
        await poll(client, name, { strategy: { kind: PollingKind.next, value: 0n }, count: 5, autoCommit: true });
        assert.deepEqual(await starts(PollingKind.next, 0n, 2), [5, 6]);
        client.close();
      });

      it(`${generation}: balanced batches go round, keys stay, missing partitions are refused`, async () => {
        const client = await server.connect(generation);
        await client.login();
        const name = await createTestTopic(client, 3);
        for (let batch = 0; batch < 3; batch++) await send(client, name, testMessages(batch, 1), { kind: 'balanced' });
        for (let partition = 0; partition < 3; partition++) {
          assertMessages((await poll(client, name, { partition })).messages, testMessages(partition, 1), 0n);
        }
        // XXH32 of "order-123" is divisible by 3, that of "key-1" leaves 1.
        await send(client, name, testMessages(3, 1), { kind: 'key', key: Buffer.from('order-123') });
        await send(client, name, testMessages(4, 1), { kind: 'key', key: Buffer.from('key-1') });
        assert.equal((await poll(client, name, { partition: 0 })).messages.length, 2);
        assert.equal((await poll(client, name, { partition: 1 })).messages.length, 2);
        await assert.rejects(
          send(client, name, testMessages(5, 1), { kind: 'partition', partition: 3 }),
          (error) => error instanceof StatusError && error.status === (generation === 'vsr' ? 20 : 3007),
        );
        await assert.rejects(
          poll(client, name, { partition: 1_048_576 }),
          (error) => error instanceof StatusError && error.status === 3007,
        );
        client.close();
      });

      it(`${generation}: a batch that does not add up is refused and nothing of it is kept`, async () => {
        const client = await server.connect(generation);
        await client.login();
        const name = await createTestTopic(client);
        await send(client, name, testMessages(0, 3));
        const body = Buffer.concat([Buffer.from([22, 0, 0, 0]), Buffer.alloc(300, 7)]);
        const reply = generation === 'classic' ? await client.classic(101, body) : await client.vsr(160, body);
        assert.notEqual(reply.status, 0);
        assert.equal((await poll(client, name)).currentOffset, 2n);
        client.close();
      });
    }
  });
}
