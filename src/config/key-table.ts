// The keys of the schema as a table, and the names that the environment has for them.

import { z } from 'zod';
import { schema } from './schema.ts';
import { type SettingFacts, settingFacts } from './setting.ts';

export interface SettingKey extends SettingFacts {
  /** `tcp.tls.enabled` */
  path: string;
  /** `TCP_TLS_ENABLED`: the variable's name without its prefix. */
  variable: string;
}

/** All keys, in the order of the schema. */
export const settingKeys: readonly SettingKey[] = keysOf(schema, []);

export function variableOf(path: string): string {
  return path.replaceAll('.', '_').toUpperCase();
}

function keysOf(type: unknown, sections: readonly string[]): SettingKey[] {
  if (type instanceof z.ZodObject) return Object.entries(type.shape).flatMap(([name, inner]) => keysOf(inner, [...sections, name]));
  const facts = settingFacts.get(type as z.ZodType);
  const path = sections.join('.');
  if (!facts) throw new Error(`${path} has no facts`);
  return [{ ...facts, path, variable: variableOf(path) }];
}
