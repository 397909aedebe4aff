// A server within another program: no arguments, no environment, no signals, no exit.
//
// This file loads the whole server. galgo.ts loads it when it is needed.

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openDataFolder } from './cli/data-folder.ts';
import { settingKeys } from './config/key-table.ts';
import { type ConfigTable, loadSettings } from './config/load-settings.ts';
import type { GalgoOptions } from './galgo-options.ts';
import { silentLogger } from './observability/logger.ts';
import { type EmbeddableServer, startServer } from './server.ts';

export interface EmbeddedServer {
  readonly path: string;
  readonly server: EmbeddableServer;
  /** Stops the server, and removes the folder if it was a temporary one. */
  stop(): Promise<void>;
}

/** A logger that was given keeps its lines to itself. */
const nothingOfTheLog = { recentText: () => '', linesDropped: () => 0 };

export async function startEmbedded(options: GalgoOptions): Promise<EmbeddedServer> {
  const temporary = options.path === undefined;
  const folder = options.path ?? mkdtempSync(path.join(realpathSync(os.tmpdir()), 'galgo-'));
  const cleanUp = () => {
    if (temporary) rmSync(folder, { recursive: true, force: true });
  };
  try {
    const { settings } = loadSettings({
      config: configOf(options, folder),
      ...(options.root === undefined ? {} : { root: options.root }),
    });
    openDataFolder(settings.system.path, { fresh: false });
    const server = await startServer(settings, options.logger ?? silentLogger(), nothingOfTheLog);
    return {
      path: settings.system.path,
      server,
      async stop() {
        try {
          await server.stop();
        } finally {
          cleanUp();
        }
      },
    };
  } catch (error) {
    cleanUp();
    throw error;
  }
}

/** The settings as they were given; what they do not say of listeners is that there are none, and of worker threads the same. */
function configOf({ config = {} }: GalgoOptions, folder: string): ConfigTable {
  const given = config as ConfigTable;
  const withoutListeners = Object.fromEntries(
    settingKeys.flatMap(({ path: key }) => {
      const [section = '', name] = key.split('.');
      return name === 'address' ? [[section, { enabled: false, ...sectionOf(given, section) }]] : [];
    }),
  );
  return {
    ...given,
    ...withoutListeners,
    // The program's processors are the program's.
    server: { workers: 1, ...sectionOf(given, 'server') },
    system: { ...sectionOf(given, 'system'), path: folder },
  };
}

function sectionOf(config: ConfigTable, name: string): ConfigTable {
  const section = config[name];
  return typeof section === 'object' ? section : {};
}
