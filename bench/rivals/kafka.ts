// Kafka, one broker that is its own controller (KRaft), one partition a topic, acknowledged by all replicas: by the one. Reads are the client's stream, which fetches ahead.

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Admin, ConfigResourceTypes, Consumer, Producer } from '@platformatic/kafka';
import type { Rival } from './rival.ts';
import { freePort, program, startServer } from './server-process.ts';

const jars = fileURLToPath(new URL('./.kafka', import.meta.url));

export const kafka: Rival = {
  name: 'Kafka',
  async start(folder, durable) {
    program('the broker', jars);
    const java = program('java', '/usr/bin/java', '/usr/local/bin/java');
    const [port, controllerPort] = [await freePort(), await freePort()];
    const file = path.join(folder, 'server.properties');
    const properties = {
      'process.roles': 'broker,controller',
      'node.id': 1,
      'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
      listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
      'controller.listener.names': 'CONTROLLER',
      'log.dirs': path.join(folder, 'data'),
      'offsets.topic.replication.factor': 1,
      'offsets.topic.num.partitions': 1,
      'group.initial.rebalance.delay.ms': 0,
      ...(durable ? { 'log.flush.interval.messages': 1 } : {}),
    };
    writeFileSync(
      file,
      Object.entries(properties)
        .map(([key, value]) => `${key}=${value}`)
        .join('\n'),
    );
    const jvm = ['-Xms1g', '-Xmx1g', '-cp', `${jars}/*`];
    const id = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url');
    await promisify(execFile)(java, [...jvm, 'kafka.tools.StorageTool', 'format', '-t', id, '-c', file], { timeout: 30_000 });
    const server = await startServer(java, [...jvm, 'kafka.Kafka', file], port);
    return { address: `127.0.0.1:${port}`, stop: server.stop };
  },
  async connect(address) {
    const base = { clientId: 'bench', bootstrapBrokers: [address] };
    const admin = new Admin(base);
    const producer = new Producer(base);
    let topic = '';
    return {
      async settings() {
        const described = await admin.describeConfigs({
          resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configurationKeys: ['flush.messages', 'flush.ms'] }],
        });
        const values = described[0]?.configs.map(({ name, value }) => `${name} ${value}`) ?? [];
        return `${brokerVersion()}, acks all, ${values.join(', ')}`;
      },
      async create(name) {
        topic = name;
        await admin.createTopics({ topics: [name], partitions: 1, replicas: 1 });
      },
      async send(name, payloads) {
        await producer.send({ messages: payloads.map((value) => ({ topic: name, partition: 0, value })), acks: -1 });
      },
      async read(name, messages, count) {
        const consumer = new Consumer({ ...base, groupId: randomUUID() });
        const stream = await consumer.consume({
          topics: [name],
          mode: 'earliest',
          autocommit: false,
          highWaterMark: count,
          maxBytes: 64e6,
          maxWaitTime: 500,
        });
        let read = 0;
        for await (const _ of stream) if (++read >= messages) break;
        await consumer.close(true);
      },
      remove: (name) => admin.deleteTopics({ topics: [name] }).then(() => undefined),
      close: async () => void (await Promise.all([producer.close(), admin.close()])),
    };
  },
};

/** The broker's jar carries it. */
function brokerVersion(): string {
  const name = readdirSync(jars).find((file) => /^kafka_2\.13-/.test(file));
  return name?.replace(/^kafka_2\.13-|\.jar$/g, '') ?? 'unknown';
}
