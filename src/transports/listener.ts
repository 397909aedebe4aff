// What the server knows of a listener, whatever its transport.

/** A connection as the server's stop and its jobs see it. */
export interface OpenConnection {
  /** True if the peer began something, a request or the taking of a reply, and has been silent for longer than the limit. */
  stalled(nowMs: number): boolean;
  /** The server stops: the peer is told, requests under way are answered, then the connection ends. */
  stop(): void;
  /** Closes at once. */
  destroy(): void;
}

export interface Listener {
  /** Address as clients dial it, `host:port`. */
  readonly address: string;
  readonly connections: ReadonlySet<OpenConnection>;
  /** New connections are accepted. */
  readonly listening: boolean;
  /** Adds to the transport's traffic what open connections carried since they were counted before; undefined if they count as they go. */
  countTraffic?(): void;
  /** Stops accepting; open connections stay. */
  stopAccepting(): void;
}

/** `host:port`, with brackets around an IPv6 address. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
