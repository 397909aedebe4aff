// Makes dist/browser/galgo.js: the client for web pages as one ES module, which needs nothing beside it.
//
// The sources use Node's Buffer and EventEmitter; the npm packages `buffer` and `events` stand in for them. Any other module of Node fails the build.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outfile = path.join(root, 'dist/browser/galgo.js');

await build({
  entryPoints: [path.join(root, 'src/client/browser.ts')],
  outfile,
  bundle: true,
  platform: 'browser',
  format: 'esm',
  target: 'es2022',
  minify: true,
  // The names of classes are part of what errors say.
  keepNames: true,
  alias: { 'node:events': 'events' },
  inject: [path.join(root, 'scripts/browser-globals.js')],
});

const code = readFileSync(outfile);
const kib = (bytes) => `${(bytes / 1024).toFixed(0)} KiB`;
console.log(`dist/browser/galgo.js: ${kib(code.length)}, ${kib(gzipSync(code).length)} with gzip`);
