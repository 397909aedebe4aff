// Starts a thread on a module of this package, compiled or not.

import { Worker } from 'node:worker_threads';

// The loader of TypeScript sources that runs this thread does not reach others by itself on every Node.
const loadSources = `
  const { workerData } = require('node:worker_threads');
  import('tsx/esm/api').then(({ register }) => {
    register();
    return import(workerData.module);
  });
`;

/** `module`: the URL of a source; compiled, the file beside it that was made of it. The thread finds `data` as `workerData.data`. */
export function startThread(module: URL, data: unknown): Worker {
  const isSource = import.meta.url.endsWith('.ts');
  if (!isSource) return new Worker(new URL(module.href.replace(/\.ts$/, '.js')), { workerData: { data } });
  return new Worker(loadSources, { eval: true, workerData: { module: module.href, data } });
}
