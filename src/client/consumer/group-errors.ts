// What the server says to a member of a group that has lost something.

/** The server knows no such member. */
export const noMember = 'consumer-group-member-not-found';

/** What a member hears that no longer owns what it asks for, or is no member. */
export const notOwned: ReadonlySet<string> = new Set([
  noMember,
  'consumer-group-partition-not-owned',
  'resource-not-found',
  // Of 0.8.
  'not-resolved-consumer',
]);
