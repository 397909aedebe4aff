// What a client can be told, its defaults, and their checks.

import type { MessageTransform } from '../transform/message-transform.ts';
import type { TransportSettings } from '../transport/create-transport.ts';
import type { WebSocketSettings } from '../transport/node-websocket.ts';
import type { QuicSettings } from '../transport/quic-settings.ts';
import type { TlsOptions } from '../transport/tls.ts';
import type { TransportName } from '../transport/transport.ts';
import { parseConnectionString } from './connection-string.ts';
import { ArgumentError } from './errors.ts';

const MiB = 1024 * 1024;

/** How a lost connection is opened again. */
export interface ReconnectOptions {
  /** Attempts after a loss until the client gives up and closes. Default: no limit. */
  retries?: number;
  /** Delay before the first attempt; each further one waits twice as long, and all with jitter. Default 100. */
  initialDelayMs?: number;
  /** Upper limit of the delay. Default 10,000. */
  maxDelayMs?: number;
  /** A session that was younger than this is not followed by another before it would have been as old. Default 0. */
  reestablishAfterMs?: number;
}

/** Options of WebSocket. */
export interface WebSocketOptions {
  /** Longest reply. Default 128 MiB. */
  maxMessageBytes?: number;
  /** A longer request leaves as several WebSocket frames of one message. Default 16 MiB, the most that Iggy's servers take. */
  maxFrameBytes?: number;
}

/** Options of QUIC. */
export interface QuicOptions {
  /** Longest datagram that is sent: 1200 to 65,507. Default 1350, which passes everywhere but in few tunnels. */
  datagramBytes?: number;
  /** Longest reply. Default 64 MiB. */
  maxReplyBytes?: number;
  /** Most bytes that leave before the server shows a sign of life. Default 16 MiB. */
  sendWindowBytes?: number;
  /** Most bytes on their way from the server. Default 16 MiB. */
  receiveWindowBytes?: number;
  /** QUIC's own ping, after so long without a sign of life. Default 5,000; 0 never. */
  keepAliveMs?: number;
  /** A server that is silent for so long is gone. The shorter one of client and server holds. Default 10,000; 0 leaves it to the server. */
  maxIdleTimeoutMs?: number;
  /** `auto` lets the kernel split and join datagrams where the package's addon is there (Linux); `portable` is Node's own socket. Default `auto`. */
  udpSocket?: 'auto' | 'portable';
}

/** What a client can be told. A connection string says much of it too. */
export interface ClientOptions {
  /** Default `tcp`. */
  transport?: TransportName;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 8090 for TCP, 8092 for WebSocket, 8080 for QUIC. */
  port?: number;
  /** Default iggy, with password iggy. */
  username?: string;
  /** Belongs to `username`. */
  password?: string;
  /** Personal access token, instead of user name and password. */
  token?: string;
  /** `auto` begins with VSR (Iggy 0.9) and falls back to classic (Iggy 0.8) once, if the answer shows it. Default `auto`. */
  generation?: 'auto' | 'vsr' | 'classic';
  /** True or options: TLS. Default: none, but on QUIC, which is never without. */
  tls?: boolean | TlsOptions;
  /** For WebSocket alone. */
  websocket?: WebSocketOptions;
  /** For QUIC alone. */
  quic?: QuicOptions;
  /** TCP: send small requests at once. Default true. */
  noDelay?: boolean;
  /** For each call that does not name its own. Default 30,000; 0 waits for ever. */
  timeoutMs?: number;
  /** For one attempt to connect and log in. Default 10,000. */
  connectTimeoutMs?: number;
  /** False: a lost connection closes the client. */
  reconnect?: boolean | ReconnectOptions;
  /** A ping is sent after so long without a request. Default 5,000; 0 never. */
  heartbeatIntervalMs?: number;
  /** An unanswered request that hears nothing for so long means that the connection is dead. Default 30,000; 0 never. */
  stallTimeoutMs?: number;
  /** In a cluster, how long a login waits for the election of a leader before it stays where it is. Default 5,000. */
  leaderTimeoutMs?: number;
  /** What messages pass on their way out, and backwards on their way in: compression, encryption. Default: nothing. */
  transforms?: readonly MessageTransform[];
  /** Unanswered requests on the connection, 1 to 256. Default 128. */
  maxInFlight?: number;
  /** Bytes of unanswered requests on the connection. Default 64 MiB. */
  maxInFlightBytes?: number;
  /** Requests that wait for the connection or for room on it; further ones are refused. Default 8192. */
  maxWaiting?: number;
}

export interface Settings extends TransportSettings {
  user: { username: string; password: string } | undefined;
  token: string | undefined;
  generation: 'auto' | 'vsr' | 'classic';
  timeoutMs: number;
  connectTimeoutMs: number;
  reconnect: Required<ReconnectOptions> | undefined;
  heartbeatIntervalMs: number;
  stallTimeoutMs: number;
  leaderTimeoutMs: number;
  transforms: readonly MessageTransform[];
  maxInFlight: number;
  maxInFlightBytes: number;
  maxWaiting: number;
}

const defaultPorts: Readonly<Record<TransportName, number>> = { tcp: 8090, websocket: 8092, quic: 8080 };

/** Options win over what the connection string says. Throws ArgumentError. */
export function resolveSettings(target: string | ClientOptions, more: ClientOptions = {}): Settings {
  const given: ClientOptions = { ...(typeof target === 'string' ? parseConnectionString(target) : target), ...more };
  if (given.token !== undefined && (given.username !== undefined || given.password !== undefined)) {
    throw new ArgumentError('invalid-argument', 'a token excludes user name and password');
  }
  if ((given.username === undefined) !== (given.password === undefined)) {
    throw new ArgumentError('invalid-argument', 'user name and password belong together');
  }
  const transport = given.transport ?? 'tcp';
  if (transport === 'quic' && given.tls === false) throw new ArgumentError('invalid-argument', 'there is no QUIC without TLS');
  return {
    transport,
    host: given.host ?? '127.0.0.1',
    port: whole('port', given.port ?? defaultPorts[transport], 1, 65_535),
    user: given.token === undefined ? { username: given.username ?? 'iggy', password: given.password ?? 'iggy' } : undefined,
    token: given.token,
    generation: given.generation ?? 'auto',
    tls: tlsOptions(given.tls ?? transport === 'quic'),
    websocket: webSocketSettings(given.websocket),
    quic: quicSettings(given.quic),
    noDelay: given.noDelay ?? true,
    timeoutMs: duration('timeoutMs', given.timeoutMs ?? 30_000),
    connectTimeoutMs: duration('connectTimeoutMs', given.connectTimeoutMs ?? 10_000),
    reconnect: reconnectSettings(given.reconnect),
    heartbeatIntervalMs: duration('heartbeatIntervalMs', given.heartbeatIntervalMs ?? 5_000),
    stallTimeoutMs: duration('stallTimeoutMs', given.stallTimeoutMs ?? 30_000),
    leaderTimeoutMs: duration('leaderTimeoutMs', given.leaderTimeoutMs ?? 5_000),
    transforms: given.transforms ?? [],
    maxInFlight: whole('maxInFlight', given.maxInFlight ?? 128, 1, 256),
    maxInFlightBytes: whole('maxInFlightBytes', given.maxInFlightBytes ?? 64 * MiB, 1),
    maxWaiting: whole('maxWaiting', given.maxWaiting ?? 8192, 1),
  };
}

function tlsOptions(given: boolean | TlsOptions): TlsOptions | undefined {
  if (typeof given === 'boolean') return given ? {} : undefined;
  if (given.fingerprint !== undefined && !/^([0-9a-f]{2}:?){31}[0-9a-f]{2}$/i.test(given.fingerprint)) {
    throw new ArgumentError('invalid-argument', 'tls.fingerprint must be 32 bytes in hexadecimal digits');
  }
  return given;
}

function webSocketSettings(given: WebSocketOptions = {}): WebSocketSettings {
  return {
    maxMessageBytes: whole('websocket.maxMessageBytes', given.maxMessageBytes ?? 128 * MiB, 1, 2 ** 31 - 1),
    maxFrameBytes: whole('websocket.maxFrameBytes', given.maxFrameBytes ?? 16 * MiB, 1024),
  };
}

function quicSettings(given: QuicOptions = {}): QuicSettings {
  return {
    datagramBytes: whole('quic.datagramBytes', given.datagramBytes ?? 1350, 1200, 65_507),
    maxReplyBytes: whole('quic.maxReplyBytes', given.maxReplyBytes ?? 64 * MiB, 1024),
    sendWindowBytes: whole('quic.sendWindowBytes', given.sendWindowBytes ?? 16 * MiB, 64 * 1024),
    receiveWindowBytes: whole('quic.receiveWindowBytes', given.receiveWindowBytes ?? 16 * MiB, 64 * 1024),
    keepAliveMs: duration('quic.keepAliveMs', given.keepAliveMs ?? 5_000),
    maxIdleTimeoutMs: duration('quic.maxIdleTimeoutMs', given.maxIdleTimeoutMs ?? 10_000),
    udpSocket: given.udpSocket ?? 'auto',
  };
}

function reconnectSettings(given: ClientOptions['reconnect'] = true): Required<ReconnectOptions> | undefined {
  if (given === false) return undefined;
  const { retries, initialDelayMs, maxDelayMs, reestablishAfterMs } = given === true ? ({} as ReconnectOptions) : given;
  return {
    retries: retries ?? Number.POSITIVE_INFINITY,
    initialDelayMs: duration('reconnect.initialDelayMs', initialDelayMs ?? 100),
    maxDelayMs: duration('reconnect.maxDelayMs', maxDelayMs ?? 10_000),
    reestablishAfterMs: duration('reconnect.reestablishAfterMs', reestablishAfterMs ?? 0),
  };
}

/** A whole number within bounds, else ArgumentError. */
export function whole(name: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new ArgumentError('invalid-argument', `${name} must be a whole number from ${min} to ${max}, not ${value}`);
  }
  return value;
}

const timerMax = 2 ** 31 - 1;

/** Milliseconds that a timer can hold, else ArgumentError. */
export function duration(name: string, value: number): number {
  if (!(value >= 0 && value <= timerMax))
    throw new ArgumentError('invalid-argument', `${name} must be from 0 to ${timerMax} ms, not ${value}`);
  return value;
}
