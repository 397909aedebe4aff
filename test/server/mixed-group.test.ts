import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Generation } from '../../src/protocol/command.ts';
import { getTopic } from '../../src/protocol/commands/get-topic.ts';
import { leaveConsumerGroup } from '../../src/protocol/commands/leave-consumer-group.ts';
import { assignments, commit, createTestGroup, type GroupName, join, pollAsMember } from '../support/groups.ts';
import { generations, send, testMessages } from '../support/messages.ts';
import { type RawClient, StatusError } from '../support/raw-client.ts';
import { eventually, serverSuite } from '../support/server-suite.ts';

const partitions = 6;
const batch = 10;

/** Who was handed which message. */
class Deliveries {
  /** By partition and offset, the readers in the order of delivery. */
  readonly #readers = new Map<string, string[]>();

  add(partition: number, offset: bigint, reader: string): void {
    const key = `${partition}/${offset}`;
    this.#readers.set(key, [...(this.#readers.get(key) ?? []), reader]);
  }

  count(partition: number): number {
    return [...this.#readers.keys()].filter((key) => key.startsWith(`${partition}/`)).length;
  }

  has(partition: number, offset: number): boolean {
    return this.#readers.has(`${partition}/${offset}`);
  }

  repeated(): { message: string; readers: string[] }[] {
    return [...this.#readers].filter(([, readers]) => readers.length > 1).map(([message, readers]) => ({ message, readers }));
  }
}

/** A member that polls and then commits, until it is told how to end. */
class Reader {
  readonly name: string;
  readonly client: RawClient;
  readonly #group: GroupName;
  readonly #deliveries: Deliveries;
  #ending: 'leave' | 'kill' | 'silence' | undefined;
  readonly ended: Promise<void>;

  constructor(name: string, client: RawClient, group: GroupName, deliveries: Deliveries) {
    this.name = name;
    this.client = client;
    this.#group = group;
    this.#deliveries = deliveries;
    this.ended = this.#read();
  }

  /** `kill`: with messages in hand; `silence`: it stays connected and says nothing more. */
  async end(how: 'leave' | 'kill' | 'silence'): Promise<void> {
    this.#ending = how;
    await this.ended;
  }

  async #read(): Promise<void> {
    for (;;) {
      const { partition, messages } = await pollAsMember(this.client, this.#group, { count: batch });
      for (const { offset } of messages) this.#deliveries.add(partition, offset, this.name);
      if (this.#ending === 'kill' && messages.length > 0) return this.client.close();
      const last = messages.at(-1);
      if (last !== undefined) await commit(this.client, this.#group, partition, last.offset);
      if (this.#ending === 'leave') return void (await this.client.call(leaveConsumerGroup, this.#group));
      if (this.#ending === 'silence') return;
      if (last === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

const settings = { HEARTBEAT_ENABLED: 'true', HEARTBEAT_INTERVAL: '1 s', HEARTBEAT_MEMBER_INTERVAL: '1 s' };
serverSuite('a group of one 0.8 and two 0.9 clients', settings, (suite) => {
  it('skips nothing and hands nothing to two members, but for what a killed one had in hand', { timeout: 120_000 }, async () => {
    const admin = await suite.login('vsr');
    const group = await createTestGroup(admin, partitions);
    const deliveries = new Deliveries();
    let readers = 0;
    const reader = async (generation: Generation): Promise<Reader> => {
      const client = await suite.login(generation);
      await join(client, group);
      return new Reader(`${generation} ${readers++}`, client, group, deliveries);
    };

    let producing = true;
    const producers = generations.map(async (generation, producer) => {
      const client = await suite.login(generation);
      for (let sent = 0; producing; sent += 7) {
        await send(client, group, testMessages(sent, 7, 100), { kind: 'partition', partition: (sent / 7 + producer) % partitions });
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    });
    const pause = () => new Promise((resolve) => setTimeout(resolve, 300));

    const present: Reader[] = [await reader('classic'), await reader('vsr'), await reader('vsr')];
    const killed: string[] = [];
    for (const how of ['leave', 'kill', 'silence'] as const) {
      for (const generation of generations) {
        await pause();
        const index = present.findIndex(({ client }) => client.generation === generation);
        const leaver = present[index] as Reader;
        await leaver.end(how);
        if (how === 'kill') killed.push(leaver.name);
        await eventually(`${leaver.name} is out by ${how}`, async () => (await assignments(admin, group)).length === 2);
        await pause();
        present[index] = await reader(generation);
      }
    }
    await pause();
    producing = false;
    await Promise.all(producers);

    const topic = await admin.call(getTopic, group);
    const sent = (topic?.partitions ?? []).map(({ messagesCount }) => Number(messagesCount));
    assert.ok(
      sent.every((count) => count > 100),
      `${sent}`,
    );
    await eventually('all is read', () => sent.every((count, partition) => deliveries.count(partition) >= count));
    for (const each of present) await each.end('leave');

    for (const [partition, count] of sent.entries()) {
      for (let offset = 0; offset < count; offset++) assert.ok(deliveries.has(partition, offset), `${partition}/${offset} was skipped`);
    }
    const repeated = deliveries.repeated();
    for (const { message, readers } of repeated) {
      assert.equal(readers.length, 2, `${message} went to ${readers}`);
      assert.ok(killed.includes(readers[0] as string), `${message} went to ${readers}`);
    }
    assert.ok(repeated.length <= batch * killed.length, `${repeated.length} messages were handed out twice`);
    assert.ok(repeated.length > 0, 'the killed ones had messages in hand');
  });

  it('a member that fell silent is told so when it comes back, and may join again', async () => {
    for (const generation of generations) {
      const admin = await suite.login('vsr');
      const group = await createTestGroup(admin, 1);
      const member = await suite.login(generation);
      await join(member, group);
      const told = member.next();
      await eventually('the member is out', async () => (await assignments(admin, group)).length === 0);
      const word = await told;
      if (generation === 'classic') {
        assert.equal(word.status, 30);
        await eventually('the connection ends', () => member.closed);
      } else {
        assert.equal(word.eviction, 13);
        await assert.rejects(member.call(getTopic, group), (error) => error instanceof StatusError);
        await member.login();
        await join(member, group);
        assert.deepEqual(await assignments(admin, group), [[0]]);
      }
    }
  });
});
