// Times, sizes and limits as people read them.

/** Of the API: digits in a text where a number is beyond 2⁵³. */
export type Whole = number | string;

/** The largest u64 stands for never and for without end. */
const endless = '18446744073709551615';
const sizePrefixes = ['', 'K', 'M', 'G', 'T', 'P', 'E'];
const durationUnits: readonly [string, number][] = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
];

/** Microseconds since 1970, in the browser's zone; to the millisecond. */
export function formatTime(micros: Whole): string {
  const time = new Date(Number(micros) / 1000);
  if (Number.isNaN(time.getTime())) return String(micros);
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const milliseconds = String(time.getMilliseconds()).padStart(3, '0');
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${milliseconds}`;
}

/** Microseconds, in at most two units. */
export function formatDuration(micros: Whole): string {
  if (micros === endless) return 'never';
  let seconds = Math.floor(Number(micros) / 1e6);
  const parts: string[] = [];
  for (const [unit, size] of durationUnits) {
    const amount = Math.floor(seconds / size);
    seconds -= amount * size;
    if (amount > 0) parts.push(`${amount} ${unit}`);
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}

/** A size as the API writes it, exact and in units of 1000 or 1024, such as `69481248 KiB`: rounded, in units of 1024. */
export function formatSize(size: string): string {
  const [, amount, prefix = '', binary] = /^([\d.]+) ([KMGTPE]?)(i?)B$/.exec(size) ?? [];
  if (amount === undefined) return size;
  let value = Number(amount) * (binary === '' ? 1000 : 1024) ** sizePrefixes.indexOf(prefix);
  let index = 0;
  for (; value >= 1024; index++) value /= 1024;
  return index === 0 ? `${value} B` : `${Number(value.toPrecision(4))} ${sizePrefixes[index]}iB`;
}

/** Bytes. */
export function formatLimit(bytes: Whole): string {
  return bytes === endless ? 'unlimited' : formatSize(`${bytes} B`);
}
