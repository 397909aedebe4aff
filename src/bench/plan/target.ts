// Where the load goes: a connection string of the client (TCP, WebSocket, QUIC), or an address of HTTP.
//   http[s]://user:password@host:port[?tls_ca_file=…][&tls_validate_certificate=false]     also iggy+http, iggy+https

import { readFileSync } from 'node:fs';
import { resolveSettings } from '../../client/connection/options.ts';
import { ClientError } from '../../client/index.ts';
import { UsageError } from './usage-error.ts';

export type LoadTransport = 'tcp' | 'websocket' | 'quic' | 'http';

export interface HttpTarget {
  /** `http://host:port`, without a path. */
  origin: string;
  username: string;
  password: string;
  /** PEM; undefined: the well-known authorities. */
  ca: string | undefined;
  rejectUnauthorized: boolean;
}

/** Of the address alone: what may be shown. */
export interface TargetFacts {
  transport: LoadTransport;
  tls: boolean;
  host: string;
  port: number;
}

const scheme = /^(?:iggy\+)?(https?):\/\//;

/** Undefined: the target is a connection string of the client. Throws UsageError. */
export function httpTarget(target: string): HttpTarget | undefined {
  if (!scheme.test(target)) return undefined;
  let url: URL;
  try {
    url = new URL(target.replace(scheme, '$1://'));
  } catch {
    throw new UsageError('--target: the address of HTTP must look like http://user:password@host:port');
  }
  const unknown = [...url.searchParams.keys()].find((key) => key !== 'tls_ca_file' && key !== 'tls_validate_certificate');
  if (unknown !== undefined) throw new UsageError(`--target: unknown option ${unknown}`);
  const caFile = url.searchParams.get('tls_ca_file');
  return {
    origin: url.origin,
    username: decodeURIComponent(url.username) || 'iggy',
    password: decodeURIComponent(url.password) || 'iggy',
    ca: caFile === null ? undefined : contentOf(caFile),
    rejectUnauthorized: url.searchParams.get('tls_validate_certificate') !== 'false',
  };
}

/** Throws UsageError. */
export function targetFacts(target: string): TargetFacts {
  const http = httpTarget(target);
  if (http !== undefined) {
    const { protocol, hostname, port } = new URL(http.origin);
    const tls = protocol === 'https:';
    return { transport: 'http', tls, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (tls ? 443 : 80) };
  }
  try {
    const { transport, tls, host, port } = resolveSettings(target);
    return { transport, tls: tls !== undefined, host, port };
  } catch (error) {
    if (ClientError.is(error)) throw new UsageError(`--target: ${error.message}`);
    throw error;
  }
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--target: tls_ca_file: ${(error as Error).message}`);
  }
}
