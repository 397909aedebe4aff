import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ping } from '../../src/protocol/commands/ping.ts';
import { assignments, createTestGroup, fill, join, pollAsMember } from '../support/groups.ts';
import { generations } from '../support/messages.ts';
import { eventually, serverSuite } from '../support/server-suite.ts';

const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1000));

const settings = { HEARTBEAT_ENABLED: 'true', HEARTBEAT_INTERVAL: '2 s', HEARTBEAT_MEMBER_INTERVAL: '2 s' };
serverSuite('clients that fall silent', settings, (suite) => {
  for (const generation of generations) {
    it(`${generation}: a member that never pings is out after 4 s, one that pings stays and gets its partitions`, async () => {
      const silent = await suite.login(generation);
      const pinging = await suite.login(generation);
      const name = await createTestGroup(pinging, 2);
      await fill(pinging, name, 2, 1);
      await join(silent, name);
      await join(pinging, name);
      const pings = setInterval(() => void pinging.call(ping, undefined).catch(() => undefined), 500);
      await seconds(4);
      clearInterval(pings);
      // Either the word that it is stale, or the end of the connection, comes instead of an answer.
      await assert.rejects(pollAsMember(silent, name));
      assert.deepEqual(await assignments(pinging, name), [[0, 1]]);
    });

    it(`${generation}: three members vanish with messages in hand: the group is emptied, and a newcomer gets them exactly once`, async () => {
      const admin = await suite.login(generation);
      const name = await createTestGroup(admin, 3);
      await fill(admin, name, 3, 1);
      const gone = await Promise.all([0, 1, 2].map(() => suite.login(generation)));
      for (const client of gone) await join(client, name);
      const inHand = await pollAsMember(gone[0] as (typeof gone)[0], name);
      for (const client of gone.slice(1)) await pollAsMember(client, name, { autoCommit: true });
      const pings = setInterval(() => void admin.call(ping, undefined).catch(() => undefined), 500);
      await eventually('an empty group', async () => (await assignments(admin, name)).length === 0, 5_000);
      clearInterval(pings);
      const newcomers = await Promise.all([0, 1, 2].map(() => suite.login(generation)));
      for (const client of newcomers) await join(client, name);
      assert.deepEqual(
        (await assignments(admin, name)).map((partitions) => partitions.length),
        [1, 1, 1],
      );
      const delivered = [];
      for (let turn = 0; turn < 2; turn++) {
        for (const client of newcomers) {
          const { partition, messages } = await pollAsMember(client, name, { autoCommit: true });
          for (const { offset } of messages) delivered.push({ partition, offset });
        }
      }
      assert.deepEqual(delivered, [{ partition: inHand.partition, offset: 0n }]);
    });
  }
});

serverSuite('clients of a server with default settings', {}, (suite) => {
  it('0.8 clients may be silent', async () => {
    const client = await suite.login('classic');
    const name = await createTestGroup(client, 1);
    await join(client, name);
    await seconds(2);
    assert.deepEqual(await assignments(client, name), [[0]]);
  });
});
