// The processes of this machine or container, as the kernel lists them in /proc.

import { readdir, readFile } from 'node:fs/promises';

const processesMax = 10_000;

/** A table of process id, state, resident memory in KiB, threads and name, one process a line. Rejects where there is no /proc. */
export async function processList(): Promise<string> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).sort((a, b) => Number(a) - Number(b));
  const rows = ['pid state rss_kib threads name'];
  for (const id of ids.slice(0, processesMax)) {
    // One that ended in the meantime is no longer listed.
    const status = await readFile(`/proc/${id}/status`, 'utf8').catch(() => undefined);
    if (status !== undefined) rows.push(rowOf(id, status));
  }
  if (ids.length > processesMax) rows.push(`and ${ids.length - processesMax} more`);
  return `${rows.join('\n')}\n`;
}

/** proc_pid_status(5). */
function rowOf(id: string, status: string): string {
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '-';
  // Threads of the kernel have no memory of their own.
  const residentKiB = field('VmRSS').split(' ')[0];
  return `${id} ${field('State')[0]} ${residentKiB} ${field('Threads')} ${field('Name')}`;
}
