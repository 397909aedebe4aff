// The words that our schemas add to JSON Schema, as ajv takes them and as OpenAPI shows them.
//
//   u64        true                  0 … 2⁶⁴ − 1, a number or, beyond 2⁵³, the bigint that `parseJson` makes
//   text       'u32' | 'u64'         the same in a path or query, where everything is text
//   domain     { minLength: 1, … }   what the domain checks, with an error number of its own: shown, not validated. Its lengths are bytes of UTF-8
//   messageId  true                  a u64, or a text of decimal digits or of a UUID

import type { KeywordDefinition } from 'ajv';
import { parseMessageId } from './message-id.ts';

export const u64Max = 0xffff_ffff_ffff_ffffn;
export const u32Max = 0xffff_ffff;

export const keywords: KeywordDefinition[] = [
  { keyword: 'u64', schemaType: 'boolean', validate: (_: unknown, data: unknown) => isU64(data) },
  { keyword: 'text', schemaType: 'string', validate: (kind: 'u32' | 'u64', data: unknown) => isNumberText(kind, data) },
  { keyword: 'messageId', schemaType: 'boolean', validate: (_: unknown, data: unknown) => parseMessageId(data) !== undefined },
  { keyword: 'domain', schemaType: 'object' },
];

/** A schema as OpenAPI shows it: our words in those of JSON Schema. Numbers beyond 2⁵³ are bigint. */
export function openApiSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(openApiSchema);
  if (typeof value !== 'object' || value === null) return value;
  const { u64, text, domain, messageId, nullable, ...rest } = value as Record<string, unknown>;
  const shown = Object.fromEntries(Object.entries(rest).map(([name, inner]) => [name, openApiSchema(inner)]));
  if (isKeywords(domain)) return { ...(openApiSchema({ u64, text, messageId, nullable, ...rest }) as object), ...domain };
  if (u64 === true) return { ...shown, ...integer(u64Max) };
  if (typeof text === 'string') return { ...shown, ...integer(text === 'u32' ? u32Max : u64Max) };
  if (messageId === true) {
    return {
      ...shown,
      oneOf: [integer(u64Max), { type: 'string', pattern: '^([0-9]{1,38}|[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12})$' }],
    };
  }
  if (nullable === true) return { ...shown, type: [shown.type, 'null'] };
  return shown;
}

/** Not where it is the name of a property. */
function isKeywords(value: unknown): value is Readonly<Record<string, number>> {
  return typeof value === 'object' && value !== null && Object.values(value).every((bound) => typeof bound === 'number');
}

function integer(maximum: number | bigint): Record<string, unknown> {
  return { type: 'integer', minimum: 0, maximum };
}

function isU64(data: unknown): boolean {
  if (typeof data === 'bigint') return data >= 0n && data <= u64Max;
  return typeof data === 'number' && Number.isSafeInteger(data) && data >= 0;
}

function isNumberText(kind: 'u32' | 'u64', data: unknown): boolean {
  if (typeof data !== 'string' || !/^\+?\d{1,40}$/.test(data)) return false;
  // No nine digits exceed either.
  if (data.length <= 9) return true;
  return BigInt(data.replace('+', '')) <= (kind === 'u32' ? BigInt(u32Max) : u64Max);
}
