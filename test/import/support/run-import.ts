// An import within the test process.

import { loadSettings } from '../../../src/config/load-settings.ts';
import { type ImportResult, importFolder } from '../../../src/import/import-folder.ts';

export interface RunOptions {
  source: string;
  /** Undefined: a dry run. */
  destination?: string;
  encryptionKey?: string;
  skipDamaged?: boolean;
}

export function runImport({ source, destination, encryptionKey, skipDamaged = false }: RunOptions): Promise<ImportResult> {
  const { settings } = loadSettings({ env: {}, cwd: '/nonexistent' });
  return importFolder({ source, destination, settings, encryptionKey, skipDamaged, onProgress: () => undefined });
}
