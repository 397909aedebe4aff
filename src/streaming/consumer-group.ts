// A consumer group: its members, who of them reads which partition, and how far each partition was read.
//
// One state for both generations. A classic member lets the server choose the partition of each poll; a VSR member fetches its assignment, polls by partition and is fenced
// when it no longer owns one. The rules are those of Iggy 0.8 and 0.9: a join takes partitions away gently (a partition with messages that were handed out but not committed
// stays with its owner until they are, or until a time-out), everything else deals all partitions out anew. One rule is stricter: also when a member leaves, what others have in
// hand stays with them first. At any time a partition has at most one owner.
//
// Memory only. Times are milliseconds of any clock that does not stand still, offsets are exact up to 2^53.

import type { Generation } from '../protocol/command.ts';
import {
  dealAll,
  dealGently,
  type GroupMember,
  type GroupPartition,
  isInHand,
  offersToIdle,
  refreshPollable,
  transfer,
} from './group-assignment.ts';

export interface ConsumerGroupSettings {
  /** How long an owner may keep a partition that is being revoked. */
  rebalancingTimeoutMs: number;
  /** Told of every new generation. */
  onChanged?: (group: ConsumerGroup) => void;
}

export interface MemberDetails {
  /** Lowest number that was free when the member joined, from 0. */
  id: number;
  clientId: number;
  /** With those that are being revoked. */
  partitions: readonly number[];
}

export interface Assignment {
  /** Grows with every change of any member's partitions. */
  generation: bigint;
  /** Without those that are being revoked. */
  partitions: readonly number[];
}

export class ConsumerGroup {
  readonly id: number;
  readonly name: string;
  readonly #rebalancingTimeoutMs: number;
  readonly #onChanged: ((group: ConsumerGroup) => void) | undefined;
  readonly #memberOf = new Map<number, GroupMember>();
  /** In the order of their ids. */
  #members: readonly GroupMember[] = [];
  /** In ascending order of ids. */
  #partitions = new Map<number, GroupPartition>();
  readonly #beingRevoked = new Set<GroupPartition>();
  #generation = 0n;
  /** As it was last told. */
  #nowMs = 0;

  constructor(id: number, name: string, partitionIds: readonly number[], settings: ConsumerGroupSettings) {
    this.id = id;
    this.name = name;
    this.#rebalancingTimeoutMs = settings.rebalancingTimeoutMs;
    this.#onChanged = settings.onChanged;
    this.setPartitions(partitionIds);
  }

  get generation(): bigint {
    return this.#generation;
  }

  get membersCount(): number {
    return this.#members.length;
  }

  get partitionsCount(): number {
    return this.#partitions.size;
  }

  /** Adds a member. Returns false, without any effect, if the client is one. */
  join(clientId: number, nowMs: number): boolean {
    if (this.#memberOf.has(clientId)) return false;
    this.#nowMs = nowMs;
    const id = this.#lowestFreeId();
    const member: GroupMember = { id, clientId, owned: [], pollable: [], cursor: 0, toldGeneration: undefined };
    this.#memberOf.set(clientId, member);
    this.#members = this.#members.toSpliced(id, 0, member);
    if (this.#members.length === 1) this.#reassignAll();
    else this.#makeRoom(nowMs);
    return true;
  }

  /**
   * Removes a member and deals all partitions out anew; those that others have uncommitted messages of follow when these are committed, so that nothing is handed out twice
   * because somebody else went. Returns false if the client is no member.
   */
  leave(clientId: number): boolean {
    const member = this.#memberOf.get(clientId);
    if (member === undefined) return false;
    // Nobody is left to commit what the member was handed out.
    for (const partition of member.owned) partition.lastPolled = undefined;
    this.#memberOf.delete(clientId);
    this.#members = this.#members.filter((other) => other !== member);
    this.#beingRevoked.clear();
    for (const partition of dealGently(this.#partitions.values(), this.#members, this.#nowMs)) this.#beingRevoked.add(partition);
    this.#changed();
    return true;
  }

  isMember(clientId: number): boolean {
    return this.#memberOf.has(clientId);
  }

  /** Partitions of the topic were created or deleted: deals all of them out anew. */
  setPartitions(partitionIds: readonly number[]): void {
    const before = this.#partitions;
    this.#partitions = new Map();
    for (const id of partitionIds.toSorted((a, b) => a - b)) {
      const committed = before.get(id)?.committed;
      this.#partitions.set(id, { id, owner: undefined, revocation: undefined, lastPolled: undefined, committed });
    }
    this.#reassignAll();
  }

  /** In the order of member ids. */
  members(): MemberDetails[] {
    return this.#members.map(({ id, clientId, owned }) => ({ id, clientId, partitions: owned.map((partition) => partition.id) }));
  }

  /** Tells a VSR member what it may poll. Undefined: the client is no member. */
  assignment(clientId: number): Assignment | undefined {
    const member = this.#memberOf.get(clientId);
    if (member === undefined) return undefined;
    member.toldGeneration = this.#generation;
    return { generation: this.#generation, partitions: member.pollable };
  }

  /** Whether partitions were dealt out anew since the member was told its own. */
  isBehind(clientId: number): boolean {
    const told = this.#memberOf.get(clientId)?.toldGeneration;
    return told !== undefined && told !== this.#generation;
  }

  /**
   * The partition that a poll reads. Without `requested`: the member's next one in turn, or 'none'. With it: that one, or 'fenced' if the member does not own it. A partition
   * that is being revoked has no turn; named by a classic member it is still read, a VSR member is fenced from it.
   */
  partitionForPoll(clientId: number, requested: number | undefined, nowMs: number, generation: Generation): number | 'none' | 'fenced' {
    this.expireRevocations(nowMs);
    const member = this.#memberOf.get(clientId);
    if (requested !== undefined) {
      const partition = this.#partitions.get(requested);
      if (member === undefined || partition?.owner !== member) return 'fenced';
      return generation === 'vsr' && partition.revocation !== undefined ? 'fenced' : requested;
    }
    const partition = member && nextInTurn(member);
    if (member === undefined || partition === undefined) return 'none';
    member.cursor = (member.cursor + 1) % member.pollable.length;
    return partition;
  }

  /** Whether the member owns the partition: then it may commit, also while the partition is being revoked. */
  mayCommit(clientId: number, partition: number): boolean {
    const owner = this.#partitions.get(partition)?.owner;
    return owner !== undefined && owner.clientId === clientId;
  }

  /** The partition that the member's next poll without a partition will read, if it has any. */
  currentPartition(clientId: number): number | undefined {
    const member = this.#memberOf.get(clientId);
    return member && nextInTurn(member);
  }

  /** Messages up to `lastOffset` were handed out to a member. */
  polled(partition: number, lastOffset: number): void {
    const state = this.#partitions.get(partition);
    if (state !== undefined) state.lastPolled = lastOffset;
  }

  /** The group's offset was stored, forwards or backwards. Completes the partition's revocation if nothing handed out is left uncommitted. */
  committed(partition: number, offset: number): void {
    const state = this.#partitions.get(partition);
    if (state === undefined) return;
    state.committed = offset;
    if (state.revocation !== undefined) this.#completeIfDrained(state);
  }

  /** The group's offset was deleted: what was handed out counts as uncommitted again. */
  uncommitted(partition: number): void {
    const state = this.#partitions.get(partition);
    if (state !== undefined) state.committed = undefined;
  }

  /** Completes the revocations that have waited for the time-out. To be called at times: a leave begins revocations at the time that the group was last told. */
  expireRevocations(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const partition of this.#beingRevoked) {
      const { revocation } = partition;
      if (revocation && nowMs - revocation.sinceMs >= this.#rebalancingTimeoutMs) this.#complete(partition, revocation.target);
    }
  }

  /** The topic was purged: forgets what was handed out and committed. */
  reset(): void {
    for (const partition of this.#partitions.values()) {
      partition.lastPolled = undefined;
      partition.committed = undefined;
    }
    for (const partition of this.#beingRevoked) this.#completeIfDrained(partition);
  }

  #changed(): void {
    this.#generation++;
    this.#onChanged?.(this);
  }

  #lowestFreeId(): number {
    const gap = this.#members.findIndex((member, index) => member.id !== index);
    return gap < 0 ? this.#members.length : gap;
  }

  #reassignAll(): void {
    dealAll(this.#partitions.values(), this.#members);
    this.#beingRevoked.clear();
    this.#changed();
  }

  #makeRoom(nowMs: number): void {
    const promised = new Set<GroupMember>();
    for (const { revocation } of this.#beingRevoked) if (revocation) promised.add(revocation.target);
    for (const { partition, target } of offersToIdle(this.#members, this.#partitions.size, promised)) {
      partition.revocation = { target, sinceMs: nowMs };
      this.#beingRevoked.add(partition);
      if (partition.owner) refreshPollable(partition.owner);
    }
    this.#changed();
    for (const partition of this.#beingRevoked) this.#completeIfDrained(partition);
  }

  #completeIfDrained(partition: GroupPartition): void {
    const { revocation } = partition;
    if (revocation !== undefined && !isInHand(partition)) this.#complete(partition, revocation.target);
  }

  #complete(partition: GroupPartition, target: GroupMember): void {
    transfer(partition, target);
    this.#beingRevoked.delete(partition);
    this.#changed();
  }
}

function nextInTurn(member: GroupMember): number | undefined {
  return member.pollable[member.cursor % member.pollable.length];
}
