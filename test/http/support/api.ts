// A client of the HTTP API for tests: replies as they come, with the text beside what it parses to.

import assert from 'node:assert/strict';

export interface ApiReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed as JavaScript does, which rounds large numbers: look at `text` for those. Undefined if the text is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a reply has any shape
  readonly json: any;
}

export class Api {
  readonly url: string;
  token: string | undefined;

  constructor(url: string) {
    this.url = url;
  }

  /** A body that is no text is sent as JSON. */
  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiReply> {
    const reply = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body) }),
    } as RequestInit);
    const text = await reply.text();
    return { status: reply.status, headers: reply.headers, text, json: parsed(text) };
  }

  get(path: string, headers?: Record<string, string>): Promise<ApiReply> {
    return this.call('GET', path, undefined, headers);
  }

  post(path: string, body: unknown): Promise<ApiReply> {
    return this.call('POST', path, body);
  }

  put(path: string, body: unknown): Promise<ApiReply> {
    return this.call('PUT', path, body);
  }

  delete(path: string): Promise<ApiReply> {
    return this.call('DELETE', path);
  }

  /** Logs in and keeps the token. */
  async login(username = 'iggy', password = 'iggy', version?: string): Promise<string> {
    const reply = await this.post('/users/login', { username, password, version });
    assert.equal(reply.status, 200, reply.text);
    this.token = reply.json.access_token.token as string;
    return this.token;
  }

  /** A stream and a topic of new names. */
  async topic(partitions = 1): Promise<string> {
    const name = `s-${crypto.randomUUID()}`;
    done(await this.post('/streams', { name }));
    done(await this.post(`/streams/${name}/topics`, { ...plainTopic, name: 'topic', partitions_count: partitions }));
    return `/streams/${name}/topics/topic`;
  }
}

export const plainTopic = { compression_algorithm: 'none', message_expiry: 0, max_topic_size: 0 };

/** Base64 of a partition id. */
export function partitionValue(id: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(id);
  return bytes.toString('base64');
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** The request succeeded. */
export function done(reply: ApiReply): ApiReply {
  assert(reply.status >= 200 && reply.status < 300, `${reply.status} ${reply.text}`);
  return reply;
}

/** The request was refused with a status and an error number. */
export function refusedWith(reply: ApiReply, status: number, id: number): void {
  assert.equal(reply.status, status, reply.text);
  assert.equal(reply.json?.id, id, reply.text);
  assert.deepEqual(Object.keys(reply.json), ['id', 'code', 'reason', 'field']);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
