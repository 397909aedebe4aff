// Options of topics, streams and users.

import type { OptionDescription } from '../../../protocol/commands/describe-options.ts';
import type { Options } from '../../../protocol/primitives/options.ts';
import { formatTypedValue, HeaderKind, parseTypedValue, type RawTypedValue } from '../../../protocol/primitives/typed-value.ts';
import { flag, integer, listOf, record, type Schema, text } from './schema.ts';

/** Values by key, each with whether the client named it. */
export const optionsSchema: Schema = { type: 'object', additionalProperties: record({ value: text, explicit: flag }) };

export const optionDescriptionSchema = record(
  { key: text, kind: text, default_value: listOf(integer), description: text },
  'OptionDescription',
);

/** Of a request: texts by key, in the syntax of the configuration. */
export const givenOptionsSchema: Schema = { type: ['object', 'null'], additionalProperties: { type: 'string' } };

/** Streams and users have none yet. */
export const noOptionsSchema: Schema = { ...givenOptionsSchema, domain: { maxProperties: 0 } };

export function optionsView(explicit: Options, derived: Options): Record<string, { value: string; explicit: boolean }> {
  const shown = (options: Options, isExplicit: boolean) =>
    [...options].map(([key, raw]) => [key, { value: valueText(raw), explicit: isExplicit }] as const);
  return Object.fromEntries([...shown(derived, false), ...shown(explicit, true)]);
}

export function givenOptions(given: Readonly<Record<string, string>> | null | undefined): Map<string, RawTypedValue> {
  return new Map(Object.entries(given ?? {}).map(([key, value]) => [key, formatTypedValue({ kind: 'string', value })]));
}

export function optionDescriptionView({ key, kind, defaultBytes, description }: OptionDescription) {
  return { key, kind: kindNames[kind - 1] ?? 'raw', default_value: [...defaultBytes], description };
}

const kindNames = Object.keys(HeaderKind);

function valueText(raw: RawTypedValue): string {
  const { value } = parseTypedValue(raw);
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : String(value);
}
