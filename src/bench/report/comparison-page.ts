// Two results as a page: figures with their ratio, charts over each other, and what was not the same.

import type { Comparison } from '../result/compare.ts';
import type { BenchResult } from '../result/result.ts';
import { factsOf } from './facts.ts';
import { escapeHtml, factsTable, figuresTable, page } from './html.ts';
import { roleCharts } from './role-charts.ts';

export function comparisonPage(comparison: Comparison, results: readonly [BenchResult, BenchResult]): string {
  const { names, roles, differences } = comparison;
  const parts = roles.map(({ role, figures }) => {
    const rows = figures.map(({ name, texts, ratio, verdict }) => [
      { text: name },
      ...texts.map((text) => ({ text })),
      { text: ratio === undefined ? '–' : ratio.toFixed(2) },
      { text: verdict, className: verdict },
    ]);
    const charts = results.flatMap((result, index) =>
      result.roles.filter((each) => each.role === role).map((each) => ({ name: names[index] as string, role: each })),
    );
    return `<h2>${role}</h2>\n${figuresTable(['', ...names, 'second / first', ''], rows)}\n${roleCharts(charts)}`;
  });
  const changed =
    differences.length === 0
      ? '<p>Done under the same conditions.</p>'
      : `<p class="doubt">Not done under the same conditions:</p>${factsTable(differences.map(({ name, values }) => [name, values.join(' | ')]))}`;
  const facts = results.map((result, index) => `<h2>${escapeHtml(names[index] as string)}</h2>\n${factsTable(factsOf(result))}`);
  return page(`${names[0]} beside ${names[1]}`, [changed, ...parts, ...facts].join('\n'));
}
