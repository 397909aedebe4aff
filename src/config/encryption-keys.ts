// The keys of encryption at rest. They stand in settings, or in a file, such as a credential of the service manager, which keeps them out of the environment.

import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface EncryptionValues {
  enabled: boolean;
  key: string;
  key_file: string | undefined;
  previous_keys: readonly string[];
}

export interface EncryptionSettings {
  /** New messages are encrypted, with the first key. */
  enabled: boolean;
  /** Base64 of 32 bytes each. */
  keys: readonly string[];
}

export const encryptionKeyBytes = 32;

/** No problem shows a key. */
export function encryptionSettings(values: EncryptionValues, cwd: string): { encryption: EncryptionSettings; problems: string[] } {
  const problems: string[] = [];
  const named: { name: string; key: string }[] = [];
  if (values.key.trim() !== '') named.push({ name: 'system.encryption.key', key: values.key });
  if (values.key_file !== undefined) {
    if (named.length > 0) problems.push('system.encryption.key and system.encryption.key_file are both set: one of them gives the key');
    const lines = linesOf(path.resolve(cwd, values.key_file), problems);
    named.push(...lines.map((key) => ({ name: `system.encryption.key_file: a line of ${values.key_file}`, key })));
  }
  if (values.enabled && named.length === 0 && problems.length === 0) {
    problems.push('system.encryption.enabled is true, so system.encryption.key or system.encryption.key_file must give a key');
  }
  named.push(...values.previous_keys.map((key) => ({ name: 'system.encryption.previous_keys: an entry', key })));
  for (const { name, key } of named) {
    if (!isKey(key)) problems.push(`${name} is not the base64 of ${encryptionKeyBytes} bytes`);
  }
  return { encryption: { enabled: values.enabled, keys: [...new Set(named.map(({ key }) => key.trim()))] }, problems };
}

function linesOf(file: string, problems: string[]): string[] {
  try {
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    if (lines.length === 0) problems.push(`system.encryption.key_file: ${file} holds no key`);
    return lines;
  } catch (error) {
    problems.push(`system.encryption.key_file: ${(error as NodeJS.ErrnoException).message}`);
    return [];
  }
}

function isKey(text: string): boolean {
  // Buffer skips what is no base64.
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text.trim()) && Buffer.from(text.trim(), 'base64').length === encryptionKeyBytes;
}
