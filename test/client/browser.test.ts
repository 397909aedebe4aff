// The client in Chromium: the bundle, served as a web server would, against a real server.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import type * as browserClient from '../../src/client/browser.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { launchChromium, servePages, skip } from './support/chromium.ts';
import { generations } from './support/setup.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The page's own object, between two calls of `evaluate`. */
declare const window: {
  client: browserClient.Client;
  received: string[];
  reading: Promise<void>;
  states: string[];
};

describe('in Chromium', { skip }, () => {
  const profile = temporaryFolder();
  let browser: BrowserContext;
  let pages: Awaited<ReturnType<typeof servePages>>;

  before(async () => {
    pages = await servePages({
      '/': path.join(root, 'examples/browser/index.html'),
      '/page.js': path.join(root, 'examples/browser/page.js'),
      '/node_modules/galgo/dist/browser/galgo.js': path.join(root, 'dist/browser/galgo.js'),
    });
    browser = await launchChromium(profile.path);
  });
  after(async () => {
    await browser?.close();
    pages?.close();
    profile.remove();
  });

  /** A server that lets the page in; `restart` kills it and brings it back at the same address. */
  async function serverFor(t: TestContext, secure: boolean) {
    const folder = temporaryFolder();
    const environment = { GALGO_WEBSOCKET_ALLOWED_ORIGINS: pages.origin, GALGO_WEBSOCKET_TLS_ENABLED: String(secure) };
    let server: ServerProcess = await startServerProcess(folder.path, environment);
    t.after(async () => {
      await server.stop();
      folder.remove();
    });
    const address = server.websocketAddress.replace(/^wss?:\/\//, '');
    return {
      target: `iggy+${secure ? 'wss' : 'ws'}://iggy:iggy@${address}`,
      restart: async () => {
        await server.kill();
        // A connection of another program may have been given the port meanwhile.
        for (let attempt = 1; ; attempt++) {
          try {
            server = await startServerProcess(folder.path, { ...environment, GALGO_WEBSOCKET_ADDRESS: address });
            return;
          } catch (error) {
            if (attempt === 10 || !String(error).includes('EADDRINUSE')) throw error;
          }
        }
      },
    };
  }

  async function openPage(t: TestContext): Promise<Page> {
    const page = await browser.newPage();
    page.on('pageerror', (error) => t.diagnostic(`page: ${error.stack}`));
    t.after(() => page.close());
    await page.goto(pages.origin);
    return page;
  }

  for (const secure of [false, true]) {
    for (const generation of generations) {
      test(`${generation} over ${secure ? 'secure ' : ''}WebSocket: sends, reads with a group, and goes on after a restart`, async (t) => {
        const { target, restart } = await serverFor(t, secure);
        const page = await openPage(t);

        const spoken = await page.evaluate(
          async ([target, generation]) => {
            const bundle = '/node_modules/galgo/dist/browser/galgo.js';
            const { connect }: typeof browserClient = await import(bundle);
            const client = await connect(target, { generation, reconnect: { initialDelayMs: 20, maxDelayMs: 200 } });
            window.client = client;
            window.states = [];
            client.on('disconnected', () => window.states.push('disconnected'));
            client.on('connected', () => window.states.push('connected'));
            await client.streams.create({ name: 's' });
            await client.topics.create({ stream: 's', name: 't', partitionsCount: 2 });
            window.received = [];
            const consumer = client.consumer({ stream: 's', topic: 't', group: 'g' });
            window.reading = consumer.run((message) => {
              window.received.push(`${message.text()} ${message.headers().get('from')}`);
            });
            return client.generation;
          },
          [target, generation] as const,
        );
        assert.equal(spoken, generation);

        const send = (first: number) =>
          page.evaluate(async (first) => {
            const producer = window.client.producer({ stream: 's', topic: 't' });
            const messages = Array.from({ length: 100 }, (_, index) => ({
              payload: `grüezi ${first + index}`,
              key: `key ${index % 7}`,
              headers: { from: 'page' },
            }));
            return (await producer.sendAll(messages)).length;
          }, first);
        const received = async (count: number) => {
          await page.waitForFunction((count) => new Set(window.received).size >= count, count, { timeout: 30_000 });
          return page.evaluate(() => [...new Set(window.received)].sort());
        };
        const expected = (count: number) => Array.from({ length: count }, (_, index) => `grüezi ${index} page`).sort();

        assert.equal(await send(0), 100);
        assert.deepEqual(await received(100), expected(100));

        await restart();
        assert.equal(await send(100), 100);
        assert.deepEqual(await received(200), expected(200));
        assert.deepEqual(await page.evaluate(() => window.states.slice(0, 2)), ['disconnected', 'connected']);

        const connected = await page.evaluate(async () => {
          await window.client.drain();
          await window.reading;
          return window.client.connected;
        });
        assert.equal(connected, false);
      });
    }
  }

  test('what a browser cannot do is refused before anything is sent', async (t) => {
    const page = await openPage(t);
    const refusals = await page.evaluate(async () => {
      const bundle = '/node_modules/galgo/dist/browser/galgo.js';
      const { connect }: typeof browserClient = await import(bundle);
      const targets = [
        'iggy://iggy:iggy@127.0.0.1:1',
        'iggy+quic://iggy:iggy@127.0.0.1:1',
        'iggy+wss://iggy:iggy@127.0.0.1:1?tls_ca_file=ca.pem',
      ];
      return Promise.all(targets.map((target) => connect(target).then(String, (error) => `${error.name} ${error.code}`)));
    });
    assert.deepEqual(refusals, Array(3).fill('ArgumentError invalid-argument'));
  });
});
