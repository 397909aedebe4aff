// How web pages begin: over WebSocket, which is all that browsers have. The browser checks certificates.

import { type Client, connectOver } from './client.ts';
import { ArgumentError } from './connection/errors.ts';
import { type ClientOptions, resolveSettings } from './connection/options.ts';
import { browserWebSocketTransport } from './transport/browser-websocket.ts';

/**
 * Connects and logs in: `connect('iggy+wss://user:password@host:port')`, or with options, or with both, where options win.
 * Rejects with ArgumentError, also for what browsers cannot do: other transports, and certificates of the program's choice. Else with ConnectionError, AuthenticationError, or the
 * reason of `signal`, which ends only this first attempt.
 */
export async function connect(
  target: string | ClientOptions = {},
  options: ClientOptions & { signal?: AbortSignal } = {},
): Promise<Client> {
  const { signal, ...more } = options;
  signal?.throwIfAborted();
  const settings = resolveSettings(typeof target === 'string' ? target : { transport: 'websocket', ...target }, more);
  if (settings.transport !== 'websocket') {
    throw new ArgumentError('invalid-argument', `browsers have WebSocket alone (iggy+ws or iggy+wss), not ${settings.transport}`);
  }
  if (settings.tls !== undefined && Object.keys(settings.tls).length > 0) {
    throw new ArgumentError('invalid-argument', 'the browser decides which certificates it trusts; tls may be true or false here');
  }
  const { host, port, tls, websocket } = settings;
  return connectOver(browserWebSocketTransport({ host, port, secure: tls !== undefined, ...websocket }), settings, signal);
}
