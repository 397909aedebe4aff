// GetStats (code 10)
//   empty
// → statistics

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { readStats, type Stats, writeStats } from '../primitives/stats.ts';

export const getStats: Command<void, Stats> = {
  name: 'GetStats',
  code: 10,
  operation: Operation.nonReplicated,

  encodeRequest() {},
  decodeRequest() {},
  encodeReply: writeStats,
  decodeReply: readStats,
};
