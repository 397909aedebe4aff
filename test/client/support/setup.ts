// A server for a test file, clients of it that end with their test, and topics.

import { after, type TestContext } from 'node:test';
import { type Client, type ClientOptions, connect, type NewTopic, type TopicAddress } from '../../../src/client/index.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../../support/test-server.ts';

/** Both generations by the names of the client's option. */
export const generations = ['vsr', 'classic'] as const;

/** One server for the file, stopped behind its last test. */
export async function serverForFile(environment: Record<string, string> = {}): Promise<ServerProcess> {
  const folder = temporaryFolder();
  const server = await startServerProcess(folder.path, environment);
  after(async () => {
    await server.stop();
    folder.remove();
  });
  return server;
}

/** A client that is closed behind the test. It reconnects quickly. */
export async function clientFor(t: TestContext, address: string, options: ClientOptions = {}): Promise<Client> {
  const client = await connect(`iggy://iggy:iggy@${address}`, { reconnect: { initialDelayMs: 5, maxDelayMs: 50 }, ...options });
  t.after(() => client.close());
  return client;
}

/** A stream of its own with one topic. */
export async function topicFor(client: Client, options: Partial<NewTopic> = {}): Promise<TopicAddress> {
  const stream = `stream-${crypto.randomUUID()}`;
  await client.streams.create({ name: stream });
  await client.topics.create({ stream, name: 'topic', ...options });
  return { stream, topic: 'topic' };
}

/** All messages of a partition. */
export async function readAll(client: Client, topic: TopicAddress, partition = 0): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const { messages } = await client.messages.poll({ ...topic, partition, from: { offset: texts.length }, count: 1000 });
    if (messages.length === 0) return texts;
    texts.push(...messages.map((message) => message.text()));
  }
}

/** Polls a condition until it holds; fails after ten seconds. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within 10 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function numbers(count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, index) => `message ${first + index}`);
}
