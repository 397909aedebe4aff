// Opens QUIC connections: resolves the host, tries its addresses, checks who answers.

import { randomBytes, X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { nativeUdp, openUdp } from '../../quic/open-udp.ts';
import { type Connection, loadQuiche, type Quiche } from '../../quic/quiche.ts';
import { joinSignals } from './joined-signal.ts';
import { clientConfig } from './quic-config.ts';
import { QuicLink } from './quic-link.ts';
import type { QuicSettings } from './quic-settings.ts';
import { checkFingerprint, type LoadedTls, loadTls, type TlsOptions } from './tls.ts';
import type { Transport } from './transport.ts';

const connectionIdBytes = 16;
const udpBufferBytes = 4 * 1024 * 1024;
// An address of a host has such a start before the next one is tried as well (RFC 8305 §5).
const headStartMs = 250;
const addressesMax = 4;

export function quicTransport(host: string, port: number, options: TlsOptions, settings: QuicSettings): Transport {
  /** Of the last connection, so that the next one is opened with less work. */
  let session: Uint8Array | undefined;
  return {
    ordered: false,
    async open(events, signal) {
      const [quiche, secured, addresses] = await Promise.all([loadQuiche(), loadTls(options, host), lookup(host, { all: true })]);
      const openNative = settings.udpSocket === 'auto' ? nativeUdp() : undefined;
      const link = await firstOf(
        addresses.slice(0, addressesMax).map(({ address }) => address),
        (address, attempt) => {
          const server = { host: address, port };
          return openLink(quiche, openNative, secured, settings, server, { last: session, keep: (next) => (session = next) }, attempt);
        },
        signal,
      );
      return link.use(events);
    },
  };
}

/** Tries addresses one after another, without waiting for the end of an attempt; the first that stands wins, and the others are ended. */
async function firstOf(
  addresses: readonly string[],
  open: (address: string, signal: AbortSignal) => Promise<QuicLink>,
  signal: AbortSignal,
): Promise<QuicLink> {
  signal.throwIfAborted();
  const decided = joinSignals([signal]);
  const attempts = addresses.map(async (address, index) => {
    if (index > 0) await sleep(index * headStartMs, undefined, { signal: decided.signal });
    return open(address, decided.signal);
  });
  try {
    const winner = await Promise.any(attempts);
    for (const other of attempts) other.then((link) => link !== winner && link.destroy()).catch(() => undefined);
    return winner;
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    decided.abort(undefined);
  }
}

interface Sessions {
  last: Uint8Array | undefined;
  keep(session: Uint8Array): void;
}

async function openLink(
  quiche: Quiche,
  openNative: ReturnType<typeof nativeUdp>,
  secured: LoadedTls,
  settings: QuicSettings,
  server: { host: string; port: number },
  sessions: Sessions,
  signal: AbortSignal,
): Promise<QuicLink> {
  const config = clientConfig(quiche, settings, secured);
  const v6 = isIPv6(server.host);
  return new Promise((resolve, reject) => {
    const abort = () => {
      link.destroy();
      reject(signal.reason);
    };
    const link = new QuicLink(settings, {
      established(native) {
        signal.removeEventListener('abort', abort);
        checkServer(native, secured);
        resolve(link);
      },
      failed(error) {
        signal.removeEventListener('abort', abort);
        reject(error);
      },
      ended: sessions.keep,
    });
    signal.addEventListener('abort', abort, { once: true });
    openUdp(openNative, { host: v6 ? '::' : '0.0.0.0', port: 0, bufferBytes: udpBufferBytes }, link)
      .then((socket) => {
        if (signal.aborted) {
          socket.close();
          return;
        }
        // The library keeps the addresses as the name of the way; the kernel knows which they are.
        const local = { host: v6 ? '::1' : '127.0.0.1', port: socket.port };
        const name = isIP(secured.serverName) === 0 ? secured.serverName : undefined;
        const native = quiche.Connection.connect(name, randomBytes(connectionIdBytes), local, server, config);
        if (sessions.last !== undefined) native.setSession(sessions.last);
        link.begin(native, socket, local, server);
      })
      .catch(reject);
  });
}

/** The CA was checked in the handshake, where it counts. Throws if the certificate is for somebody else. */
function checkServer(native: Connection, secured: LoadedTls): void {
  const [shown] = native.peerCertChain() ?? [];
  const certificate = shown && new X509Certificate(shown);
  checkFingerprint(secured, certificate);
  if (!secured.verify) return;
  if (certificate === undefined) throw new Error('the server showed no certificate');
  const refusal = tls.checkServerIdentity(secured.serverName, certificate.toLegacyObject());
  if (refusal !== undefined) throw refusal;
}
