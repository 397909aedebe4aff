// The last lines of the log, kept in memory for whoever asks for a snapshot.

export class RecentLines {
  readonly #bytesMax: number;
  readonly #lines: string[] = [];
  #first = 0;
  #bytes = 0;

  /** Keeps as many of the last lines as fit in `bytesMax`. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** `line` ends with its line feed. A line that does not fit alone is left out. */
  add(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (bytes > this.#bytesMax) return;
    this.#lines.push(line);
    this.#bytes += bytes;
    while (this.#bytes > this.#bytesMax) this.#bytes -= Buffer.byteLength(this.#lines[this.#first++] as string);
    if (this.#first * 2 > this.#lines.length) {
      this.#lines.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** All of them, oldest first. */
  text(): string {
    return this.#lines.slice(this.#first).join('');
  }
}
