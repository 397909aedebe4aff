// What an import has copied, for people and for programs.

import Table from 'cli-table3';
import type { ImportResult } from '../import/import-folder.ts';
import { rate } from './import-progress.ts';

/** `destination` undefined: a dry run. */
export function importSummary({ layout, report, elapsedMs }: ImportResult, source: string, destination: string | undefined): string {
  const { counts } = report;
  const table = new Table({
    head: ['', destination === undefined ? 'verified' : 'copied'],
    colAligns: ['left', 'right'],
    style: { head: [], border: [], compact: true },
  });
  table.push(
    ['streams', counts.streams],
    ['topics', counts.topics],
    ['partitions', counts.partitions],
    ['log files', counts.segments],
    ['messages', counts.messages],
    ['bytes of log files', counts.logBytes],
    ['stored offsets', counts.consumerOffsets],
    ['consumer groups', counts.groups],
    ['users', counts.users],
    ['access tokens', counts.tokens],
    ['seconds', (elapsedMs / 1000).toFixed(1)],
    ['MB/s', rate(counts.logBytes, elapsedMs)],
  );
  const moreDamages = report.damagesCount - report.damages.length;
  return [
    `${source} (Iggy ${layout})${destination === undefined ? ', dry run' : ` → ${destination}`}`,
    table.toString(),
    ...list('Left out because it is damaged:', [
      ...report.damages.map(({ file, position, reason }) => `${file}, byte ${position}: ${reason}`),
      ...(moreDamages > 0 ? [`and ${moreDamages} more`] : []),
    ]),
    ...list('Not carried over as it was:', report.notCarried),
    ...list('Notes:', report.notes),
    report.complete ? 'Everything was carried over.' : 'Not everything was carried over.',
    '',
  ].join('\n');
}

/** One line of JSON. */
export function importSummaryJson({ layout, report, elapsedMs }: ImportResult, source: string, destination: string | undefined): string {
  const { complete, counts, damagesCount, damages, notCarried, notes } = report;
  const summary = {
    complete,
    source,
    destination: destination ?? null,
    layout,
    counts,
    elapsedMs: Math.round(elapsedMs),
    damagesCount,
    damages,
    notCarried,
    notes,
  };
  return `${JSON.stringify(summary)}\n`;
}

function list(title: string, sentences: readonly string[]): string[] {
  return sentences.length === 0 ? [] : [title, ...sentences.map((sentence) => `  ${sentence}`)];
}
