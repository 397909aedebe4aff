// The client in Chromium: the bundle and the example page, served as a web server would, against a real server.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import type * as browserClient from '../../src/client/browser.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { generations } from './support/setup.ts';

const executablePath = '/usr/bin/chromium';
const skip = !existsSync(executablePath) && process.env.CI === undefined ? `there is no ${executablePath}` : false;

const root = fileURLToPath(new URL('../../', import.meta.url));
const served: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['examples/browser/index.html', 'text/html'],
  '/page.js': ['examples/browser/page.js', 'text/javascript'],
  '/node_modules/galgo/dist/browser/galgo.js': ['dist/browser/galgo.js', 'text/javascript'],
};
const pages = createServer(async (request, response) => {
  const found = served[new URL(request.url ?? '/', 'http://localhost').pathname];
  if (found === undefined) response.writeHead(404).end();
  else response.writeHead(200, { 'content-type': found[1] }).end(await readFile(path.join(root, found[0])));
});

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
  let origin: string;

  before(async () => {
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
    browser = await chromium.launchPersistentContext(profile.path, {
      executablePath,
      headless: true,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--ignore-certificate-errors',
      ],
    });
  });
  after(async () => {
    await browser?.close();
    pages.close();
    profile.remove();
  });

  /** A server that lets the page in; `restart` kills it and brings it back at the same address. */
  async function serverFor(t: TestContext, secure: boolean) {
    const folder = temporaryFolder();
    const environment = { GALGO_WEBSOCKET_ALLOWED_ORIGINS: origin, GALGO_WEBSOCKET_TLS_ENABLED: String(secure) };
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
        server = await startServerProcess(folder.path, { ...environment, GALGO_WEBSOCKET_ADDRESS: address });
      },
    };
  }

  async function openPage(t: TestContext): Promise<Page> {
    const page = await browser.newPage();
    page.on('pageerror', (error) => t.diagnostic(`page: ${error.stack}`));
    t.after(() => page.close());
    await page.goto(origin);
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

  test('the example: two pages see what one of them says, also after a restart', async (t) => {
    const { target, restart } = await serverFor(t, false);
    const [anna, ben] = [await openPage(t), await openPage(t)];
    for (const page of [anna, ben]) {
      await page.fill('#server', target);
      await page.click('#connect button');
      await page.waitForFunction("document.getElementById('state').textContent.startsWith('connected to')");
    }
    const says = async (page: Page, text: string) => {
      await page.fill('#text', text);
      await page.click('#send');
    };
    const shows = (page: Page, text: string) => page.locator('#messages li', { hasText: text }).waitFor({ timeout: 30_000 });

    await says(anna, 'good morning');
    await Promise.all([shows(anna, 'good morning'), shows(ben, 'good morning')]);
    await restart();
    await says(ben, 'good evening');
    await Promise.all([shows(anna, 'good evening'), shows(ben, 'good evening')]);
  });

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
