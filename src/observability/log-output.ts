// Where log lines go: a descriptor that is written to without waiting. Lines that its reader does not take are kept up to a limit; further ones are dropped and counted, since a
// reader that stands still must not make the server stand still.
//
// The descriptor must not block: a write that waits would keep a thread of Node's pool, and in the end the process from ending. Node makes standard error so, unless it is a
// file, when it is first asked for `process.stderr`, and undoes it when the process exits: by then no write may be under way.

import sonicBoom, { type SonicBoom } from 'sonic-boom';

const standardError = 2;
// A write that is refused is tried again after 100 ms.
const lastTryTimeoutMs = 1_000;

export class LogOutput {
  readonly #stream: SonicBoom;
  #unwrittenBytes = 0;
  #droppedSinceTold = 0;
  #linesDropped = 0;
  #givesUp = false;
  #ended = false;
  #settled: () => void = () => {};
  /** Told of lines that were dropped, once all that was kept is written. */
  onDropped: ((lines: number) => void) | undefined;

  constructor(fd: number, bytesMax: number) {
    if (fd === standardError) void process.stderr;
    this.#stream = new sonicBoom.SonicBoom({ fd, sync: false, maxLength: bytesMax, retryEAGAIN: () => !this.#givesUp });
    this.#stream.on('drop', () => {
      this.#linesDropped++;
      this.#droppedSinceTold++;
    });
    this.#stream.on('write', (bytes: number) => this.#written(bytes));
    this.#stream.on('error', (error: NodeJS.ErrnoException) => {
      // Who reads the log is gone. After anything else, a full disk for one, the next line tries again.
      if (error.code === 'EPIPE') this.#ended = true;
      this.#settled();
    });
  }

  get linesDropped(): number {
    return this.#linesDropped;
  }

  write(line: string): void {
    if (this.#ended) return;
    const dropped = this.#linesDropped;
    this.#stream.write(line);
    if (this.#linesDropped === dropped) this.#unwrittenBytes += Buffer.byteLength(line);
  }

  /** Writes what is kept, for as long as `timeoutMs`, and then nothing any more. To be awaited before the process exits. */
  async end(timeoutMs: number): Promise<void> {
    if (this.#unwrittenBytes > 0 && !this.#ended) await this.#untilSettled(timeoutMs);
    this.#givesUp = true;
    if (this.#unwrittenBytes > 0 && !this.#ended) await this.#untilSettled(lastTryTimeoutMs);
    this.#ended = true;
  }

  /** Until all is written or a write has failed for good, but no longer than this. */
  async #untilSettled(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#settled = resolve;
      timer = setTimeout(resolve, timeoutMs);
    });
    clearTimeout(timer);
  }

  #written(bytes: number): void {
    this.#unwrittenBytes -= bytes;
    if (this.#unwrittenBytes > 0) return;
    const lines = this.#droppedSinceTold;
    this.#droppedSinceTold = 0;
    if (lines > 0) this.onDropped?.(lines);
    else this.#settled();
  }
}
