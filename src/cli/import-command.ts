// `galgo import`: from arguments to a copied data folder, and what came of it.

import { readFileSync } from 'node:fs';
import { ConfigurationError, loadSettings } from '../config/load-settings.ts';
import type { Settings } from '../config/settings.ts';
import { importFolder } from '../import/import-folder.ts';
import { DamageError, ImportError } from '../import/source/import-error.ts';
import { createImportProgress } from './import-progress.ts';
import { importSummary, importSummaryJson } from './import-summary.ts';

export interface ImportCommand {
  source: string;
  /** The new data folder; undefined: `system.path` of the settings. */
  destination: string | undefined;
  configPath: string | undefined;
  encryptionKeyPath: string | undefined;
  dryRun: boolean;
  skipDamaged: boolean;
  json: boolean;
}

const failedExitCode = 1;

/** Resolves to the exit code: 0 only if everything that is in the source is in the copy. */
export async function runImport(command: ImportCommand): Promise<number> {
  const fail = (message: string, position?: { file: string; position: number }): number => {
    if (command.json) process.stdout.write(`${JSON.stringify({ complete: false, error: message, ...position })}\n`);
    process.stderr.write(`${message}\n`);
    return failedExitCode;
  };
  let settings: Settings;
  let encryptionKey: string | undefined;
  try {
    ({ settings } = loadSettings({
      flags: new Map(command.destination === undefined ? [] : [['system.path', command.destination]]),
      ...(command.configPath === undefined ? {} : { configPath: command.configPath }),
      withDefaultRootCredentials: false,
    }));
    encryptionKey = command.encryptionKeyPath === undefined ? undefined : readFileSync(command.encryptionKeyPath, 'utf8');
  } catch (error) {
    if (error instanceof ConfigurationError || isOfFileSystem(error)) return fail(error.message);
    throw error;
  }

  const destination = command.dryRun ? undefined : settings.system.path;
  const progress = createImportProgress(process.stderr);
  try {
    const { source, skipDamaged } = command;
    const result = await importFolder({ source, destination, settings, encryptionKey, skipDamaged, onProgress: progress.update });
    progress.stop();
    process.stdout.write(command.json ? importSummaryJson(result, source, destination) : importSummary(result, source, destination));
    return result.report.complete ? 0 : failedExitCode;
  } catch (error) {
    progress.stop();
    if (error instanceof DamageError) {
      return fail(`${error.message}\nNothing of the copy can be used. With --skip-damaged such parts are left out.`, error.damage);
    }
    if (error instanceof ImportError || isOfFileSystem(error)) return fail(error.message);
    throw error;
  }
}

/** Such errors say what they are about. */
function isOfFileSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
