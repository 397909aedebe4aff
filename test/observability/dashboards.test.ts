import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { Api } from '../http/support/api.ts';
import { createTestGroup, fill, join } from '../support/groups.ts';
import { poll } from '../support/messages.ts';
import { serverSuite } from '../support/server-suite.ts';
import { type Exposition, parseExposition } from './support/exposition.ts';

const deployed = (file: string) => readFileSync(new URL(`../../deploy/${file}`, import.meta.url), 'utf8');

/** Made by Prometheus itself for each target. */
const scrapeMetrics = new Set(['up']);
const words = new Set(['and', 'or', 'unless', 'on', 'by', 'ignoring']);

interface Panel {
  title: string;
  targets?: { expr: string; legendFormat: string }[];
}

/** Metrics that a query names, and the labels that it matches or groups by. */
function namesOf(query: string): { metrics: string[]; labels: string[] } {
  const labels = [...query.matchAll(/\{([^}]*)\}/g)].flatMap(([, matchers = '']) =>
    [...matchers.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label]) => label as string),
  );
  labels.push(...[...query.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', ')));
  const bare = query.replaceAll(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"|\b(?:by|on) \([^)]*\)/g, ' ');
  const metrics = [...bare.matchAll(/\b[a-zA-Z_][\w:]*\b(?!\s*\()/g)].map(([name]) => name).filter((name) => !words.has(name));
  return { metrics, labels: [...new Set(labels)] };
}

serverSuite('what is deployed beside Prometheus', { HTTP_METRICS_PUBLIC: 'true', ENGINE_DURABILITY: 'group' }, (suite) => {
  let scraped: Exposition | undefined;
  let labelNames = new Set<string>();
  const scrape = async (): Promise<Exposition> => {
    if (scraped !== undefined) return scraped;
    const client = await suite.login('classic');
    const name = await createTestGroup(client, 1);
    await fill(client, name, 1, 5);
    await join(client, name);
    await poll(client, name);
    await assert.rejects(poll(client, { ...name, topic: 'none' }));
    const api = new Api(suite.server.httpAddress);
    await api.get('/metrics', { accept: 'application/openmetrics-text' });
    const { text } = await api.get('/metrics', { accept: 'application/openmetrics-text' });
    labelNames = new Set([...text.matchAll(/[{,](\w+)="/g)].map(([, label]) => label as string));
    // Prometheus adds these to what it scrapes.
    for (const label of ['job', 'instance']) labelNames.add(label);
    scraped = parseExposition(text);
    return scraped;
  };
  const check = async (title: string, query: string): Promise<string[]> => {
    const { names } = await scrape();
    const { metrics, labels } = namesOf(query);
    assert(metrics.length > 0, `${title}: ${query} names no metric`);
    for (const metric of metrics) assert(names.has(metric) || scrapeMetrics.has(metric), `${title}: nothing is called ${metric}`);
    for (const label of labels) assert(labelNames.has(label), `${title}: no label is called ${label}`);
    return metrics;
  };

  it('the dashboard asks for metrics that there are', async () => {
    const dashboard = JSON.parse(deployed('grafana/galgo.json')) as { panels: Panel[]; templating: { list: { definition?: string }[] } };
    const asked = new Set<string>();
    for (const { title, targets = [] } of dashboard.panels) {
      for (const { expr, legendFormat } of targets) {
        for (const metric of await check(title, expr)) asked.add(metric);
        for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
          assert(labelNames.has(label as string), `${title}: ${legendFormat}`);
      }
    }
    assert(asked.size > 40, `${asked.size}`);
    for (const { definition } of dashboard.templating.list) if (definition !== undefined) assert.match(definition, /galgo_build_info/);
  });

  it('the alerts ask for metrics that there are', async () => {
    const rules = deployed('prometheus/alerts.yml').split('- alert: ').slice(1);
    assert(rules.length >= 10);
    for (const rule of rules) {
      const [title = ''] = rule.split('\n');
      const query = /^ +expr: '(.+)'$/m.exec(rule)?.[1] ?? assert.fail(`${title} has no expression`);
      await check(title, query);
      assert.match(rule, /^ +for: \d+m\n +labels:\n +severity: (warning|critical)\n +annotations:\n +summary: '[^']+'$/m, title);
    }
  });

  it('every metric is documented', async () => {
    const docs = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
    for (const [family, type] of (await scrape()).types) {
      const shown = type === 'counter' ? `${family}_total` : family;
      assert(docs.includes(`\`${shown}\``), `docs/metrics.md does not have ${shown}`);
    }
    for (const [, name = ''] of docs.matchAll(/^\| `([a-z_]+)` \|/gm)) {
      const family = name.replace(/_total$/, '');
      assert((await scrape()).types.has(family), `docs/metrics.md has ${name}, which is not there`);
    }
  });
});
