// Makes dist/console/: the web console, which the server serves at /ui. The page's code becomes one file; the others are copied.

import { copyFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = path.join(root, 'src/console');
const target = path.join(root, 'dist/console');
const outfile = path.join(target, 'console.js');

await build({
  entryPoints: [path.join(source, 'main.ts')],
  outfile,
  bundle: true,
  platform: 'browser',
  format: 'esm',
  target: 'es2022',
  minify: true,
});
for (const name of ['index.html', 'console.css', 'icon.svg']) copyFileSync(path.join(source, name), path.join(target, name));
console.log(`dist/console/console.js: ${(statSync(outfile).size / 1024).toFixed(0)} KiB`);
