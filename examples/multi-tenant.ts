// Tenants that share a server: each has a stream and a user who can do nothing outside of it.
//
//   npx tsx examples/multi-tenant.ts [iggy://user:password@host:port]

import { randomBytes } from 'node:crypto';
import { type Client, connect, PermissionError, type Permissions } from 'galgo';

const target = process.argv[2] ?? 'iggy://iggy:iggy@127.0.0.1:8090';
const root = await connect(target);
const run = Date.now();

interface Tenant {
  stream: string;
  user: string;
  client: Client;
}

const tenants = await Promise.all(['north', 'south'].map(createTenant));

await Promise.all(
  tenants.map(({ stream, client }) =>
    client.producer({ stream, topic: 'events' }).sendAll(Array.from({ length: 100 }, (_, index) => ({ payload: `event ${index}` }))),
  ),
);
for (const { user, client } of tenants) {
  for (const { stream: wanted } of tenants) {
    const { messages } = await client.messages
      .poll({ stream: wanted, topic: 'events', partition: 0, from: 'first', count: 1000 })
      .catch((error: unknown) => {
        if (error instanceof PermissionError) return { messages: undefined };
        throw error;
      });
    console.log(`${nameOf(user)} in ${nameOf(wanted)}: ${messages === undefined ? 'denied' : `${messages.length} messages`}`);
  }
}

for (const { stream, user, client } of tenants) {
  await client.drain();
  await root.users.delete(user);
  await root.streams.delete(stream);
}
await root.drain();

async function createTenant(name: string): Promise<Tenant> {
  const stream = `${name}-${run}`;
  const user = `${name}-user-${run}`;
  const password = randomBytes(16).toString('hex');
  const { id } = await root.streams.create({ name: stream });
  await root.topics.create({ stream, name: 'events' });
  await root.users.create({ username: user, password, permissions: onlyIn(id) });
  const client = await connect(target, { username: user, password });
  return { stream, user, client };
}

function onlyIn(streamId: number): Permissions {
  return {
    global: {
      manageServers: false,
      readServers: false,
      manageUsers: false,
      readUsers: false,
      manageStreams: false,
      readStreams: false,
      manageTopics: false,
      readTopics: false,
      pollMessages: false,
      sendMessages: false,
    },
    streams: new Map([
      [
        streamId,
        {
          manageStream: false,
          readStream: true,
          manageTopics: false,
          readTopics: true,
          pollMessages: true,
          sendMessages: true,
          topics: new Map(),
        },
      ],
    ]),
  };
}

function nameOf(unique: string): string {
  return unique.split('-')[0] ?? unique;
}
