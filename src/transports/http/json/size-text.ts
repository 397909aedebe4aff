// Sizes as Iggy's API writes them: `69.092 KB`, `3136.5 KiB`. Lossless, since clients read them back: the largest unit that needs at most three decimals.

const units: readonly (readonly [unit: string, bytes: bigint])[] = ['E', 'P', 'T', 'G', 'M', 'K'].flatMap((letter, index) => {
  const power = BigInt(6 - index);
  return [[`${letter}iB`, 1024n ** power] as const, [`${letter}B`, 1000n ** power] as const];
});

/** The text of a number of bytes. */
export function sizeText(bytes: bigint): string {
  for (const [unit, unitBytes] of units) {
    const thousandths = bytes * 1000n;
    if (bytes < unitBytes || thousandths % unitBytes !== 0n) continue;
    const value = thousandths / unitBytes;
    const decimals = String(value % 1000n)
      .padStart(3, '0')
      .replace(/0+$/, '');
    return `${value / 1000n}${decimals === '' ? '' : `.${decimals}`} ${unit}`;
  }
  return `${bytes} B`;
}
