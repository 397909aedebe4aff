// A result as a page: figures, charts, and everything that they were measured under.

import { countText, figuresOf, latencyNames } from '../result/figures.ts';
import type { BenchResult } from '../result/result.ts';
import { doubtsOf, factsOf } from './facts.ts';
import { escapeHtml, factsTable, figuresTable, page } from './html.ts';
import { roleCharts } from './role-charts.ts';

export function resultPage(result: BenchResult): string {
  const doubts = doubtsOf(result).map((doubt) => `<p class="doubt">${escapeHtml(doubt)}</p>`);
  const roles = result.roles.map((role) => {
    const figures = figuresOf(role);
    const counts = `${countText(role.messages)} messages in ${countText(role.requests)} requests and ${(role.elapsedMs / 1000).toFixed(3)} s. Latency ${latencyNames[role.latency.of]}.`;
    return [
      `<h2>${role.actors} ${role.role}</h2>`,
      figuresTable(
        ['actors', ...figures.map(({ name }) => name)],
        [[{ text: String(role.actors) }, ...figures.map(({ text }) => ({ text }))]],
      ),
      `<p>${escapeHtml(counts)}</p>`,
      roleCharts([{ name: '', role }]),
    ].join('\n');
  });
  const facts = `<h2>Measured under</h2>\n${factsTable(factsOf(result))}`;
  return page(`galgo bench ${result.parameters.kind}`, [...doubts, ...roles, facts].join('\n'));
}
