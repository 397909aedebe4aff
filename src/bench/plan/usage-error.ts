/** An option that cannot be carried out, said in a sentence for the one who gave it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
