// Timers that are the same in Node and in browsers.

/** Resolves after so many milliseconds, or when the signal aborts. */
export function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, delayMs);
    signal?.addEventListener('abort', end, { once: true });
    if (signal?.aborted) end();
  });
}

/** An interval that does not keep a Node program alive. */
export function backgroundInterval(run: () => void, intervalMs: number): NodeJS.Timeout {
  const timer: NodeJS.Timeout | number = setInterval(run, intervalMs);
  // Browsers count their timers.
  if (typeof timer === 'object') timer.unref();
  return timer;
}
