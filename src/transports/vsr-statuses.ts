// What Iggy 0.9 answers to sends and offset writes whose target does not exist. It resolves the whole target at once and says 20, whichever part is
// missing; only the deletion of an offset tells a missing group apart. Everything else has the numbers of 0.8.

import { errorCodes } from '../protocol/errors.ts';
import { Operation } from '../protocol/operations.ts';

const missingPlaces = new Set<number>([
  errorCodes['stream-id-not-found'],
  errorCodes['topic-id-not-found'],
  errorCodes['partition-not-found'],
]);
const missingGroups = new Set<number>([errorCodes['consumer-group-id-not-found'], errorCodes['consumer-group-name-not-found']]);

/** The status of a VSR reply to `operation` that was refused with `status`. */
export function vsrStatus(operation: number, status: number): number {
  if (operation < Operation.sendMessages) return status;
  const unresolved = missingPlaces.has(status) || (operation === Operation.storeConsumerOffset && missingGroups.has(status));
  return unresolved ? errorCodes['resource-not-found'] : status;
}
