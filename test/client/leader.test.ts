// The scenarios of leader redirection that Iggy holds its SDKs to, and what else can happen on the way to a leader.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, beforeEach, describe, test } from 'node:test';
import type { ClusterMetadata } from '../../src/protocol/commands/get-cluster-metadata.ts';
import { ClusterNodeRole, ClusterNodeStatus } from '../../src/protocol/primitives/enumerations.ts';
import { type ClusterNode, startClusterNode } from './support/cluster-node.ts';
import { clientFor, generations, serverForFile } from './support/setup.ts';

const server = await serverForFile();
const leader = await startClusterNode(server.address);
const follower = await startClusterNode(server.address);
const alone = await startClusterNode(server.address);

const closedPort = 1;

function nodeOf(port: number, role: keyof typeof ClusterNodeRole, status: keyof typeof ClusterNodeStatus = 'healthy') {
  return {
    name: `node-${port}`,
    host: '127.0.0.1',
    tcpPort: port,
    quicPort: closedPort,
    httpPort: closedPort,
    websocketPort: closedPort,
    role: ClusterNodeRole[role],
    status: ClusterNodeStatus[status],
  };
}

function setRoster(roster: ClusterMetadata, ...nodes: ClusterNode[]): void {
  for (const node of nodes) node.roster = roster;
}

const stream = () => ({ name: `stream-${crypto.randomUUID()}` });

beforeEach(() => {
  setRoster({ name: 'paper', nodes: [nodeOf(leader.port, 'leader'), nodeOf(follower.port, 'follower')] }, leader, follower);
  setRoster({ name: 'single-node', nodes: [nodeOf(alone.port, 'leader')] }, alone);
});

after(() => Promise.all([leader, follower, alone].map((node) => node.close())));

for (const generation of generations) {
  describe(`${generation}`, () => {
    test('a client of a follower is led to the leader', async (t) => {
      const client = await clientFor(t, follower.address, { generation });
      assert.deepEqual(client.address, { transport: 'tcp', host: '127.0.0.1', port: leader.port });
      const { name } = await client.streams.create(stream());
      assert.equal((await client.streams.get(name))?.name, name);
    });

    test('a client of the leader stays', async (t) => {
      const client = await clientFor(t, `localhost:${leader.port}`, { generation });
      assert.deepEqual(client.address, { transport: 'tcp', host: 'localhost', port: leader.port });
    });

    test('a client of a server that stands alone stays', async (t) => {
      const client = await clientFor(t, alone.address, { generation });
      assert.equal(client.address?.port, alone.port);
      await client.streams.create(stream());
    });

    test('two clients end up at the same server', async (t) => {
      const clients = await Promise.all([leader, follower].map(({ address }) => clientFor(t, address, { generation })));
      assert.deepEqual(new Set(clients.map(({ address }) => address?.port)), new Set([leader.port]));
    });

    test('nodes that point at each other are given up after three redirects', async (t) => {
      leader.roster = { name: 'paper', nodes: [nodeOf(leader.port, 'follower'), nodeOf(follower.port, 'leader')] };
      const before = leader.asked + follower.asked;
      const client = await clientFor(t, follower.address, { generation });
      assert.equal((await client.system.me()).userId, 0);
      assert.equal(leader.asked + follower.asked - before, 3);
    });

    test('a leader that cannot be reached leaves the client where it is', async (t) => {
      follower.roster = { name: 'paper', nodes: [nodeOf(closedPort, 'leader'), nodeOf(follower.port, 'follower')] };
      const client = await clientFor(t, follower.address, { generation });
      assert.equal(client.address?.port, follower.port);
      assert.equal((await client.system.me()).userId, 0);
    });

    test('a client waits for an election, but not for ever', async (t) => {
      const nobody = { name: 'paper', nodes: [nodeOf(leader.port, 'leader', 'starting'), nodeOf(follower.port, 'follower')] };
      setRoster(nobody, follower);
      const impatient = await clientFor(t, follower.address, { generation, leaderTimeoutMs: 100 });
      assert.equal(impatient.address?.port, follower.port);
      const patient = clientFor(t, follower.address, { generation });
      await new Promise((resolve) => setTimeout(resolve, 100));
      setRoster(leader.roster, follower);
      assert.equal((await patient).address?.port, leader.port);
    });

    test('when the leader is gone, the way begins again where the user said', async (t) => {
      const first = await startClusterNode(server.address);
      const roster = { name: 'paper', nodes: [nodeOf(first.port, 'leader'), nodeOf(follower.port, 'follower')] };
      setRoster(roster, first, follower);
      const client = await clientFor(t, follower.address, { generation });
      assert.equal(client.address?.port, first.port);
      setRoster(leader.roster, follower);
      const connected = once(client, 'connected');
      await first.close();
      await connected;
      assert.equal(client.address?.port, leader.port);
    });
  });
}
