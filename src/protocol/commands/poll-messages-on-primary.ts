// PollMessagesOnPrimary (code 104, VSR only): a poll sent where GetPollRouting said
//   the body of PollMessages
// → the reply of PollMessages

import { pollMessages } from './poll-messages.ts';

export const pollMessagesOnPrimary: typeof pollMessages = { ...pollMessages, name: 'PollMessagesOnPrimary', code: 104 };
