// Requests of the HTTP API over one connection that is kept.

import http from 'node:http';
import https from 'node:https';
import { buffer } from 'node:stream/consumers';
import type { HttpTarget } from '../plan/target.ts';

export interface HttpConnection {
  /** Resolves to the body of a success; rejects with an Error that holds status and text of a refusal. A Buffer is sent as it is, anything else as JSON. */
  call(method: string, path: string, body?: unknown): Promise<Buffer>;
  /** The same, parsed. Numbers beyond 2^53 are rounded. */
  json(method: string, path: string, body?: unknown): Promise<unknown>;
  close(): void;
}

export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const timeoutMs = 60_000;

/** Logs in. */
export async function openHttp(target: HttpTarget): Promise<HttpConnection> {
  const secure = target.origin.startsWith('https:');
  const options = { keepAlive: true, maxSockets: 1, timeout: timeoutMs };
  const agent = secure
    ? new https.Agent({ ...options, rejectUnauthorized: target.rejectUnauthorized, ...(target.ca === undefined ? {} : { ca: target.ca }) })
    : new http.Agent(options);
  const request = secure ? https.request : http.request;
  const { hostname, port } = new URL(target.origin);
  const host = hostname.replace(/^\[|\]$/g, '');
  let authorization: string | undefined;

  const call: HttpConnection['call'] = async (method, path, body) => {
    const bytes = body === undefined ? undefined : Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    const reply = await new Promise<http.IncomingMessage>((resolve, reject) => {
      const headers = {
        ...(authorization === undefined ? {} : { authorization }),
        ...(bytes === undefined ? {} : { 'content-type': 'application/json', 'content-length': bytes.length }),
      };
      const sent = request({ agent, host, port, method, path, headers }, resolve);
      sent.on('error', reject);
      sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer within ${timeoutMs / 1000} s`)));
      sent.end(bytes);
    });
    const text = await buffer(reply);
    const status = reply.statusCode ?? 0;
    if (status < 200 || status > 299) throw new HttpRefusal(status, `${method} ${path}: ${status} ${text.toString('utf8', 0, 500)}`);
    return text;
  };
  const json: HttpConnection['json'] = async (method, path, body) => JSON.parse((await call(method, path, body)).toString()) as unknown;

  const { username, password } = target;
  const login = (await json('POST', '/users/login', { username, password })) as { access_token?: { token?: string } };
  if (login.access_token?.token === undefined) throw new Error(`${target.origin} answered the login without an access token`);
  authorization = `Bearer ${login.access_token.token}`;
  return { call, json, close: () => agent.destroy() };
}
