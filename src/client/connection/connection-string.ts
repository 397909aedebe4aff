// Connection strings, as Iggy's SDKs take them:
//   scheme "://" (user ":" password | token) "@" host ":" port [ "?" key "=" value ( "&" key "=" value )* ]
//   scheme: iggy or iggy+tcp, iggy+quic, iggy+ws
// Beyond the official grammar there is iggy+wss, which is iggy+ws with tls=true; user, password and token may be percent-encoded; the host may be an IPv6 address in brackets;
// and some keys are ours, as `keys` tells.

import type { TlsOptions } from '../transport/tls.ts';
import type { TransportName } from '../transport/transport.ts';
import { ArgumentError } from './errors.ts';
import type { ClientOptions, QuicOptions, ReconnectOptions, WebSocketOptions } from './options.ts';

const schemes: Readonly<Record<string, { transport: TransportName; tls: boolean }>> = {
  iggy: { transport: 'tcp', tls: false },
  'iggy+tcp': { transport: 'tcp', tls: false },
  'iggy+ws': { transport: 'websocket', tls: false },
  'iggy+wss': { transport: 'websocket', tls: true },
  'iggy+quic': { transport: 'quic', tls: true },
};
const pattern = /^([^:]+):\/\/([^@?]*)@(\[[^\]]+\]|[^:?@[\]]+):(\d+)(?:\?([^?]*))?$/;

/** Throws ArgumentError (`invalid-connection-string`); the message never shows the credentials. */
export function parseConnectionString(text: string): ClientOptions {
  const match = pattern.exec(text);
  if (match === null) throw invalid('it must look like iggy://user:password@host:port');
  const [, scheme = '', credentials = '', host = '', portText = '', optionsText] = match;
  const meaning = schemes[scheme];
  if (meaning === undefined) throw invalid(scheme === 'iggy+http' ? 'iggy+http is not available' : `unknown scheme ${scheme}`);
  const port = Number(portText);
  if (port < 1 || port > 65_535) throw invalid(`port ${portText}`);
  const { transport, tls } = meaning;
  return {
    transport,
    ...credentialsOf(credentials),
    host: host.replace(/^\[|\]$/g, ''),
    port,
    ...optionsOf(transport, tls, optionsText),
  };
}

function credentialsOf(text: string): ClientOptions {
  const parts = text.split(':');
  if (parts.length > 2) throw invalid('a colon within user or password must be written %3A');
  const [first = '', second] = parts.map(decode);
  if (second === undefined) return { token: first };
  if (first === '' || second === '') throw invalid('user and password may not be empty');
  return { username: first, password: second };
}

/** What a key says. */
interface Meaning {
  withTls?: boolean;
  options?: ClientOptions;
  tls?: TlsOptions;
  reconnect?: ReconnectOptions;
  websocket?: WebSocketOptions;
  quic?: QuicOptions;
}

interface Key {
  transports: readonly TransportName[];
  read(value: string, key: string): Meaning;
}

const all: readonly TransportName[] = ['tcp', 'websocket', 'quic'];
const streams: readonly TransportName[] = ['tcp', 'websocket'];

const retries: Key['read'] = (value, key) => ({
  reconnect: { retries: value === 'unlimited' ? Number.POSITIVE_INFINITY : count(key, value) },
});
const reestablishAfter: Key['read'] = (value) => ({ reconnect: { reestablishAfterMs: durationMs(value) } });
const validate: Key['read'] = (value) => ({ tls: { rejectUnauthorized: value === 'true' } });
/** About buffers and duties that this client has not. */
const ignored: Key['read'] = (value, key) => {
  count(key, value);
  return {};
};

const keys: Readonly<Record<string, Key>> = {
  tls: { transports: streams, read: (value) => ({ withTls: value === 'true' }) },
  tls_domain: { transports: all, read: (value) => ({ tls: { serverName: value } }) },
  tls_ca_file: { transports: all, read: (value) => ({ tls: { caFile: value } }) },
  tls_validate_certificate: { transports: all, read: validate },
  validate_certificate: { transports: ['quic'], read: validate },
  nodelay: { transports: ['tcp'], read: (value) => ({ options: { noDelay: value === 'true' } }) },
  heartbeat_interval: { transports: all, read: (value) => ({ options: { heartbeatIntervalMs: durationMs(value) } }) },
  reconnection_retries: { transports: streams, read: retries },
  reconnection_max_retries: { transports: ['quic'], read: retries },
  reconnection_interval: { transports: all, read: (value) => ({ reconnect: { initialDelayMs: durationMs(value) } }) },
  reestablish_after: { transports: streams, read: reestablishAfter },
  reconnection_reestablish_after: { transports: ['quic'], read: reestablishAfter },
  response_buffer_size: { transports: ['quic'], read: (value, key) => ({ quic: { maxReplyBytes: count(key, value) } }) },
  initial_mtu: { transports: ['quic'], read: (value, key) => ({ quic: { datagramBytes: count(key, value) } }) },
  send_window: { transports: ['quic'], read: (value, key) => ({ quic: { sendWindowBytes: count(key, value) } }) },
  receive_window: { transports: ['quic'], read: (value, key) => ({ quic: { receiveWindowBytes: count(key, value) } }) },
  keep_alive_interval: { transports: ['quic'], read: (value, key) => ({ quic: { keepAliveMs: count(key, value) } }) },
  max_idle_timeout: { transports: ['quic'], read: (value, key) => ({ quic: { maxIdleTimeoutMs: count(key, value) } }) },
  max_concurrent_bidi_streams: { transports: ['quic'], read: ignored },
  datagram_send_buffer_size: { transports: ['quic'], read: ignored },
  max_message_size: { transports: ['websocket'], read: (value, key) => ({ websocket: { maxMessageBytes: count(key, value) } }) },
  max_frame_size: { transports: ['websocket'], read: (value, key) => ({ websocket: { maxFrameBytes: count(key, value) } }) },
  read_buffer_size: { transports: ['websocket'], read: ignored },
  write_buffer_size: { transports: ['websocket'], read: ignored },
  max_write_buffer_size: { transports: ['websocket'], read: ignored },
  accept_unmasked_frames: { transports: ['websocket'], read: () => ({}) },
  // Ours.
  tls_fingerprint: { transports: all, read: (value) => ({ tls: { fingerprint: value } }) },
  tls_cert_file: { transports: all, read: (value) => ({ tls: { certFile: value } }) },
  tls_key_file: { transports: all, read: (value) => ({ tls: { keyFile: value } }) },
  generation: { transports: all, read: (value) => ({ options: { generation: generationOf(value) } }) },
};

function optionsOf(transport: TransportName, tlsByScheme: boolean, text: string | undefined): ClientOptions {
  const meanings = (text === undefined ? [] : text.split('&')).map((pair) => meaningOf(transport, pair));
  const section = <Name extends Exclude<keyof Meaning, 'withTls'>>(name: Name): NonNullable<Meaning[Name]> =>
    Object.assign({}, ...meanings.map((each) => each[name]));
  const withTls = meanings.findLast((each) => each.withTls !== undefined)?.withTls ?? tlsByScheme;
  return {
    ...section('options'),
    reconnect: section('reconnect'),
    ...(withTls ? { tls: section('tls') } : {}),
    ...(transport === 'websocket' ? { websocket: section('websocket') } : {}),
    ...(transport === 'quic' ? { quic: section('quic') } : {}),
  };
}

function meaningOf(transport: TransportName, pair: string): Meaning {
  const [name = '', value, ...rest] = pair.split('=');
  if (value === undefined || rest.length > 0) throw invalid(`option ${pair} must be key=value`);
  const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
  if (key === undefined) throw invalid(`unknown option ${name}`);
  if (!key.transports.includes(transport)) throw invalid(`${name} is no option of ${transport}`);
  return key.read(value, name);
}

function generationOf(value: string): NonNullable<ClientOptions['generation']> {
  if (value === 'auto' || value === 'vsr' || value === 'classic') return value;
  throw invalid('generation must be auto, vsr or classic');
}

const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  s: 1000,
  sec: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Human form: `5s`, `1m 30s`, `500ms`; `0`, `none`, `disabled` and `unlimited` are zero. */
function durationMs(text: string): number {
  if (['0', 'none', 'disabled', 'unlimited'].includes(text)) return 0;
  const parts = decode(text)
    .trim()
    .split(/(?<=[a-z])\s*(?=\d)/);
  return parts.reduce((sum, part) => {
    const [, amount = '', unit = ''] = /^(\d+)\s*([a-z]+)$/.exec(part.trim()) ?? [];
    const scale = unitsMs[unit];
    if (scale === undefined) throw invalid(`duration ${text}`);
    return sum + Number(amount) * scale;
  }, 0);
}

function count(key: string, value: string): number {
  if (!/^\d{1,10}$/.test(value)) throw invalid(`${key} must be a number`);
  return Number(value);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('percent-encoding is malformed');
  }
}

function invalid(reason: string): ArgumentError {
  return new ArgumentError('invalid-connection-string', `connection string: ${reason}`, { status: 8000 });
}
