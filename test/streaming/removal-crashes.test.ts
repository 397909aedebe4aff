// Deleting a topic or a partition is a commit, a rename into the trash, and a removal of the trash. Whatever was done of it when the server stopped, the next start finishes
// it, and nothing else goes with it.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { encodeClassicMessages } from '../../src/protocol/batch/classic-messages.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import type { Change } from '../../src/storage/metadata/metadata-store.ts';
import { engineCall } from '../../src/streaming/partition.ts';
import { createPartitions } from '../../src/streaming/partition-commands.ts';
import { createStream } from '../../src/streaming/stream-commands.ts';
import type { System } from '../../src/streaming/system.ts';
import type { Topic } from '../../src/streaming/topic.ts';
import { createTopic } from '../../src/streaming/topic-commands.ts';
import { appendRequest } from '../storage/support/running-engine.ts';
import { testMessage } from '../support/messages.ts';
import { plainSettings, RestartableSystem } from './support/restartable-system.ts';

let running: RestartableSystem;
let system: System;

const folderOf = (...place: string[]) => path.join(running.folder.path, ...place);
const append = ({ partitions }: Topic, partition: number) =>
  engineCall((done) =>
    system.engine.append(partitions[partition]?.handle ?? -1, appendRequest({ bytes: encodeClassicMessages([testMessage(1, 10)]) }), done),
  );
const messages = (of: Topic) => of.partitions.map(({ handle }) => system.engine.stats(handle).messages);

const topicRemoval: Change[] = [
  { remove: 'topic', ids: [0, 0] },
  { remove: 'partition', ids: [0, 0], below: true },
  { put: 'removal', ids: [0, 0], row: {} },
];
const partitionRemoval: Change[] = [
  { remove: 'partition', ids: [0, 0, 1] },
  { put: 'removal', ids: [0, 0, 1], row: {} },
];

beforeEach(async () => {
  running = new RestartableSystem();
  system = await running.start();
  await createStream(system, 'a', noOptions);
  for (const name of ['removed', 'kept']) {
    const topic = await createTopic(system, 0, name, 2, plainSettings);
    for (const partition of [0, 1]) await append(topic, partition);
  }
});

afterEach(() => running.remove());

/** What had been done when the server stopped, after the commit. */
const interruptions: { name: string; interrupt: (folder: string) => void }[] = [
  { name: 'before the rename', interrupt: () => undefined },
  {
    name: 'after the rename',
    interrupt: (folder) => {
      mkdirSync(folderOf('.trash'), { recursive: true });
      renameSync(folder, folderOf('.trash', 'x'));
    },
  },
  {
    name: 'inside the trash',
    interrupt: (folder) => {
      mkdirSync(folderOf('.trash'), { recursive: true });
      renameSync(folder, folderOf('.trash', 'x'));
      for (const name of readdirSync(folderOf('.trash', 'x'), { recursive: true }) as string[]) {
        if (name.endsWith('partition.meta')) rmSync(folderOf('.trash', 'x', name));
      }
    },
  },
  { name: 'after the trash was emptied', interrupt: (folder) => rmSync(folder, { recursive: true }) },
];

for (const { name, interrupt } of interruptions) {
  describe(`a removal that ends ${name}`, () => {
    it('of a topic is finished by the next start', async () => {
      await running.store.commit(topicRemoval);
      await running.stop();
      interrupt(folderOf('streams/0/topics/0'));
      system = await running.start();
      await system.folders.settled();
      assert.equal(existsSync(folderOf('streams/0/topics/0')), false);
      assert.deepEqual(readdirSync(folderOf('.trash')), []);
      assert.equal(existsSync(folderOf('unknown')), false);
      assert.deepEqual(running.store.all('removal'), []);
      assert.deepEqual(messages(system.topic(0, 'kept')), [1, 1]);
      const made = await createTopic(system, 0, 'made', 2, plainSettings);
      assert.equal(made.id, 0);
      assert.deepEqual(messages(made), [0, 0]);
    });

    it('of a partition is finished by the next start', async () => {
      await running.store.commit(partitionRemoval);
      await running.stop();
      interrupt(folderOf('streams/0/topics/0/partitions/1'));
      system = await running.start();
      await system.folders.settled();
      assert.deepEqual(messages(system.topic(0, 'removed')), [1]);
      assert.deepEqual(messages(system.topic(0, 'kept')), [1, 1]);
      await createPartitions(system, 0, 0, 1);
      assert.deepEqual(messages(system.topic(0, 'removed')), [1, 0]);
    });
  });
}

it('a removal whose end could not be written does not take what was made in its place', async () => {
  // The folder went, and the row that says that it is to go stayed, as when the disk is full at that moment.
  await running.store.commit([{ put: 'removal', ids: [0, 0], row: {} }]);
  await running.store.commit([{ put: 'removal', ids: [0, 1, 1], row: {} }]);
  system = await running.restart();
  assert.deepEqual(messages(system.topic(0, 'removed')), [1, 1]);
  assert.deepEqual(messages(system.topic(0, 'kept')), [1, 1]);
  assert.deepEqual(running.store.all('removal'), []);
});
