// Connection strings, as Iggy's SDKs take them:
//   scheme "://" (user ":" password | token) "@" host ":" port [ "?" key "=" value ( "&" key "=" value )* ]
//   scheme: iggy or iggy+tcp
// Beyond the official grammar, user, password and token may be percent-encoded and the host may be an IPv6 address in brackets.

import { readFileSync } from 'node:fs';
import { ArgumentError } from './errors.ts';
import type { ClientOptions, ReconnectOptions } from './options.ts';
import type { TlsOptions } from './tcp.ts';

const tcpSchemes = new Set(['iggy', 'iggy+tcp']);
const otherSchemes = new Set(['iggy+quic', 'iggy+http', 'iggy+ws']);
const pattern = /^([^:]+):\/\/([^@?]*)@(\[[^\]]+\]|[^:?@[\]]+):(\d+)(?:\?([^?]*))?$/;

/** Reads the CA file that it names. Throws ArgumentError (`invalid-connection-string`); the message never shows the credentials. */
export function parseConnectionString(text: string): ClientOptions {
  const match = pattern.exec(text);
  if (match === null) throw invalid('it must look like iggy://user:password@host:port');
  const [, scheme = '', credentials = '', host = '', portText = '', optionsText] = match;
  if (otherSchemes.has(scheme)) throw invalid(`${scheme} is not available: use iggy+tcp`);
  if (!tcpSchemes.has(scheme)) throw invalid(`unknown scheme ${scheme}`);
  const port = Number(portText);
  if (port < 1 || port > 65_535) throw invalid(`port ${portText}`);
  return { ...credentialsOf(credentials), host: host.replace(/^\[|\]$/g, ''), port, ...optionsOf(optionsText) };
}

function credentialsOf(text: string): ClientOptions {
  const parts = text.split(':');
  if (parts.length > 2) throw invalid('a colon within user or password must be written %3A');
  const [first = '', second] = parts.map(decode);
  if (second === undefined) return { token: first };
  if (first === '' || second === '') throw invalid('user and password may not be empty');
  return { username: first, password: second };
}

function optionsOf(text: string | undefined): ClientOptions {
  const options: ClientOptions = {};
  const tls: TlsOptions = {};
  const reconnect: ReconnectOptions = {};
  let withTls = false;
  for (const pair of text === undefined ? [] : text.split('&')) {
    const [key = '', value, ...rest] = pair.split('=');
    if (value === undefined || rest.length > 0) throw invalid(`option ${pair} must be key=value`);
    switch (key) {
      case 'tls':
        withTls = value === 'true';
        break;
      case 'tls_domain':
        tls.serverName = value;
        break;
      case 'tls_ca_file':
        tls.ca = readFileSync(value);
        break;
      case 'nodelay':
        options.noDelay = value === 'true';
        break;
      case 'heartbeat_interval':
        options.heartbeatIntervalMs = durationMs(value);
        break;
      case 'reconnection_retries':
        reconnect.retries = value === 'unlimited' ? Number.POSITIVE_INFINITY : count(key, value);
        break;
      case 'reconnection_interval':
        reconnect.initialDelayMs = durationMs(value);
        break;
      case 'reestablish_after':
        reconnect.reestablishAfterMs = durationMs(value);
        break;
      default:
        throw invalid(`unknown option ${key}`);
    }
  }
  return { ...options, reconnect, ...(withTls ? { tls } : {}) };
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
  if (!/^\d{1,10}$/.test(value)) throw invalid(`${key} must be a number or unlimited`);
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
