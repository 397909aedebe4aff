// Numbers of the VSR framing: frame commands, operations, eviction reasons, and how operations relate to classic command codes.

/** Frame command byte (header offset 60). A client sends `request`; a server sends the other two. */
export const VsrCommand = { request: 5, reply: 8, eviction: 13 } as const;

/** Operation byte. Reads travel as `nonReplicated` with their classic code in the header. The internal ones appear only in replies. */
export const Operation = {
  register: 1,
  nonReplicated: 2,
  logout: 3,
  createTopicWithAssignments: 64,
  createPartitionsWithAssignments: 65,
  removeConsumerGroupMember: 66,
  completeConsumerGroupRevocation: 67,
  truncatePartition: 68,
  createStream: 128,
  updateStream: 129,
  deleteStream: 130,
  purgeStream: 131,
  createTopic: 132,
  updateTopic: 133,
  deleteTopic: 134,
  purgeTopic: 135,
  createPartitions: 136,
  deletePartitions: 137,
  deleteSegments: 138,
  createConsumerGroup: 139,
  deleteConsumerGroup: 140,
  createUser: 141,
  updateUser: 142,
  deleteUser: 143,
  changePassword: 144,
  updatePermissions: 145,
  createPersonalAccessToken: 146,
  deletePersonalAccessToken: 147,
  joinConsumerGroup: 148,
  leaveConsumerGroup: 149,
  sendMessages: 160,
  storeConsumerOffset: 161,
  deleteConsumerOffset: 162,
} as const;

/** Why a server ends a session (eviction header, last byte). */
export const EvictionReason = {
  noSession: 1,
  clientReleaseTooLow: 2,
  clientReleaseTooHigh: 3,
  invalidRequestOperation: 4,
  invalidRequestBody: 5,
  invalidRequestBodySize: 6,
  sessionTooLow: 7,
  sessionReleaseMismatch: 8,
  invalidCredentials: 9,
  invalidToken: 10,
  userInactive: 11,
  sessionError: 12,
  staleClient: 13,
  incompatibleProtocol: 14,
  malformedLogin: 15,
} as const;

export type EvictionReason = (typeof EvictionReason)[keyof typeof EvictionReason];

export function evictionName(reason: EvictionReason): string {
  return Object.entries(EvictionReason).find(([, value]) => value === reason)?.[0] ?? String(reason);
}

/** Classic command code of every operation that a client may send, apart from `nonReplicated`. Register also answers to 45, its token form. */
const codeByOperation = new Map<number, number>([
  [Operation.register, 40],
  [Operation.logout, 39],
  [Operation.createStream, 202],
  [Operation.updateStream, 204],
  [Operation.deleteStream, 203],
  [Operation.purgeStream, 205],
  [Operation.createTopic, 302],
  [Operation.updateTopic, 304],
  [Operation.deleteTopic, 303],
  [Operation.purgeTopic, 305],
  [Operation.createPartitions, 402],
  [Operation.deletePartitions, 403],
  [Operation.deleteSegments, 503],
  [Operation.createConsumerGroup, 602],
  [Operation.deleteConsumerGroup, 603],
  [Operation.createUser, 33],
  [Operation.updateUser, 35],
  [Operation.deleteUser, 34],
  [Operation.changePassword, 37],
  [Operation.updatePermissions, 36],
  [Operation.createPersonalAccessToken, 42],
  [Operation.deletePersonalAccessToken, 43],
  [Operation.joinConsumerGroup, 604],
  [Operation.leaveConsumerGroup, 605],
  [Operation.sendMessages, 101],
  [Operation.storeConsumerOffset, 121],
  [Operation.deleteConsumerOffset, 122],
]);

const operationByCode = new Map<number, number>([...codeByOperation].map(([operation, code]) => [code, operation]));
operationByCode.set(45, Operation.register);

/** Operations without a result section in their replies. DeleteSegments is one of them under its own byte, but not under `truncatePartition`. */
const withoutResult = new Set<number>([Operation.nonReplicated, Operation.logout, Operation.deleteSegments, Operation.sendMessages]);

/** Classic command code of an operation; undefined for `nonReplicated`, for internal and for undeclared operations. */
export function codeOfOperation(operation: number): number | undefined {
  return codeByOperation.get(operation);
}

/** The operation that replaced a classic code; undefined for codes that travel under `nonReplicated` and for unknown ones. */
export function operationOfCode(code: number): number | undefined {
  return operationByCode.get(code);
}

/** Declared operations that a client may send. */
export function isClientOperation(operation: number): boolean {
  return operation === Operation.nonReplicated || codeByOperation.has(operation);
}

/** Operations that servers keep among themselves: declared, but refused from a client. */
export function isInternalOperation(operation: number): boolean {
  return operation >= Operation.createTopicWithAssignments && operation <= Operation.truncatePartition;
}

/**
 * Whether the body of a reply with this operation byte and header status 0 begins with a result section.
 * Undeclared operations have none. A Register reply without a body is the one exception, for the reader to make.
 */
export function hasResultSection(operation: number): boolean {
  return (isClientOperation(operation) && !withoutResult.has(operation)) || isInternalOperation(operation);
}

/** Operation byte of the reply to a request that was executed. DeleteSegments needs it; for the other two it is the reference's habit. */
export function replyOperation(operation: number): number {
  switch (operation) {
    case Operation.createTopic:
      return Operation.createTopicWithAssignments;
    case Operation.createPartitions:
      return Operation.createPartitionsWithAssignments;
    case Operation.deleteSegments:
      return Operation.truncatePartition;
    default:
      return operation;
  }
}

/** Operation byte of the request that a reply with this byte answers. */
export function answeredOperation(operation: number): number {
  switch (operation) {
    case Operation.createTopicWithAssignments:
      return Operation.createTopic;
    case Operation.createPartitionsWithAssignments:
      return Operation.createPartitions;
    case Operation.truncatePartition:
      return Operation.deleteSegments;
    default:
      return operation;
  }
}
