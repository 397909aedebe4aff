// What README, guides and examples say, done in an empty folder with the packed package: its server, its types, its code.

import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { launchChromium, servePages, skip } from '../client/support/chromium.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { type InstalledPackage, installPackage } from './support/install.ts';
import { type PageProgram, pagePrograms } from './support/pages.ts';

const root = new URL('../../', import.meta.url).pathname;

/** What a program prints in the end, as far as it does not depend on the clock. In the order of running: the consumer reads what the producer sent. */
const examples: Readonly<Record<string, RegExp>> = {
  'getting-started.ts': /sent grüezi to partition 0, offset 2\nread hello at offset 0\nread servus at offset 1\nread grüezi at offset 2\n$/,
  'basic-producer.ts': /^sent 100 ticks\n$/,
  'basic-consumer.ts': /^(partition \d, offset \d+: \{"tick":\d+,"at":"[^"]+"\}\n){100}$/,
  'batching.ts': /^one by one: \d+ messages\/s\nmany at once: \d+ messages\/s\nhanded over together: \d+ messages\/s\n$/,
  'message-headers.ts':
    /created \{ id: 1, price: 9.5 \}\nconfirmed, urgent \{ id: 1 \}\nrejected by shop 17 \{ id: 2, reason: 'sold out' \}\n$/,
  'message-envelopes.ts': /^order 1 was created for 9.5\norder 1 was confirmed\norder 2 was rejected: sold out\n$/,
  'multi-tenant.ts': /^north in north: 100 messages\nnorth in south: denied\nsouth in north: denied\nsouth in south: 100 messages\n$/,
  'stream-builder.ts': /^(partition [012]: reading \d\n){10}$/,
  'encryption.ts': /^with the key: the letter, 16000 characters\nwithout it: \d{2,3} bytes\n$/,
  'quic.ts': /^read 1000 messages from 4 partitions at once\n$/,
  'in-process.ts': /^order 0: tea\norder 1: cake\n$/,
  'consumer-groups.ts': /^((Anna|Ben|Cleo) did job \d+ of partition \d\n){60,}$/,
};

/** Uses what has the most involved types, as a CommonJS module. */
const commonJs = `import galgo = require('galgo');
import type { Client, ConsumerOptions } from 'galgo';
async function main(): Promise<void> {
  const started: galgo.Galgo = await galgo.Galgo.start({ config: { tcp: { enabled: true, address: '127.0.0.1:0' }, limits: { users_max: 10 } } });
  const client: Client = await started.connect({ timeoutMs: 1000 });
  const options: ConsumerOptions = { stream: 's', topic: 't', group: 'g' };
  for await (const message of client.consumer(options)) console.log(message.offset + 1, message.text().length);
  // @ts-expect-error there is no such setting
  await galgo.Galgo.start({ config: { tcp: { adress: '' } } });
  await (await galgo.connect('iggy://iggy:iggy@127.0.0.1')).close();
}
void main();
`;

const pages = pagePrograms(root);
const programOf = ({ page }: PageProgram) => `${page.replaceAll(/[/.]/g, '-')}.ts`;

describe('the installed package', () => {
  const data = temporaryFolder();
  let installed: InstalledPackage;
  let server: ServerProcess;
  let targets: Readonly<Record<string, string>>;

  before(async () => {
    installed = await installPackage();
    server = await startServerProcess(data.path, {}, installed.folder);
    targets = { 'quic.ts': `iggy+quic://iggy:iggy@${server.quicAddress}?tls_ca_file=${data.path}/certificates/self-signed.pem` };
    for (const name of Object.keys(examples))
      copyFileSync(path.join(installed.folder, 'examples', name), path.join(installed.project, name));
    for (const program of pages) installed.write(programOf(program), program.code.replaceAll('127.0.0.1:8090', server.address));
  });
  after(async () => {
    await server?.stop();
    installed?.remove();
    data.remove();
  });

  it('has every example, with its expected output and its line in the table', () => {
    const folder = path.join(installed.folder, 'examples');
    const programs = readdirSync(folder).filter((name) => name.endsWith('.ts'));
    assert.deepEqual(programs.sort(), Object.keys(examples).sort());
    const table = readFileSync(path.join(folder, 'README.md'), 'utf8');
    const listed = [...table.matchAll(/\]\(([\w-]+\.ts)\)/g)].map(([, name]) => name);
    assert.deepEqual(listed.sort(), programs);
  });

  it('is loaded by import and by require', async () => {
    const use = 'console.log(typeof connect, typeof Galgo.start, typeof aes256Gcm);';
    installed.write('loads.mjs', `import { connect, Galgo } from 'galgo';\nimport { aes256Gcm } from 'galgo/encryption';\n${use}`);
    installed.write(
      'loads.cjs',
      `const { connect, Galgo } = require('galgo');\nconst { aes256Gcm } = require('galgo/encryption');\n${use}`,
    );
    for (const file of ['loads.mjs', 'loads.cjs']) assert.equal(await installed.run(file), 'function function function\n', file);
  });

  const resolutions = {
    node16: { module: 'node16', moduleResolution: 'node16' },
    nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
    bundler: { module: 'esnext', moduleResolution: 'bundler' },
  };
  for (const [name, options] of Object.entries(resolutions)) {
    it(`has types for the examples and pages under ${name}`, async () => {
      const programs = [...Object.keys(examples), ...pages.map(programOf)];
      assert.deepEqual(await installed.typeErrors(options, ...programs), []);
    });
  }

  it('has types for a CommonJS module under nodenext', async () => {
    installed.write('main.cts', commonJs);
    assert.deepEqual(await installed.typeErrors(resolutions.nodenext, 'main.cts'), []);
  });

  for (const [name, output] of Object.entries(examples)) {
    it(`runs the example ${name}`, async () => {
      assert.match(await installed.run('--import', 'tsx', name, targets[name] ?? `iggy://iggy:iggy@${server.address}`), output);
    });
  }

  for (const program of pages) {
    it(`runs the code of ${program.page}`, async () => {
      const printed = await installed.run('--import', 'tsx', programOf(program));
      if (program.output !== undefined) assert.equal(printed, program.output);
    });
  }

  describe('in Chromium', { skip }, () => {
    const profile = temporaryFolder();
    let browser: BrowserContext | undefined;
    let web: Awaited<ReturnType<typeof servePages>> | undefined;
    after(async () => {
      await browser?.close();
      web?.close();
      profile.remove();
    });

    it('runs the example of web pages: two pages see what one of them says, also after a restart', async (t) => {
      web = await servePages({
        '/': path.join(installed.folder, 'examples/browser/index.html'),
        '/page.js': path.join(installed.folder, 'examples/browser/page.js'),
        '/node_modules/galgo/dist/browser/galgo.js': path.join(installed.folder, 'dist/browser/galgo.js'),
      });
      browser = await launchChromium(profile.path);
      const { target, restart } = await serverFor(t, web.origin);
      const [anna, ben] = [await openPage(browser, web.origin), await openPage(browser, web.origin)];
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

    /** A server that lets the page in; `restart` kills it and brings it back at the same address. */
    async function serverFor(t: TestContext, origin: string) {
      const folder = temporaryFolder();
      const environment = { GALGO_WEBSOCKET_ALLOWED_ORIGINS: origin };
      let chatServer = await startServerProcess(folder.path, environment, installed.folder);
      t.after(async () => {
        await chatServer.stop();
        folder.remove();
      });
      const address = chatServer.websocketAddress.replace('ws://', '');
      return {
        target: `iggy+ws://iggy:iggy@${address}`,
        restart: async () => {
          await chatServer.kill();
          chatServer = await startServerProcess(folder.path, { ...environment, GALGO_WEBSOCKET_ADDRESS: address }, installed.folder);
        },
      };
    }

    async function openPage(context: BrowserContext, origin: string): Promise<Page> {
      const page = await context.newPage();
      await page.goto(origin);
      return page;
    }
  });
});
