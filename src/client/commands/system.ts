// Commands on the server itself.

import { describeOptions, type OptionDescription } from '../../protocol/commands/describe-options.ts';
import { getClient } from '../../protocol/commands/get-client.ts';
import { getClients } from '../../protocol/commands/get-clients.ts';
import { type ClusterMetadata, getClusterMetadata } from '../../protocol/commands/get-cluster-metadata.ts';
import { getMe } from '../../protocol/commands/get-me.ts';
import { getSnapshot } from '../../protocol/commands/get-snapshot.ts';
import { getStats } from '../../protocol/commands/get-stats.ts';
import { ping } from '../../protocol/commands/ping.ts';
import type { ClientDetails, Client as ConnectedClient } from '../../protocol/primitives/client-details.ts';
import { OptionScope, SnapshotCompression, SnapshotType } from '../../protocol/primitives/enumerations.ts';
import type { Stats } from '../../protocol/primitives/stats.ts';
import type { CallOptions } from '../connection/call.ts';
import { type Plain, plain } from './plain.ts';
import { type Requester, repeatable } from './run.ts';

export class System {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  ping(options?: CallOptions): Promise<void> {
    return this.#requester.request(ping, undefined, repeatable(options));
  }

  async stats(options?: CallOptions): Promise<Plain<Stats>> {
    return plain(await this.#requester.request(getStats, undefined, repeatable(options)));
  }

  /** This connection as the server sees it. */
  async me(options?: CallOptions): Promise<Plain<ClientDetails>> {
    return plain(await this.#requester.request(getMe, undefined, repeatable(options)));
  }

  /** Undefined: there is no such connection. */
  async client(clientId: number, options?: CallOptions): Promise<Plain<ClientDetails> | undefined> {
    return plain(await this.#requester.request(getClient, { clientId }, repeatable(options)));
  }

  async clients(options?: CallOptions): Promise<Plain<ConnectedClient>[]> {
    return plain(await this.#requester.request(getClients, undefined, repeatable(options)));
  }

  async clusterMetadata(options?: CallOptions): Promise<Plain<ClusterMetadata>> {
    return plain(await this.#requester.request(getClusterMetadata, undefined, repeatable(options)));
  }

  /** The options that streams, topics or users take (VSR alone). */
  async describeOptions(scope: keyof typeof OptionScope, options?: CallOptions): Promise<Plain<OptionDescription>[]> {
    return plain(await this.#requester.request(describeOptions, { scope: OptionScope[scope] }, repeatable(options)));
  }

  /** A ZIP archive. Default: everything, deflated. */
  snapshot(request: { compression?: SnapshotCompression; types?: SnapshotType[] } = {}, options?: CallOptions): Promise<Uint8Array> {
    const { compression = SnapshotCompression.deflated, types = [SnapshotType.all] } = request;
    return this.#requester.request(getSnapshot, { compression, types }, repeatable(options));
  }
}
