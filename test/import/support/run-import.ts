// An import within the test process.

import { loadSettings } from '../../../src/config/load-settings.ts';
import { type ImportResult, importFolder } from '../../../src/import/import-folder.ts';

export interface RunOptions {
  source: string;
  /** Undefined: a dry run. */
  destination?: string;
  /** Of the source. */
  encryptionKey?: string;
  /** Of the copy. */
  env?: Record<string, string>;
  skipDamaged?: boolean;
}

export function runImport({ source, destination, encryptionKey, env = {}, skipDamaged = false }: RunOptions): Promise<ImportResult> {
  const { settings } = loadSettings({ env, cwd: '/nonexistent' });
  return importFolder({ source, destination, settings, encryptionKey, skipDamaged, onProgress: () => undefined });
}
