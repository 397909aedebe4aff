// Describes decoded requests and replies in the words of the golden vectors, so that both can be compared.
// Names follow vectors.json; what vsr-vectors.json says in other words is translated first.

import type { Options } from '../../../src/protocol/primitives/options.ts';
import type { Permissions } from '../../../src/protocol/primitives/permissions.ts';
import { parseTypedValue } from '../../../src/protocol/primitives/typed-value.ts';
import type { Fields } from './vector-files.ts';

/** Snake-case names, numbers beyond 2^53 − 1 as text, null for what is absent, hex for bytes. */
export function plain(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'bigint') return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [snake(name), plain(field)]));
}

export function permissionFields(permissions: Permissions | undefined): Fields | null {
  if (permissions === undefined) return null;
  return {
    global: granted(permissions.global),
    streams: [...permissions.streams].map(([id, { topics, ...stream }]) => ({
      id,
      granted: granted(stream),
      topics: [...topics].map(([id, topic]) => ({ id, granted: granted(topic) })),
    })),
  };
}

export function optionFields(options: Options): Fields[] {
  return [...options].map(([key, value]) => ({ key, kind: value.kind, value: plain(parseTypedValue(value).value) }));
}

function granted(flags: object): string[] {
  return Object.entries(flags)
    .filter(([, granted]) => granted)
    .map(([flag]) => snake(flag));
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
