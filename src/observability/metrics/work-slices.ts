// Long work on the event loop, done in slices: between any two of them whatever waits is served.

const sliceMs = 1;

export class WorkSlices {
  #beganMs = performance.now();

  /** The slice has lasted long enough: `pause` is to follow. */
  due(): boolean {
    return performance.now() - this.#beganMs >= sliceMs;
  }

  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#beganMs = performance.now();
  }
}
