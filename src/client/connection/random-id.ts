// Not `crypto.randomUUID`: browsers keep it from pages that came over plain HTTP.

/** 128 random bits. */
export function randomId(): bigint {
  const [high, low] = crypto.getRandomValues(new BigUint64Array(2)) as unknown as [bigint, bigint];
  return (high << 64n) | low;
}
