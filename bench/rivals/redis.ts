// Redis Streams with the append-only file. A batch is a pipeline of XADD.

import { createClient } from 'redis';
import type { Rival } from './rival.ts';
import { freePort, program, startServer } from './server-process.ts';

export const redis: Rival = {
  name: 'Redis Streams',
  async start(folder, durable) {
    const port = await freePort();
    const sync = durable ? 'always' : 'everysec';
    const args = [
      '--bind',
      '127.0.0.1',
      '--port',
      port,
      '--dir',
      folder,
      '--appendonly',
      'yes',
      '--appendfsync',
      sync,
      '--save',
      '',
      '--auto-aof-rewrite-percentage',
      '0',
    ];
    const server = await startServer(
      program('redis-server', '/usr/bin/redis-server', '/usr/local/bin/redis-server'),
      args.map(String),
      port,
    );
    return { address: `redis://127.0.0.1:${port}`, stop: server.stop };
  },
  async connect(url) {
    const client = createClient({ url });
    await client.connect();
    return {
      async settings() {
        const version = /redis_version:(\S+)/.exec(await client.info('server'))?.[1];
        const { appendonly, appendfsync } = await client.configGet('append*');
        return `${version}, appendonly ${appendonly}, appendfsync ${appendfsync}`;
      },
      create: async () => undefined,
      async send(key, payloads) {
        await Promise.all(payloads.map((payload) => client.sendCommand(['XADD', key, '*', 'p', payload])));
      },
      async read(key, messages, count) {
        let id = '0';
        for (let read = 0; read < messages; ) {
          const replies = (await client.xRead({ key, id }, { COUNT: count })) as { messages: { id: string }[] }[] | null;
          const entries = replies?.[0]?.messages ?? [];
          read += entries.length;
          id = entries.at(-1)?.id ?? id;
        }
      },
      remove: async (key) => void (await client.unlink(key)),
      close: async () => client.destroy(),
    };
  },
};
