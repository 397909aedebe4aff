// Writes the paths of all CommonJS modules that the process has loaded by its end to the file that LOADED_MODULES_FILE names, a line each. To be preloaded with `--import`.

import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { cache } = createRequire(import.meta.url);
process.on('exit', () => writeFileSync(process.env.LOADED_MODULES_FILE, Object.keys(cache).join('\n')));
