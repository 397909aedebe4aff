// Calls of the HTTP API, and the login that they are made with. The access token lives in the tab's session storage: it survives a reload of the page and ends with the tab. A token of
// which less than half of its life is left is swapped for a new one before the next call.

import { parseJson } from './json.ts';

export class ApiError extends Error {
  /** 0: there was no reply. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

export interface Session {
  readonly username: string;
  readonly token: string;
  readonly renewAtMs: number;
}

interface Identity {
  access_token: { token: string; expiry: number };
}

const storageKey = 'galgo.session';

export class Api {
  #session: Session | undefined = storedSession();
  #renewal: Promise<void> | undefined;
  readonly #onEnd: () => void;

  /** `onEnd` is called when the server honours the login no longer. */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  /** Undefined: nobody has logged in. */
  get username(): string | undefined {
    return this.#session?.username;
  }

  /** Rejects with an `ApiError`, as all calls do. */
  async login(username: string, password: string): Promise<void> {
    this.#keep(username, (await request('POST', '/users/login', undefined, { username, password })) as Identity);
  }

  /** The login is forgotten here even if the server cannot be told. */
  async logout(): Promise<void> {
    const token = this.#session?.token;
    this.#forget();
    await request('DELETE', '/users/logout', token);
  }

  async get<Reply>(path: string): Promise<Reply> {
    return (await this.#call('GET', path)) as Reply;
  }

  async post(path: string, body: object): Promise<void> {
    await this.#call('POST', path, body);
  }

  async delete(path: string): Promise<void> {
    await this.#call('DELETE', path);
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    try {
      if (this.#session !== undefined && this.#session.renewAtMs < Date.now()) {
        // Calls at the same time share one: the old token is good for one swap.
        this.#renewal ??= this.#renew(this.#session).finally(() => {
          this.#renewal = undefined;
        });
        await this.#renewal;
      }
      return await request(method, path, this.#session?.token, body);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401 && this.#session !== undefined) {
        this.#forget();
        this.#onEnd();
      }
      throw error;
    }
  }

  async #renew({ username, token }: Session): Promise<void> {
    const identity = (await request('POST', '/users/refresh-token', undefined, { token })) as Identity;
    // Who logged out meanwhile stays logged out.
    if (this.#session?.token === token) this.#keep(username, identity);
  }

  #keep(username: string, { access_token: { token, expiry } }: Identity): void {
    const nowMs = Date.now();
    this.#session = { username, token, renewAtMs: nowMs + (expiry * 1000 - nowMs) / 2 };
    sessionStorage.setItem(storageKey, JSON.stringify(this.#session));
  }

  #forget(): void {
    this.#session = undefined;
    sessionStorage.removeItem(storageKey);
  }
}

function storedSession(): Session | undefined {
  const stored = sessionStorage.getItem(storageKey);
  return stored === null ? undefined : (JSON.parse(stored) as Session);
}

async function request(method: string, path: string, token: string | undefined, body?: object): Promise<unknown> {
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const answered = fetch(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const [reply, text] = await answered
    .then(async (reply) => [reply, await reply.text()] as const)
    .catch(() => {
      throw new ApiError(0, 'The server does not answer.');
    });
  if (!reply.ok) throw new ApiError(reply.status, reasonOf(reply.status, text));
  return text === '' ? undefined : parseJson(text);
}

/** What a refusal says, which is JSON unless something between here and the server has answered. */
function reasonOf(status: number, text: string): string {
  try {
    const { reason, code, id } = parseJson(text) as { reason: string; code: string; id: number };
    return `${reason} (${code}, ${id})`;
  } catch {
    return `The server answered with status ${status}.`;
  }
}
