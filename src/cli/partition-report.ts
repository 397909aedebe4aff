// What came of a check of a partition, for people.

import type { Plain } from '../client/commands/plain.ts';
import type { CheckedPartition, FoundDamage } from '../protocol/commands/check-partition.ts';

export function partitionReport(checked: Plain<CheckedPartition>): string {
  const { state, fenceReason, fenceErrno, phase, action, damagesCount, damages, reopened, messagesGivenUp } = checked;
  const lines: string[] = [];
  if (phase === 'failed') lines.push('The check failed; the log of the server says why.');
  lines.push(
    `${checked.bytesVerified} bytes were verified: ${damagesCount === 0 ? 'no damage' : `damage in ${times(damagesCount, 'place')}`}.`,
  );
  for (const damage of damages) lines.push(`  ${damageLine(damage)}`);
  if (damagesCount > damages.length) lines.push(`  and ${damagesCount - damages.length} more`);
  if (action === 'give-up') lines.push(`${times(messagesGivenUp, 'message')} given up.`);
  if (reopened) lines.push('The partition was reopened.');
  if (state === 'fenced') {
    const errno = fenceErrno === 0 ? '' : `, errno ${fenceErrno}`;
    lines.push(`The partition is fenced (${fenceReason}${errno}): it takes no messages.`);
    if (action === 'reopen' && damagesCount > 0) {
      lines.push('Put sound copies of the damaged files in place and try again, or give the damaged messages up: --give-up-damage.');
    }
  } else if (!reopened) {
    lines.push(`The partition is ${state}.`);
  }
  return `${lines.join('\n')}\n`;
}

function damageLine({ segment, position, bytes, firstOffset, endOffset, errno }: Plain<FoundDamage>): string {
  const messages = endOffset > firstOffset ? `offsets ${firstOffset} to ${endOffset - 1}` : 'no known message';
  const file = `${String(segment).padStart(20, '0')}.log`;
  return `${file}, ${bytes} bytes from ${position} on: ${messages}${errno === 0 ? '' : ` (cannot be read, errno ${errno})`}`;
}

function times(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
