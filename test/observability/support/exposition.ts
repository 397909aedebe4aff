// Reads the text of a scrape, strictly: every sample belongs to a family that was announced before it, no sample comes twice, and the text ends with its mark.

import assert from 'node:assert/strict';

export interface Exposition {
  /** Type by family. */
  readonly types: ReadonlyMap<string, string>;
  /** Names of samples, as a query writes them. */
  readonly names: ReadonlySet<string>;
  /** Value of the sample with this name and exactly these labels. */
  value(name: string, labels?: Record<string, string>): number | undefined;
  /** Samples of a name whose labels include these. */
  count(name: string, labels?: Record<string, string>): number;
}

const samplePattern = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (NaN|[+-]Inf|-?[\d.eE+-]+)$/;
const labelPattern = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
const suffixes = ['', '_total', '_bucket', '_sum', '_count'];

export function parseExposition(text: string): Exposition {
  assert(text.endsWith('\n# EOF\n'), 'the text ends with its mark');
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  const all: { name: string; labels: Record<string, string> }[] = [];
  for (const line of text.split('\n').slice(0, -2)) {
    const type = /^# TYPE (\S+) (gauge|counter|histogram)$/.exec(line);
    if (type !== null) {
      assert(!types.has(type[1] as string), `${type[1]} is announced twice`);
      types.set(type[1] as string, type[2] as string);
      continue;
    }
    if (/^# HELP \S+ .+$/.test(line)) continue;
    const [, name = '', labelText = '', value = ''] = samplePattern.exec(line) ?? assert.fail(`no sample: ${line}`);
    const labels = parseLabels(labelText);
    assert(
      suffixes.some((suffix) => name.endsWith(suffix) && types.has(name.slice(0, name.length - suffix.length))),
      `${name} was not announced`,
    );
    const key = keyOf(name, labels);
    assert(!samples.has(key), `${key} comes twice`);
    samples.set(key, Number(value));
    all.push({ name, labels });
  }
  return {
    types,
    names: new Set(all.map(({ name }) => name)),
    value: (name, labels = {}) => samples.get(keyOf(name, labels)),
    count: (name, wanted = {}) =>
      all.filter((sample) => sample.name === name && Object.entries(wanted).every(([label, value]) => sample.labels[label] === value))
        .length,
  };
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  labelPattern.lastIndex = 0;
  while (labelPattern.lastIndex < text.length) {
    const [, name = '', value = ''] = labelPattern.exec(text) ?? assert.fail(`no labels: ${text}`);
    labels[name] = value.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
  }
  return labels;
}

function keyOf(name: string, labels: Record<string, string>): string {
  return `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
}
