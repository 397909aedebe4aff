// Byte sizes as Iggy writes them.
//
//   size   = digits [ "." digits ] { " " } [ unit ]
//   unit   = [ prefix [ "i" ] ] [ base ]         prefix K M G T P E, either case; with "i" powers of 1024, without powers of 1000
//   base   = "B" bytes | "b" bits | "bit" | "bits"
//
// Without a unit, or with a prefix alone, the number counts bytes. Fractions are rounded up to a whole byte.

import { FormatError } from './format-error.ts';

const sizePattern = /^(\d+)(?:\.(\d+))? *(?:([kmgtpe])(i?))?(B|b|[Bb]its?)?$/i;
const prefixes = 'kmgtpe';

/** Bytes of a text such as `64 MiB`, `10 MB` or `4096`. Throws FormatError on anything else and above 2^53 − 1. */
export function parseByteSize(text: string): number {
  const match = sizePattern.exec(text.trim());
  if (!match) throw new FormatError('is not a size');
  const [, whole = '', fraction = '', prefix = '', binary = '', base = 'B'] = match;
  const unit = BigInt(binary ? 1024 : 1000) ** BigInt(prefix ? prefixes.indexOf(prefix.toLowerCase()) + 1 : 0);
  const divisor = 10n ** BigInt(fraction.length) * (base === 'B' ? 1n : 8n);
  const bytes = (BigInt(whole + fraction) * unit + divisor - 1n) / divisor;
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) throw new FormatError('is too large');
  return Number(bytes);
}

const units: readonly (readonly [string, number])[] = [
  ['PiB', 1024 ** 5],
  ['PB', 1000 ** 5],
  ['TiB', 1024 ** 4],
  ['TB', 1000 ** 4],
  ['GiB', 1024 ** 3],
  ['GB', 1000 ** 3],
  ['MiB', 1024 ** 2],
  ['MB', 1000 ** 2],
  ['KiB', 1024],
  ['KB', 1000],
];

/** The exact, parseable form in the largest unit that divides the size: `64 MiB`, `100 KB`, `4097 B`. */
export function formatByteSize(bytes: number): string {
  const unit = units.find(([, size]) => bytes >= size && bytes % size === 0);
  return unit ? `${bytes / unit[1]} ${unit[0]}` : `${bytes} B`;
}
