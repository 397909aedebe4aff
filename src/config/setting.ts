// What one key of the configuration looks like: its type, default and documentation. A value is checked by the type of its key, never by the look of its text, so
// that a file, the environment and a flag may write it alike.

import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { formatByteSize, parseByteSize } from './byte-size.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { FormatError } from './format-error.ts';

/** A value as a source gives it. */
export type RawValue = string | number | boolean;

export interface SettingFacts {
  /** Default, as a file would write it. */
  initial: RawValue;
  /** What is expected, for messages and the documentation: `a size such as "1 GiB"`. */
  form: string;
  doc: string;
  /** Flag of `galgo server` that sets the key, as commander writes it. */
  flag?: string;
  /** Is neither shown nor written down. */
  secret?: true;
}

export const settingFacts = z.registry<SettingFacts>();

interface Described {
  initial: RawValue;
  doc: string;
  flag?: string;
  secret?: true;
}

interface Range {
  min: number;
  max: number;
}

export function text(described: Described) {
  return setting('a text', described, (raw) => {
    if (String(raw).trim() === '') throw new FormatError('is empty');
    return String(raw);
  });
}

/** A path, or undefined when it is empty. */
export function optionalPath(described: Described) {
  return setting('a path', described, (raw) => (raw === '' ? undefined : String(raw)));
}

export function flag(described: Described) {
  return setting('true or false', described, (raw) => {
    const word = String(raw).toLowerCase();
    if (word !== 'true' && word !== 'false') throw new FormatError('is neither');
    return word === 'true';
  });
}

export function choice<const Word extends string>(words: readonly Word[], described: Described) {
  return setting(`one of ${words.join(', ')}`, described, (raw) => {
    const found = words.find((word) => word.toLowerCase() === String(raw).toLowerCase());
    if (found === undefined) throw new FormatError('is none of these');
    return found;
  });
}

export function count(range: Range, described: Described) {
  return setting(`a whole number, ${range.min} to ${range.max}`, described, (raw) => parseCount(raw, range));
}

/** As count, or `auto`: then undefined. */
export function countOrAuto(range: Range, described: Described) {
  return setting(`"auto" or a whole number, ${range.min} to ${range.max}`, described, (raw) =>
    isAuto(raw) ? undefined : parseCount(raw, range),
  );
}

/** Bytes. */
export function size(range: Range, described: Described) {
  return setting(`a size such as "64 MiB", ${sizes(range)}`, described, (raw) => parseSize(raw, range));
}

/** As size, or `auto`: then undefined. */
export function sizeOrAuto(range: Range, described: Described) {
  return setting(`"auto" or a size such as "256 MiB", ${sizes(range)}`, described, (raw) =>
    isAuto(raw) ? undefined : parseSize(raw, range),
  );
}

/** Milliseconds. */
export function duration(range: Range, described: Described) {
  return setting(`a duration such as "5 s", ${formatDuration(range.min)} to ${formatDuration(range.max)}`, described, (raw) =>
    within(parseDuration(String(raw)), range),
  );
}

const noLimitWords = new Set(['0', 'unlimited', 'none']);

/** Bytes, or undefined for no limit. */
export function sizeOrUnlimited(described: Described) {
  return setting('"unlimited" or a size such as "10 GiB"', described, (raw) =>
    noLimitWords.has(String(raw).toLowerCase()) ? undefined : parseByteSize(String(raw)),
  );
}

const neverWords = new Set(['0', 'unlimited', 'none', 'never_expire']);
// The widest expiry that Iggy's configuration can hold.
const expirySecondsMax = 4_294_967_295;

/** Milliseconds, or undefined for never. */
export function expiry(described: Described) {
  return setting('"none" or a duration such as "7 days"', described, (raw) => {
    if (neverWords.has(String(raw).toLowerCase())) return undefined;
    return within(parseDuration(String(raw), { monthLetter: true }), { min: 1, max: expirySecondsMax * 1000 });
  });
}

export interface Address {
  host: string;
  port: number;
}

/** Where to listen. */
export function address(described: Described) {
  return setting('HOST:PORT such as "127.0.0.1:8090" or "[::1]:8090"', described, (raw): Address => {
    const match = /^(?:\[(.+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(String(raw).trim());
    const [, ipv6, name, port] = match ?? [];
    if (Number(port ?? Number.NaN) > 65_535 || (ipv6 === undefined ? name === undefined : !isIPv6(ipv6)))
      throw new FormatError('is not an address');
    return { host: ipv6 ?? name ?? '', port: Number(port) };
  });
}

/** Origins of web pages, separated by commas; `*` for any. */
export function origins(described: Described) {
  return setting('origins such as "https://a.example, https://b.example:8443", or "*"', described, (raw): 'any' | readonly string[] => {
    if (raw === '*') return 'any';
    const listed = String(raw)
      .split(',')
      .map((origin) => origin.trim());
    return listed
      .filter((origin) => origin !== '')
      .map((origin) => {
        if (!URL.canParse(origin) || new URL(origin).origin !== origin) throw new FormatError(`${JSON.stringify(origin)} is not an origin`);
        return origin;
      });
  });
}

/** A regular expression for a whole text, with one capture; undefined when it is empty. */
export function capturePattern(described: Described) {
  return setting('a regular expression with one capture, such as "(.+)"', described, (raw): RegExp | undefined => {
    if (raw === '') return undefined;
    let captures: number;
    try {
      captures = (new RegExp(`${raw}|`, 'u').exec('')?.length ?? 1) - 1;
    } catch {
      throw new FormatError('is not a regular expression');
    }
    if (captures !== 1) throw new FormatError(`has ${captures} captures`);
    return new RegExp(`^(?:${raw})$`, 'u');
  });
}

/** Any text, also none, that is neither shown nor written down. */
export function secret(described: Described) {
  return setting('a text', { ...described, secret: true }, String);
}

/** Texts: a list in a file, `[a, b]` or `a, b` elsewhere. Empty ones are skipped. */
export function list(described: Described) {
  return anySetting('texts such as "a, b"', described, textsOf);
}

/** As list, of words in capitals. */
export function words<const Word extends string>(known: readonly Word[], described: Described) {
  return anySetting(`words of ${known.join(', ')}`, described, (raw) =>
    textsOf(raw).map((text) => {
      const word = known.find((candidate) => candidate === text.toUpperCase());
      if (word === undefined) throw new FormatError(`has ${JSON.stringify(text)}, which is none of these`);
      return word;
    }),
  );
}

/** Tables of these fields: `[[…]]` in a file, the same as JSON elsewhere. Fields that are left out are empty texts. */
export function tables<const Field extends string>(fields: readonly Field[], described: Described) {
  return anySetting(`tables with ${fields.join(', ')}`, described, (raw): Record<Field, string>[] => {
    const listed = typeof raw === 'string' ? parseTables(raw) : raw;
    if (!Array.isArray(listed)) throw new FormatError('is not a list of tables');
    return listed.map((table: unknown) => {
      if (typeof table !== 'object' || table === null || Array.isArray(table)) throw new FormatError('holds what is no table');
      for (const name of Object.keys(table)) {
        if (!fields.some((field) => field === name)) throw new FormatError(`has the unknown field ${name}`);
      }
      return Object.fromEntries(fields.map((field) => [field, String((table as Record<string, unknown>)[field] ?? '')])) as Record<
        Field,
        string
      >;
    });
  });
}

function parseTables(text: string): unknown {
  if (text.trim() === '') return [];
  try {
    return JSON.parse(text);
  } catch {
    throw new FormatError('is not JSON');
  }
}

function textsOf(raw: unknown): readonly string[] {
  const texts = Array.isArray(raw) ? raw : typeof raw === 'string' ? raw.replace(/^\s*\[(.*)\]\s*$/, '$1').split(',') : undefined;
  if (texts === undefined) throw new FormatError('is not a list');
  return texts
    .map((text: unknown) =>
      String(text)
        .trim()
        .replace(/^"(.*)"$/, '$1'),
    )
    .filter((text) => text !== '');
}

function setting<Value>(form: string, described: Described, parse: (raw: RawValue) => Value) {
  return anySetting(form, described, (raw) => {
    if (typeof raw !== 'string' && typeof raw !== 'number' && typeof raw !== 'boolean') throw new FormatError('is not a single value');
    return parse(raw);
  });
}

function anySetting<Value>(form: string, described: Described, parse: (raw: unknown) => Value) {
  return z
    .unknown()
    .transform((raw, context): Value => {
      try {
        return parse(raw);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        context.addIssue({ code: 'custom', message: `${error.message}; expected ${form}` });
        return z.NEVER;
      }
    })
    .register(settingFacts, { form, ...described });
}

function isAuto(raw: RawValue): boolean {
  return String(raw).toLowerCase() === 'auto';
}

function parseCount(raw: RawValue, range: Range): number {
  if (!/^\d{1,15}$/.test(String(raw))) throw new FormatError('is not a whole number');
  return within(Number(raw), range);
}

function parseSize(raw: RawValue, range: Range): number {
  return within(parseByteSize(String(raw)), range);
}

function within(value: number, range: Range): number {
  if (value < range.min) throw new FormatError('is too small');
  if (value > range.max) throw new FormatError('is too large');
  return value;
}

function sizes(range: Range): string {
  return `${formatByteSize(range.min)} to ${formatByteSize(range.max)}`;
}
