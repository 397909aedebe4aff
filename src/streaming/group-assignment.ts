// Who of a consumer group reads which partition.
//
// Three ways of dealing: everything anew at once (partitions came or went away), everything anew but for what is in somebody's hands (a member went away), and the gentle one
// of a join, where every idle member is offered one partition of a member that has more than its share. Offers are made here; when they take effect is the group's affair.

export interface GroupMember {
  /** Lowest number that was free in the group, from 0. */
  readonly id: number;
  readonly clientId: number;
  /** In the order of assignment, with those that are being revoked. */
  owned: GroupPartition[];
  /** Ids of the owned partitions without those that are being revoked. */
  pollable: readonly number[];
  /** Index in `pollable` of the next poll that names no partition; may exceed it after a rebalance. */
  cursor: number;
  /** Generation of the group when the member was last told its partitions; undefined: it has not asked. */
  toldGeneration: bigint | undefined;
}

export interface GroupPartition {
  readonly id: number;
  owner: GroupMember | undefined;
  revocation: Revocation | undefined;
  /** Last offset handed out to a member. */
  lastPolled: number | undefined;
  committed: number | undefined;
}

/** A partition that changes hands once its owner has committed what it was handed out, or ran out of time. */
export interface Revocation {
  readonly target: GroupMember;
  readonly sinceMs: number;
}

export interface Offer {
  readonly partition: GroupPartition;
  readonly target: GroupMember;
}

/** Deals all partitions out anew: the one at index i to member i mod m. Without members nobody owns anything. */
export function dealAll(partitions: Iterable<GroupPartition>, members: readonly GroupMember[]): void {
  for (const member of members) member.owned = [];
  let index = 0;
  for (const partition of partitions) {
    const owner = members[index++ % members.length];
    partition.owner = owner;
    partition.revocation = undefined;
    owner?.owned.push(partition);
  }
  for (const member of members) refreshPollable(member);
}

/**
 * Deals out anew after a member went: as `dealAll`, but a partition that a member still has uncommitted messages of stays with it, to be revoked in favour of the one that it
 * was dealt to. Returns those partitions.
 */
export function dealGently(partitions: Iterable<GroupPartition>, members: readonly GroupMember[], nowMs: number): GroupPartition[] {
  const revoked: GroupPartition[] = [];
  for (const member of members) member.owned = [];
  let index = 0;
  for (const partition of partitions) {
    const target = members[index++ % members.length];
    const { owner } = partition;
    const kept = target !== undefined && owner !== undefined && owner !== target && members.includes(owner) && isInHand(partition);
    partition.revocation = kept ? { target, sinceMs: partition.revocation?.sinceMs ?? nowMs } : undefined;
    partition.owner = kept ? owner : target;
    partition.owner?.owned.push(partition);
    if (kept) revoked.push(partition);
  }
  for (const member of members) refreshPollable(member);
  return revoked;
}

/** Whether its owner was handed out messages that it has not committed. */
export function isInHand({ lastPolled, committed }: GroupPartition): boolean {
  return lastPolled !== undefined && (committed === undefined || committed < lastPolled);
}

/** Moves a partition to the end of another member's list. */
export function transfer(partition: GroupPartition, target: GroupMember): void {
  const { owner } = partition;
  partition.owner = target;
  partition.revocation = undefined;
  target.owned.push(partition);
  refreshPollable(target);
  if (owner === undefined) return;
  owner.owned = owner.owned.filter((owned) => owned !== partition);
  refreshPollable(owner);
}

/** To be called when a partition of the member begins to be revoked. */
export function refreshPollable(member: GroupMember): void {
  member.pollable = member.owned.filter(isKept).map((partition) => partition.id);
}

/**
 * Partitions that members above their fair share should give up, the last of their lists first, and to whom: one for each idle member, as far as they go. `members` are in
 * the order of their ids; `promised` are the targets of revocations under way.
 */
export function offersToIdle(members: readonly GroupMember[], partitionsCount: number, promised: ReadonlySet<GroupMember>): Offer[] {
  const idle = members.filter((member) => member.owned.length === 0 && !promised.has(member)).values();
  const fair = Math.floor(partitionsCount / members.length);
  let remainder = partitionsCount % members.length;
  const offers: Offer[] = [];
  for (const member of members) {
    const kept = member.owned.filter(isKept);
    const share = remainder > 0 ? fair + 1 : fair;
    if (kept.length > fair && remainder > 0) remainder--;
    while (kept.length > share) {
      const target = idle.next();
      if (target.done) return offers;
      offers.push({ partition: kept.pop() as GroupPartition, target: target.value });
    }
  }
  return offers;
}

const isKept = (partition: GroupPartition): boolean => partition.revocation === undefined;
