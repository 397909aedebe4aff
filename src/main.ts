// Entry of the `galgo` command. The server and the addon are loaded where they are needed: `galgo --version` works without either.

import { runGalgo } from './cli/program.ts';

// A reader of the start notice that goes away (`galgo server | head`) is no reason to stop.
process.stdout.on('error', () => {});

const exitCode = await runGalgo(process.argv.slice(2), {
  startServer: async (settings, log, logFacts) => (await import('./server.ts')).startServer(settings, log, logFacts),
  loadNotify: async () => (await import('./addon/addon.ts')).loadAddon().notify,
});
process.exit(process.exitCode ?? exitCode);
