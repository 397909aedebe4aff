// When replies that are given in a turn of the event loop are written.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { RepliesOfTurn } from '../../src/transports/http/replies-of-turn.ts';

test('replies of a turn are written at its end, in their order, and those that come up meanwhile in the next', async () => {
  const replies = new RepliesOfTurn();
  const written: string[] = [];
  const reply = (name: string) => ({ write: () => void written.push(name) });
  replies.add(reply('first'));
  replies.add({
    write() {
      written.push('second');
      replies.add(reply('fourth'));
    },
  });
  await Promise.resolve();
  replies.add(reply('third'));
  assert.deepEqual(written, []);
  await turn();
  assert.deepEqual(written, ['first', 'second', 'third']);
  await turn();
  assert.deepEqual(written, ['first', 'second', 'third', 'fourth']);
});
