// A result, or two of them, as tables for a terminal.

import Table from 'cli-table3';
import type { Comparison } from '../result/compare.ts';
import { countText, figuresOf, latencyNames } from '../result/figures.ts';
import type { BenchResult } from '../result/result.ts';
import { doubtsOf, factsOf } from './facts.ts';

const plainTable = { style: { head: [], border: [], compact: true } };

export function resultTable(result: BenchResult): string {
  const facts = factsOf(result).map(([name, value]) => `${`${name}:`.padEnd(18)}${value}`);
  const roles = result.roles.map((role) => {
    const figures = figuresOf(role);
    const table = new Table({
      ...plainTable,
      head: [role.role, ...figures.map(({ name }) => name)],
      colAligns: ['left', ...figures.map(() => 'right' as const)],
    });
    table.push([`${role.actors}`, ...figures.map(({ text }) => text)]);
    const counts = `${countText(role.messages)} messages in ${countText(role.requests)} requests and ${(role.elapsedMs / 1000).toFixed(3)} s`;
    return `${table.toString()}\n${counts}; latency ${latencyNames[role.latency.of]}`;
  });
  return `${[facts.join('\n'), ...roles, ...doubtsOf(result)].join('\n\n')}\n`;
}

export function comparisonTable({ names, differences, roles }: Comparison): string {
  const table = new Table({
    ...plainTable,
    head: ['', ...names, 'second / first', ''],
    colAligns: ['left', 'right', 'right', 'right', 'left'],
  });
  for (const { role, figures } of roles) {
    table.push([{ colSpan: 5, content: role }]);
    for (const { name, texts, ratio, verdict } of figures)
      table.push([name, ...texts, ratio === undefined ? '–' : ratio.toFixed(2), verdict]);
  }
  const other = differences.map(({ name, values }) => `  ${name}: ${values[0]} | ${values[1]}`);
  const notes = other.length === 0 ? 'Done under the same conditions.' : `Not the same in both:\n${other.join('\n')}`;
  return `${table.toString()}\n\n${notes}\n`;
}
