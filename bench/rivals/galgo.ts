// Galgo, by its own client.

import { connect } from '../../src/client/index.ts';
import { startServerProcess } from '../../test/support/test-server.ts';
import type { Rival } from './rival.ts';

export const galgo: Rival = {
  name: 'Galgo',
  async start(folder, durable) {
    const server = await startServerProcess(folder, {
      GALGO_ENGINE_DURABILITY: durable ? 'group' : 'interval',
      GALGO_SYSTEM_LOGGING_LEVEL: 'warn',
    });
    return { address: server.address, stop: async () => void (await server.stop()) };
  },
  async connect(address) {
    const client = await connect(`iggy://iggy:iggy@${address}`);
    const topic = (stream: string) => ({ stream, topic: 'topic' });
    return {
      async settings() {
        const { serverVersion } = await client.system.stats();
        const options = await client.system.describeOptions('topic');
        const durability = options.find(({ key }) => key === 'galgo.durability');
        return `${serverVersion}, durability ${Buffer.from(durability?.defaultBytes ?? []).toString()}`;
      },
      async create(stream) {
        await client.streams.create({ name: stream });
        await client.topics.create({ stream, name: 'topic' });
      },
      async send(stream, payloads) {
        await client.messages.send({
          ...topic(stream),
          partitioning: { kind: 'partition', partition: 0 },
          messages: payloads.map((payload) => ({ payload })),
        });
      },
      async read(stream, messages, count) {
        for (let offset = 0; offset < messages; )
          offset += (await client.messages.poll({ ...topic(stream), partition: 0, from: { offset }, count })).messages.length;
      },
      remove: (stream) => client.streams.delete(stream),
      close: () => client.close(),
    };
  },
};
