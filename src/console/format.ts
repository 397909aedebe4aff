// Times and limits as people read them.

/** Of the API: digits in a text where a number is beyond 2⁵³. */
export type Whole = number | string;

/** The largest u64 stands for never and for without end. */
const endless = '18446744073709551615';
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

/** Bytes. */
export function formatLimit(bytes: Whole): string {
  return bytes === endless ? 'unlimited' : `${bytes} B`;
}
