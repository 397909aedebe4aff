/** A text that is not of the form its setting wants. The message names the fault, without the setting. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}
