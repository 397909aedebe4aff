// Payloads and header values, which may be anything, as text to look at.

import { indentJson } from './json.ts';

export type PayloadForm = 'json' | 'text' | 'hex';

export interface TypedValue {
  readonly kind: string;
  /** Base64 of the bytes; numbers little-endian. */
  readonly value: string;
}

/** What a page shows of one payload, so that a large one does not stall the browser. */
const shownBytesMax: Readonly<Record<PayloadForm, number>> = { json: 1 << 18, text: 1 << 18, hex: 1 << 14 };
const rowBytes = 16;

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** The form that says most: JSON, else text, else hex. */
export function formOf(bytes: Uint8Array): PayloadForm {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (bytes.length > shownBytesMax.json || !/^\s*[[{]/.test(text)) return 'text';
    indentJson(text);
    return 'json';
  } catch (error) {
    return error instanceof SyntaxError ? 'text' : 'hex';
  }
}

/** The payload in a form, or the reason why it is not of that form. */
export function showPayload(bytes: Uint8Array, form: PayloadForm): string {
  const shown = bytes.subarray(0, shownBytesMax[form]);
  const rest = shown.length < bytes.length ? `\n… the first ${shown.length} of ${bytes.length} bytes` : '';
  if (form === 'hex') return hexRows(shown) + rest;
  // A character that the limit cuts is left out.
  const text = new TextDecoder().decode(shown, { stream: rest !== '' });
  if (form === 'text') return text + rest;
  if (rest !== '') return `Too large to be shown as JSON: ${bytes.length} bytes`;
  try {
    return indentJson(text);
  } catch (error) {
    return `No JSON: ${(error as Error).message}`;
  }
}

/** One line. */
export function previewPayload(bytes: Uint8Array, form: PayloadForm): string {
  const head = bytes.subarray(0, 120);
  const text = form === 'hex' ? hex(head.subarray(0, 32)) : new TextDecoder().decode(head, { stream: true }).replaceAll(/\s+/g, ' ');
  return text.length > 80 || head.length < bytes.length ? `${text.slice(0, 80)}…` : text;
}

export function showValue({ kind, value }: TypedValue): string {
  const bytes = fromBase64(value);
  if (kind === 'string') return new TextDecoder().decode(bytes);
  if (kind === 'bool') return String(bytes[0] !== 0);
  const [, family, bits] = /^(u?int|float)(\d+)$/.exec(kind) ?? [];
  // Who sends a header may give it a kind that its bytes do not fit.
  if (family === undefined || Number(bits) !== bytes.length * 8) return hex(bytes);
  if (family === 'float') {
    const view = new DataView(bytes.buffer);
    return String(bits === '32' ? view.getFloat32(0, true) : view.getFloat64(0, true));
  }
  const unsigned = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return String(family === 'int' ? BigInt.asIntN(Number(bits), unsigned) : unsigned);
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/** Position, bytes, and the printable ones of them as characters. */
function hexRows(bytes: Uint8Array): string {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += rowBytes) {
    const row = bytes.subarray(at, at + rowBytes);
    const characters = Array.from(row, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    rows.push(`${at.toString(16).padStart(6, '0')}  ${hex(row).padEnd(3 * rowBytes)} ${characters}`);
  }
  return rows.join('\n');
}
