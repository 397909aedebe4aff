// Benchmarks over every transport, with TLS and without.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { benchmark } from './support/run.ts';

for (const tls of [false, true]) {
  describe(`galgo bench ${tls ? 'with' : 'without'} TLS`, () => {
    const folder = temporaryFolder();
    let server: ServerProcess;
    before(async () => {
      const on = String(tls);
      server = await startServerProcess(folder.path, {
        GALGO_TCP_TLS_ENABLED: on,
        GALGO_WEBSOCKET_TLS_ENABLED: on,
        GALGO_HTTP_TLS_ENABLED: on,
      });
    });
    after(async () => {
      await server.stop();
      folder.remove();
    });

    const authority = `tls_ca_file=${path.join(folder.path, 'certificates/self-signed.pem')}`;
    const user = 'iggy:iggy@';
    const bare = (url: string) => url.replace(/^\w+:\/\//, '');
    const targets: Readonly<Record<string, () => string>> = {
      tcp: () => `iggy+tcp://${user}${server.address}${tls ? `?tls=true&${authority}` : ''}`,
      websocket: () =>
        tls ? `iggy+wss://${user}${bare(server.websocketAddress)}?${authority}` : `iggy+ws://${user}${bare(server.websocketAddress)}`,
      http: () => `http${tls ? 's' : ''}://${user}${bare(server.httpAddress)}${tls ? `?${authority}` : ''}`,
      ...(tls ? { quic: () => `iggy+quic://${user}${server.quicAddress}?${authority}` } : {}),
    };
    const plain: Readonly<Record<string, readonly string[]>> = { websocket: ['ppc', 'bpcg'], http: ['ppc', 'pc'] };
    const secured: Readonly<Record<string, readonly string[]>> = {
      tcp: ['e2e'],
      websocket: ['e2e'],
      http: ['e2e'],
      quic: ['ppc', 'bpcg', 'pc'],
    };
    for (const [transport, some] of Object.entries(tls ? secured : plain)) {
      for (const kind of some) {
        it(`${kind} over ${transport}`, async () => {
          const actors = { ...(kind === 'pc' ? {} : { producers: '2' }), ...(kind === 'e2e' ? {} : { consumers: '2' }) };
          const result = await benchmark(kind, {
            target: (targets[transport] as () => string)(),
            messageSize: '100',
            messagesPerBatch: '10',
            messages: '100',
            ...actors,
          });
          assert.equal(result.server.transport, transport);
          assert.equal(result.server.tls, tls);
          assert.equal(result.server.durability, 'interval');
          for (const role of result.roles) assert.deepEqual([role.messages, role.bytes], [100, 10_000], role.role);
        });
      }
    }
  });
}
