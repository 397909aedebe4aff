// A signal that follows others. `AbortSignal.any` would do, but in Node 20 the garbage collector takes the signals that it follows, and timeouts among them never fire.

export interface JoinedSignal {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  /** It follows nobody any more. To be called when what it limits is over. */
  release(): void;
}

/** Aborts with the first of `signals`, or after so many milliseconds; 0 never. */
export function joinSignals(signals: readonly AbortSignal[], timeoutMs = 0): JoinedSignal {
  const controller = new AbortController();
  const abort = (reason: unknown) => {
    release();
    controller.abort(reason);
  };
  const timer =
    timeoutMs > 0 ? setTimeout(() => abort(new DOMException(`not within ${timeoutMs} ms`, 'TimeoutError')), timeoutMs) : undefined;
  const followed = signals.map((signal) => {
    const follow = () => abort(signal.reason);
    signal.addEventListener('abort', follow, { once: true });
    return () => signal.removeEventListener('abort', follow);
  });
  const release = () => {
    clearTimeout(timer);
    for (const unfollow of followed) unfollow();
  };
  const aborted = signals.find((signal) => signal.aborted);
  if (aborted !== undefined) abort(aborted.reason);
  return { signal: controller.signal, abort, release };
}
