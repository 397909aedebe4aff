// How the figures of repetitions are written: the median, with the lowest and the highest.

export function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;
}

/** Such as `0.82 (0.75 to 0.91)`. */
export function spread(figures: readonly number[], digits = 0): string {
  return `${median(figures).toFixed(digits)} (${Math.min(...figures).toFixed(digits)} to ${Math.max(...figures).toFixed(digits)})`;
}
