// Tests that share a server of their own: started before the first one, with settings, and stopped in good order after the last. Clients are closed after each test.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe } from 'node:test';
import type { Generation } from '../../src/protocol/command.ts';
import { RawClient, StatusError } from './raw-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from './test-server.ts';

export interface ServerSuite {
  readonly dataPath: string;
  readonly server: ServerProcess;
  /** A connection that has not logged in. */
  connect(generation: Generation): Promise<RawClient>;
  /** A connection of the root user. */
  login(generation: Generation): Promise<RawClient>;
  /** Stops or kills the server and starts it again on the same data. */
  restart(how: 'stop' | 'kill'): Promise<void>;
}

/** `settings` are environment variables without their prefix: `{ HEARTBEAT_ENABLED: 'true' }`; `more` are others, as they are. */
export function serverSuite(
  name: string,
  settings: Record<string, string>,
  tests: (suite: ServerSuite) => void,
  more: Record<string, string> = {},
): void {
  describe(name, () => {
    const folder = temporaryFolder();
    const dataPath = `${folder.path}/data`;
    const environment = { ...more, ...Object.fromEntries(Object.entries(settings).map(([key, value]) => [`GALGO_${key}`, value])) };
    const clients: RawClient[] = [];
    let running: ServerProcess;

    before(async () => {
      running = await startServerProcess(dataPath, environment);
    });
    afterEach(() => {
      for (const client of clients.splice(0)) client.close();
    });
    after(async () => {
      assert.equal(await running.stop(), 0, running.output());
      folder.remove();
    });

    const connect = async (generation: Generation): Promise<RawClient> => {
      const client = await RawClient.connect(running.address, generation);
      clients.push(client);
      return client;
    };
    tests({
      dataPath,
      get server() {
        return running;
      },
      connect,
      async login(generation) {
        const client = await connect(generation);
        await client.login();
        return client;
      },
      async restart(how) {
        if (how === 'stop') assert.equal(await running.stop(), 0, running.output());
        else await running.kill();
        running = await startServerProcess(dataPath, environment);
      },
    });
  });
}

/** The request is refused with one of the statuses. */
export async function refused(request: Promise<unknown>, ...statuses: number[]): Promise<void> {
  await assert.rejects(request, (error) => {
    assert.ok(error instanceof StatusError, `${error}`);
    assert.ok(statuses.includes(error.status), `status ${error.status}, eviction ${error.eviction}; expected ${statuses}`);
    return true;
  });
}

/** Waits until `condition` holds; fails when that takes too long. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    assert.ok(performance.now() < deadlineMs, `${what}: not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
