// Commands on consumer groups. Joining, leaving and synchronising concern this connection: a consumer does them by itself.

import { createConsumerGroup } from '../../protocol/commands/create-consumer-group.ts';
import { deleteConsumerGroup } from '../../protocol/commands/delete-consumer-group.ts';
import { getConsumerGroup } from '../../protocol/commands/get-consumer-group.ts';
import { getConsumerGroups } from '../../protocol/commands/get-consumer-groups.ts';
import { joinConsumerGroup } from '../../protocol/commands/join-consumer-group.ts';
import { leaveConsumerGroup } from '../../protocol/commands/leave-consumer-group.ts';
import { syncConsumerGroup } from '../../protocol/commands/sync-consumer-group.ts';
import type { Identifier } from '../../protocol/primitives/identifier.ts';
import type { CallOptions } from '../connection/call.ts';
import { plain } from './plain.ts';
import type { GroupAssignment, GroupDetails, GroupInfo } from './replies.ts';
import { once, type Requester, repeatable } from './run.ts';
import type { TopicAddress } from './topics.ts';

/** Which consumer group. */
export interface GroupAddress extends TopicAddress {
  /** Its id or name. */
  group: Identifier;
}

/** Commands on consumer groups: `client.groups`. Consumers join, synchronise and leave by themselves. */
export class Groups {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** Undefined: there is no such group. */
  async get(address: GroupAddress, options?: CallOptions): Promise<GroupDetails | undefined> {
    return plain(await this.#requester.request(getConsumerGroup, address, repeatable(options)));
  }

  /** Those of a topic, by ascending id. */
  async list(address: TopicAddress, options?: CallOptions): Promise<GroupInfo[]> {
    return plain(await this.#requester.request(getConsumerGroups, address, repeatable(options)));
  }

  /** Rejects with AlreadyExistsError when the name is taken. */
  async create(request: TopicAddress & { name: string }, options?: CallOptions): Promise<GroupInfo> {
    return plain(await this.#requester.request(createConsumerGroup, request, once(options)));
  }

  /** Deletes it with its stored offsets; members are members no longer. */
  delete(address: GroupAddress, options?: CallOptions): Promise<void> {
    return this.#requester.request(deleteConsumerGroup, address, once(options));
  }

  /** Makes this connection a member; being one already is no error. */
  join(address: GroupAddress, options?: CallOptions): Promise<void> {
    return this.#requester.request(joinConsumerGroup, address, repeatable(options));
  }

  /** Ends this connection's membership. */
  leave(address: GroupAddress, options?: CallOptions): Promise<void> {
    return this.#requester.request(leaveConsumerGroup, address, once(options));
  }

  /** The partitions that this connection may poll (VSR alone). Undefined: it is no member. */
  async sync(address: GroupAddress, options?: CallOptions): Promise<GroupAssignment | undefined> {
    return plain(await this.#requester.request(syncConsumerGroup, address, repeatable(options)));
  }
}
