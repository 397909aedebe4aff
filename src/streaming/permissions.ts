// Who may do what. Denied unless granted: root may do everything, and nobody else exists yet to be granted anything.

import { ProtocolError } from '../protocol/protocol-error.ts';
import { rootUserId } from './users.ts';

/** What a command needs, in the words of the protocol's permission flags. */
export type Action =
  | 'read-servers'
  | 'read-streams'
  | 'manage-streams'
  | 'read-topics'
  | 'manage-topics'
  | 'poll-messages'
  | 'send-messages';

/** Throws 41. Without ids the action concerns all streams, or all topics of the stream. */
export function authorize(userId: number | undefined, action: Action, streamId?: number, topicId?: number): void {
  if (userId === rootUserId) return;
  const place = [streamId, topicId].filter((id) => id !== undefined).join('/');
  throw new ProtocolError('unauthorized', place === '' ? action : `${action} on ${place}`);
}
