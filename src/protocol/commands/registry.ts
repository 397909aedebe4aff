// Every command of the protocol, by classic code and by VSR operation.

import type { Command, Generation } from '../command.ts';
import { Operation } from '../operations.ts';
import { attachConsumerSession } from './attach-consumer-session.ts';
import { changePassword } from './change-password.ts';
import { checkPartition } from './check-partition.ts';
import { createConsumerGroup } from './create-consumer-group.ts';
import { createPartitions } from './create-partitions.ts';
import { createPersonalAccessToken } from './create-personal-access-token.ts';
import { createStream } from './create-stream.ts';
import { createTopic } from './create-topic.ts';
import { createUser } from './create-user.ts';
import { deleteConsumerGroup } from './delete-consumer-group.ts';
import { deleteConsumerOffset } from './delete-consumer-offset.ts';
import { deletePartitions } from './delete-partitions.ts';
import { deletePersonalAccessToken } from './delete-personal-access-token.ts';
import { deleteSegments } from './delete-segments.ts';
import { deleteStream } from './delete-stream.ts';
import { deleteTopic } from './delete-topic.ts';
import { deleteUser } from './delete-user.ts';
import { describeOptions } from './describe-options.ts';
import { flushUnsavedBuffer } from './flush-unsaved-buffer.ts';
import { getClient } from './get-client.ts';
import { getClients } from './get-clients.ts';
import { getClusterMetadata } from './get-cluster-metadata.ts';
import { getConsumerGroup } from './get-consumer-group.ts';
import { getConsumerGroups } from './get-consumer-groups.ts';
import { getConsumerOffset } from './get-consumer-offset.ts';
import { getConsumerOffsetRouting } from './get-consumer-offset-routing.ts';
import { getExtensions } from './get-extensions.ts';
import { getMe } from './get-me.ts';
import { getPersonalAccessTokens } from './get-personal-access-tokens.ts';
import { getPollRouting } from './get-poll-routing.ts';
import { getSnapshot } from './get-snapshot.ts';
import { getStats } from './get-stats.ts';
import { getStream } from './get-stream.ts';
import { getStreams } from './get-streams.ts';
import { getTopic } from './get-topic.ts';
import { getTopics } from './get-topics.ts';
import { getUser } from './get-user.ts';
import { getUsers } from './get-users.ts';
import { joinConsumerGroup } from './join-consumer-group.ts';
import { leaveConsumerGroup } from './leave-consumer-group.ts';
import { loginUser } from './login-user.ts';
import { loginWithPersonalAccessToken } from './login-with-personal-access-token.ts';
import { logoutUser } from './logout-user.ts';
import { ping } from './ping.ts';
import { pollMessages } from './poll-messages.ts';
import { pollMessagesOnPrimary } from './poll-messages-on-primary.ts';
import { purgeStream } from './purge-stream.ts';
import { purgeTopic } from './purge-topic.ts';
import { register } from './register.ts';
import { sendMessages } from './send-messages.ts';
import { stopWaiting } from './stop-waiting.ts';
import { storeConsumerOffset } from './store-consumer-offset.ts';
import { syncConsumerGroup } from './sync-consumer-group.ts';
import { updatePermissions } from './update-permissions.ts';
import { updateStream } from './update-stream.ts';
import { updateTopic } from './update-topic.ts';
import { updateUser } from './update-user.ts';
import { waitForMessages } from './wait-for-messages.ts';

/** Commands of both generations. */
export const sharedCommands: readonly Command<unknown, unknown>[] = [
  ping,
  getStats,
  getSnapshot,
  getClusterMetadata,
  getMe,
  getClient,
  getClients,
  getUser,
  getUsers,
  createUser,
  deleteUser,
  updateUser,
  updatePermissions,
  changePassword,
  logoutUser,
  getPersonalAccessTokens,
  createPersonalAccessToken,
  deletePersonalAccessToken,
  pollMessages,
  sendMessages,
  flushUnsavedBuffer,
  getConsumerOffset,
  storeConsumerOffset,
  deleteConsumerOffset,
  getStream,
  getStreams,
  createStream,
  deleteStream,
  updateStream,
  purgeStream,
  getTopic,
  getTopics,
  createTopic,
  deleteTopic,
  updateTopic,
  purgeTopic,
  createPartitions,
  deletePartitions,
  deleteSegments,
  getConsumerGroup,
  getConsumerGroups,
  createConsumerGroup,
  deleteConsumerGroup,
  joinConsumerGroup,
  leaveConsumerGroup,
];

/** Commands that only classic clients may send. */
export const classicCommands: readonly Command<unknown, unknown>[] = [loginUser, loginWithPersonalAccessToken];

/** Commands that only VSR clients may send. */
export const vsrCommands: readonly Command<unknown, unknown>[] = [
  register,
  describeOptions,
  attachConsumerSession,
  getPollRouting,
  pollMessagesOnPrimary,
  getConsumerOffsetRouting,
  syncConsumerGroup,
  getExtensions,
  waitForMessages,
  stopWaiting,
  checkPartition,
];

/** Register's second code, which stands for its token form. */
const tokenRegisterCode = 45;

const commandsByCode: Readonly<Record<Generation, ReadonlyMap<number, Command<unknown, unknown>>>> = {
  classic: new Map([...sharedCommands, ...classicCommands].map((command) => [command.code, command])),
  vsr: new Map([...[...sharedCommands, ...vsrCommands].map((command) => [command.code, command] as const), [tokenRegisterCode, register]]),
};

const commandsByOperation: ReadonlyMap<number, Command<unknown, unknown>> = new Map(
  [...sharedCommands, ...vsrCommands]
    .filter((command) => command.operation !== Operation.nonReplicated)
    .map((command) => [command.operation, command]),
);

/**
 * The command with this code, if it exists in the generation. Under VSR that includes commands with an operation of their own, whose code does not travel:
 * a request under operation 2 that names one is to be told so.
 */
export function commandByCode(code: number, generation: Generation): Command<unknown, unknown> | undefined {
  return commandsByCode[generation].get(code);
}

/** The command with a VSR operation of its own; undefined for reads (operation 2), internal and undeclared operations. */
export function commandByOperation(operation: number): Command<unknown, unknown> | undefined {
  return commandsByOperation.get(operation);
}
