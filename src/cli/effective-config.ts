// runtime/current_config.toml in the data folder: every key with the value in force and the addresses as they were bound. Test suites of Iggy's clients start a server
// on port 0 and read this file to learn the port.

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'smol-toml';
import type { ConfigTable, LoadedSettings } from '../config/load-settings.ts';
import type { RunningServer } from './running-server.ts';

/** Writes the file in one step. Passwords are no settings, so it holds no secret. */
export function writeEffectiveConfig(loaded: LoadedSettings, addresses: RunningServer['addresses']): void {
  const { config } = loaded;
  const tcp = config.tcp as ConfigTable;
  const quic = config.quic as ConfigTable;
  const websocket = config.websocket as ConfigTable;
  const http = config.http as ConfigTable;
  const toml = stringify({
    ...config,
    tcp: { ...tcp, address: addresses.tcp ?? tcp.address },
    quic: { ...quic, address: addresses.quic ?? quic.address },
    websocket: { ...websocket, address: addresses.websocket ?? websocket.address },
    http: { ...http, address: addresses.http ?? http.address },
  });
  const file = path.join(loaded.settings.system.path, 'runtime', 'current_config.toml');
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, toml);
  renameSync(`${file}.new`, file);
}
