// NATS JetStream, file storage: one stream with one subject. A batch is published message by message, all acknowledgements awaited together: the server has no other.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { Rival } from './rival.ts';
import { freePort, program, startServer } from './server-process.ts';

export const nats: Rival = {
  name: 'NATS JetStream',
  async start(folder, durable) {
    const port = await freePort();
    const file = path.join(folder, 'nats.conf');
    // Servers that do not know the key refuse it, and say so.
    const sync = durable ? 'sync_interval: always' : '';
    writeFileSync(
      file,
      `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${folder}/data", max_memory_store: 64MB, max_file_store: 20GB\n${sync}\n}\n`,
    );
    const server = await startServer(
      program('nats-server', '/usr/sbin/nats-server', '/usr/bin/nats-server', '/usr/local/bin/nats-server'),
      ['-c', file],
      port,
    );
    return { address: `127.0.0.1:${port}`, stop: server.stop };
  },
  async connect(address) {
    const connection = await connect({ servers: address });
    const publisher = jetstream(connection);
    const manager = await jetstreamManager(connection);
    let kept = 'nothing created yet';
    return {
      async settings() {
        return `${connection.info?.version}, ${kept}`;
      },
      async create(name) {
        const { config } = await manager.streams.add({
          name,
          subjects: [name],
          storage: StorageType.File,
          retention: RetentionPolicy.Limits,
          num_replicas: 1,
        });
        kept = `storage ${config.storage}, replicas ${config.num_replicas}, synced every 2 minutes (its default)`;
      },
      async send(name, payloads) {
        await Promise.all(payloads.map((payload) => publisher.publish(name, payload, { timeout: 30_000 })));
      },
      async read(name, messages, count) {
        const { name: consumerName } = await manager.consumers.add(name, {
          ack_policy: AckPolicy.None,
          deliver_policy: DeliverPolicy.All,
          inactive_threshold: 60e9,
        });
        const consumer = await publisher.consumers.get(name, consumerName);
        for (let read = 0; read < messages; )
          for await (const _ of await consumer.fetch({ max_messages: Math.min(count, messages - read), expires: 10_000 })) read++;
        await manager.consumers.delete(name, consumerName);
      },
      remove: async (name) => void (await manager.streams.delete(name)),
      close: () => connection.close(),
    };
  },
};
