// How programs in Node begin: with every transport.

import { type Client, connectOver } from './client.ts';
import { type ClientOptions, resolveSettings } from './connection/options.ts';
import { createTransport } from './transport/create-transport.ts';

/**
 * Connects and logs in: `connect('iggy+tcp://user:password@host:port')`, or with options, or with both, where options win.
 * Rejects with ArgumentError, ConnectionError, AuthenticationError, or the reason of `signal`, which ends only this first attempt.
 */
export async function connect(
  target: string | ClientOptions = {},
  options: ClientOptions & { signal?: AbortSignal } = {},
): Promise<Client> {
  const { signal, ...more } = options;
  signal?.throwIfAborted();
  const settings = resolveSettings(target, more);
  return connectOver(createTransport(settings), settings, signal);
}
