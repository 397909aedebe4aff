// kill -9 under a running producer and running consumers, again and again, on every transport and in both generations: all that the producer was told is stored is there, in order, and
// the consumers see every message, in order, without a gap; in VSR framing each is stored once. TEST_KILLS sets how often (3 in the short form).

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type Client, type Consumer, connect, type Producer } from '../../src/client/index.ts';
import { generations, readAll } from '../client/support/setup.ts';
import { clientTransports } from '../client/support/transports.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';

const kills = Number(process.env.TEST_KILLS ?? 3);
const partitionsCount = 3;
const outstandingMax = 60;
/** Confirmed by a server before it is killed. */
const confirmedMin = 100;

for (const transport of clientTransports) {
  it(`over ${transport.name} ${kills} kills lose, reorder and skip nothing`, { timeout: 30_000 + kills * 10_000 }, async (test) => {
    const folder = temporaryFolder();
    let server = await startServerProcess(folder.path, transport.environment);
    const environment = { ...transport.environment, ...sameAddresses(server) };
    const target = transport.target(server, folder.path);
    const runs = await Promise.all(generations.map((generation) => startRun(target, generation)));

    for (let round = 0; round < kills; round++) {
      await eventually('enough is confirmed', () => runs.every((run) => run.confirmedSince() >= confirmedMin));
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 50));
      await server.kill();
      server = await startServerProcess(folder.path, environment);
      for (const run of runs) run.mark();
    }

    for (const run of runs) await run.verify();
    const confirmed = runs.reduce((sum, run) => sum + run.confirmed, 0);
    const copies = runs.reduce((sum, run) => sum + run.copies, 0);
    test.diagnostic(`${confirmed} messages were confirmed, ${copies} of classic producers are stored twice`);
    assert.equal(await server.stop(), 0, server.output());
    folder.remove();
  });
}

function sameAddresses({ address, quicAddress, websocketAddress }: ServerProcess): Record<string, string> {
  return {
    GALGO_TCP_ADDRESS: address,
    GALGO_QUIC_ADDRESS: quicAddress,
    GALGO_WEBSOCKET_ADDRESS: websocketAddress.replace(/^wss?:\/\//, ''),
  };
}

interface Run {
  readonly confirmed: number;
  /** Messages that are stored more than once, known after `verify`. */
  readonly copies: number;
  confirmedSince(): number;
  /** From now on `confirmedSince` counts anew. */
  mark(): void;
  /** Ends producer and consumers and checks what they saw. */
  verify(): Promise<void>;
}

async function startRun(target: string, generation: (typeof generations)[number]): Promise<Run> {
  const options = { generation, reconnect: { initialDelayMs: 5, maxDelayMs: 100 } };
  const [writer, single, member] = await Promise.all([connect(target, options), connect(target, options), connect(target, options)]);
  const topic = { stream: `kills-${generation}`, topic: 'topic' };
  await writer.streams.create({ name: topic.stream });
  await writer.topics.create({ ...topic, name: topic.topic, partitionsCount });

  const producing = produce(writer.producer({ ...topic, maxBatchMessages: 10 }));
  const consumers = {
    single: consume(single, single.consumer({ ...topic, name: 'single' })),
    member: consume(member, member.consumer({ ...topic, group: 'group' })),
  };
  let marked = 0;
  let copies = 0;

  return {
    get confirmed() {
      return producing.confirmed.size;
    },
    get copies() {
      return copies;
    },
    confirmedSince: () => producing.confirmed.size - marked,
    mark() {
      marked = producing.confirmed.size;
    },
    async verify() {
      await producing.stop();
      const stored = await Promise.all(Array.from({ length: partitionsCount }, (_, partition) => readAll(writer, topic, partition)));
      for (const [partition, texts] of stored.entries()) {
        const firsts = [...new Set(texts)].map(Number);
        copies += texts.length - firsts.length;
        if (generation === 'vsr') assert.equal(copies, 0, 'requests with numbers are stored once');
        assert.deepEqual(
          firsts,
          [...firsts].sort((a, b) => a - b),
          'the order of sends',
        );
        const missing = [...producing.confirmed].filter((number) => number % partitionsCount === partition && !firsts.includes(number));
        assert.deepEqual(missing, [], `confirmed and not stored in partition ${partition}`);
      }
      await checkConsumers(stored, consumers);
      await Promise.all([writer, single, member].map((client) => client.drain()));
    },
  };
}

/** Sends numbers, each to the partition that it is congruent to, until it is stopped. */
function produce(producer: Producer) {
  const confirmed = new Set<number>();
  const outstanding = new Set<Promise<void>>();
  let stopped = false;
  const running = (async () => {
    for (let number = 0; !stopped; number++) {
      const sent = producer.send({ payload: `${number}`, partition: number % partitionsCount }).then(() => void confirmed.add(number));
      outstanding.add(sent);
      void sent.then(() => outstanding.delete(sent));
      if (outstanding.size >= outstandingMax) await Promise.race(outstanding);
    }
    await Promise.all(outstanding);
  })();
  return {
    confirmed,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

interface Seen {
  /** By partition, in the order of arrival. */
  messages: { offset: number; text: string }[][];
  end(): Promise<void>;
}

function consume(client: Client, consumer: Consumer): Seen {
  const messages: Seen['messages'] = Array.from({ length: partitionsCount }, () => []);
  const running = consumer.run((message) => void messages[message.partition]?.push({ offset: message.offset, text: message.text() }));
  running.catch(() => undefined);
  return {
    messages,
    async end() {
      await consumer.close();
      await running;
      assert.ok(client.connected);
    },
  };
}

async function checkConsumers(stored: string[][], { single, member }: Record<'single' | 'member', Seen>): Promise<void> {
  for (const seen of [single, member]) {
    await eventually('all is consumed', () =>
      stored.every((texts, partition) => seen.messages[partition]?.at(-1)?.offset === texts.length - 1),
    );
    await seen.end();
    for (const [partition, texts] of stored.entries()) {
      let next = 0;
      for (const { offset, text } of seen.messages[partition] ?? []) {
        assert.ok(offset <= next, `partition ${partition}: offset ${offset} came after ${next - 1}`);
        assert.equal(text, texts[offset], `what was read at offset ${offset} is what is stored there`);
        if (seen === single) assert.equal(offset, next, 'a running single consumer sees nothing twice');
        next = Math.max(next, offset + 1);
      }
      assert.equal(next, texts.length, `partition ${partition} was read to its end`);
    }
  }
}

async function eventually(what: string, condition: () => boolean): Promise<void> {
  const endMs = Date.now() + 30_000;
  while (!condition()) {
    assert.ok(Date.now() < endMs, `${what}: not within 30 s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
