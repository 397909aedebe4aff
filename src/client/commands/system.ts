// Commands on the server itself.

import type { Command } from '../../protocol/command.ts';
import { attachConsumerSession } from '../../protocol/commands/attach-consumer-session.ts';
import { describeOptions } from '../../protocol/commands/describe-options.ts';
import { getClient } from '../../protocol/commands/get-client.ts';
import { getClients } from '../../protocol/commands/get-clients.ts';
import { getClusterMetadata } from '../../protocol/commands/get-cluster-metadata.ts';
import { getMe } from '../../protocol/commands/get-me.ts';
import { getSnapshot } from '../../protocol/commands/get-snapshot.ts';
import { getStats } from '../../protocol/commands/get-stats.ts';
import { loginUser } from '../../protocol/commands/login-user.ts';
import { loginWithPersonalAccessToken } from '../../protocol/commands/login-with-personal-access-token.ts';
import { logoutUser } from '../../protocol/commands/logout-user.ts';
import { ping } from '../../protocol/commands/ping.ts';
import { register } from '../../protocol/commands/register.ts';
import { Operation, operationOfCode } from '../../protocol/operations.ts';
import { OptionScope, SnapshotCompression, SnapshotType } from '../../protocol/primitives/enumerations.ts';
import type { Reader } from '../../protocol/reader.ts';
import type { Writer } from '../../protocol/writer.ts';
import type { CallOptions } from '../connection/call.ts';
import { ArgumentError } from '../connection/errors.ts';
import { whole } from '../connection/options.ts';
import { plain } from './plain.ts';
import type { ClusterInfo, ConnectionDetails, ConnectionInfo, OptionInfo, ServerStats } from './replies.ts';
import { once, type Requester, repeatable } from './run.ts';

/** Commands on the server itself: `client.system`. */
export class System {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** Resolves when the server has answered. */
  ping(options?: CallOptions): Promise<void> {
    return this.#requester.request(ping, undefined, repeatable(options));
  }

  /** What the server tells of itself and its machine. */
  async stats(options?: CallOptions): Promise<ServerStats> {
    return plain(await this.#requester.request(getStats, undefined, repeatable(options)));
  }

  /** This connection as the server sees it. */
  async me(options?: CallOptions): Promise<ConnectionDetails> {
    return plain(await this.#requester.request(getMe, undefined, repeatable(options)));
  }

  /** Undefined: there is no such connection. */
  async client(clientId: number, options?: CallOptions): Promise<ConnectionDetails | undefined> {
    return plain(await this.#requester.request(getClient, { clientId }, repeatable(options)));
  }

  /** All connections. */
  async clients(options?: CallOptions): Promise<ConnectionInfo[]> {
    return plain(await this.#requester.request(getClients, undefined, repeatable(options)));
  }

  /** Which servers there are, and which one leads. */
  async clusterMetadata(options?: CallOptions): Promise<ClusterInfo> {
    return plain(await this.#requester.request(getClusterMetadata, undefined, repeatable(options)));
  }

  /** The options that streams, topics or users take (VSR alone). */
  async describeOptions(scope: 'topic' | 'stream' | 'user', options?: CallOptions): Promise<OptionInfo[]> {
    return plain(await this.#requester.request(describeOptions, { scope: OptionScope[scope] }, repeatable(options)));
  }

  /**
   * Any command by its classic code, with a body as the wire has it in the generation spoken; resolves to the body of the answer. Throws ArgumentError for the commands that begin and
   * end sessions, which are the client's own.
   */
  async raw(code: number, body: Uint8Array = new Uint8Array(0), options?: CallOptions): Promise<Uint8Array> {
    whole('code', code, 0, 0xffff_ffff);
    if (sessionCodes.has(code)) throw new ArgumentError('invalid-command', `command ${code} is the client's own`, { status: 3 });
    return this.#requester.request(rawCommand(code), body, once(options));
  }

  /**
   * Gives the memory of an answer to `raw` back, for the client to receive another one into: neither the answer nor a view of it may be read afterwards. Worth it for answers of many
   * kilobytes, one after another; never needed.
   */
  recycle(answer: Uint8Array): void {
    this.#requester.recycle(answer);
  }

  /** A ZIP archive. Default: everything, deflated. */
  snapshot(request: { compression?: SnapshotCompression; types?: SnapshotType[] } = {}, options?: CallOptions): Promise<Uint8Array> {
    const { compression = SnapshotCompression.deflated, types = [SnapshotType.all] } = request;
    return this.#requester.request(getSnapshot, { compression, types }, repeatable(options));
  }
}

/** The code of Register with a token. */
const tokenRegisterCode = 45;

/** Logins, logout, and what joins a connection to a session. */
const sessionCodes = new Set([
  loginUser.code,
  logoutUser.code,
  register.code,
  tokenRegisterCode,
  loginWithPersonalAccessToken.code,
  attachConsumerSession.code,
]);

function rawCommand(code: number): Command<Uint8Array, Uint8Array> {
  const bytes = {
    encode: (writer: Writer, body: Uint8Array) => void writer.put(body),
    decode: (reader: Reader) => reader.take(reader.remaining),
  };
  return {
    name: `command ${code}`,
    code,
    operation: operationOfCode(code) ?? Operation.nonReplicated,
    encodeRequest: bytes.encode,
    decodeRequest: bytes.decode,
    encodeReply: bytes.encode,
    decodeReply: bytes.decode,
  };
}
