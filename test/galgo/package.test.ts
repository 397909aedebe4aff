// The package as it is published, in a folder of its own: loaded by import and by require, and no more of it than is needed.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryFolder } from '../support/test-server.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
const timeout = 120_000;

describe('the package', () => {
  const folder = temporaryFolder();
  const at = (...names: string[]) => path.join(folder.path, ...names);
  const node = async (file: string, code: string) => {
    writeFileSync(at(file), code);
    return (await run(process.execPath, [at(file)], { cwd: folder.path, timeout })).stdout;
  };

  before(async () => {
    // Its name ends with the version, which is not the test's business.
    await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder.path], { cwd: root, timeout });
    const [tarball] = readdirSync(folder.path).filter((name) => name.endsWith('.tgz'));
    await run('tar', ['-xzf', tarball as string], { cwd: folder.path });
    mkdirSync(at('node_modules'));
    symlinkSync(at('package'), at('node_modules', 'galgo'));
    // What npm would install and compile.
    symlinkSync(path.join(root, 'node_modules'), at('package', 'node_modules'));
    symlinkSync(path.join(root, 'build'), at('package', 'build'));
    writeFileSync(at('package.json'), '{}');
  });
  after(() => folder.remove());

  const roundTrip = `
    const galgo = await Galgo.start();
    const client = await galgo.connect();
    await client.streams.create({ name: 's' });
    console.log((await client.streams.list()).length, typeof connect);
    await galgo.close();`;

  it('is loaded by import', async () => {
    assert.equal(await node('imports.mjs', `import { connect, Galgo } from 'galgo';${roundTrip}`), '1 function\n');
  });

  it('is loaded by require', async () => {
    const code = `const { connect, Galgo } = require('galgo');(async () => {${roundTrip}})();`;
    assert.equal(await node('requires.cjs', code), '1 function\n');
  });

  it('serves the web console', async () => {
    const code = `
      import { Galgo } from 'galgo';
      const galgo = await Galgo.start({ config: { http: { enabled: true, address: '127.0.0.1:0', web_ui: true } } });
      for (const path of ['/ui', '/ui/console.js', '/ui/console.css', '/ui/icon.svg']) {
        const reply = await fetch('http://' + galgo.addresses.http + path, { headers: { connection: 'close' } });
        console.log(reply.status, (await reply.text()).length > 100);
      }
      await galgo.close();`;
    assert.equal(await node('console.mjs', code), '200 true\n'.repeat(4));
  });

  it('loads nothing of the server, nor a native addon, until a server is started', async () => {
    const addons = (entry: string) => `
      require(${JSON.stringify(entry)});
      console.log(process.report.getReport().sharedObjects.filter((file) => file.endsWith('.node')).length);`;
    for (const entry of ['galgo', 'galgo/client']) assert.equal(await node('light.cjs', addons(entry)), '0\n', entry);
    // The files that are read, whatever loads them.
    const trace = `import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent("export async function load(url, context, next) { console.log(url); return next(url, context); }"));
      await import('galgo');`;
    const files = (await node('trace.mjs', trace)).split('\n').filter((url) => url.startsWith('file:'));
    assert.ok(files.length > 20, 'the client has files');
    assert.deepEqual(
      files.filter((url) =>
        /dist\/(server|embedded|handlers|streaming|storage|transports|config|cli)[./]|node_modules\/(?!hash-wasm)/.test(url),
      ),
      [],
    );
  });
});
