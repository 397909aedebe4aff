import type { SendMemory } from '../../../src/streaming/send-room.ts';

/** For tests that are not about memory. */
export const plentyOfMemory: SendMemory = { takeMemory: () => true, giveMemory: () => undefined };
