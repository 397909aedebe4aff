// A scrape as text: collects all families, then lets `prom-client` write them one after another, with a turn of the event loop between any two slices of work.
//
// `prom-client` is loaded by the first scrape, for those who never ask.
//
// Scrapes that come while one is under way get its text: whoever asks more often than it takes costs no more.

import type { Metric, RegistryContentType } from 'prom-client';
import type { Collector, MetricFamily } from './metric-family.ts';
import { WorkSlices } from './work-slices.ts';

/** `openmetrics`: https://prometheus.io/docs/specs/om/open_metrics_spec/. `prometheus`: the older text form, version 0.0.4. */
export type TextForm = 'openmetrics' | 'prometheus';

export const contentTypes: Readonly<Record<TextForm, RegistryContentType>> = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
};

/** `prom-client` writes so many samples in well under a millisecond; it cannot be interrupted. */
const samplesAtOnce = 500;

export class Scrape {
  readonly #collectors: readonly Collector[];
  readonly #underWay = new Map<TextForm, Promise<string>>();

  /** Families come in the order of their collectors. */
  constructor(collectors: readonly Collector[]) {
    this.#collectors = collectors;
  }

  text(form: TextForm): Promise<string> {
    let text = this.#underWay.get(form);
    if (text === undefined) {
      text = this.#write(form).finally(() => this.#underWay.delete(form));
      this.#underWay.set(form, text);
    }
    return text;
  }

  async #write(form: TextForm): Promise<string> {
    const slices = new WorkSlices();
    const parts: string[] = [];
    for (const collect of this.#collectors) {
      for (const family of await collect()) {
        for (let from = 0; from === 0 || from < family.samples.length; from += samplesAtOnce) {
          const part = await familyText(family, from, form);
          parts.push(from === 0 ? part : withoutHead(part));
          if (slices.due()) await slices.pause();
        }
      }
    }
    return `${parts.join('\n')}\n# EOF\n`;
  }
}

async function familyText({ name, help, type, samples }: MetricFamily, from: number, form: TextForm): Promise<string> {
  const { Registry } = await import('prom-client');
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(contentTypes[form]);
  // The older form knows a counter by the name of its samples.
  const shownName = form === 'prometheus' && type === 'counter' ? `${name}_total` : name;
  const values = samples.slice(from, from + samplesAtOnce).map(({ value, labels, suffix }) => ({
    value,
    labels: labels ?? {},
    ...(suffix === undefined ? {} : { metricName: name + suffix }),
  }));
  const metric = { name: shownName, help, type, get: async () => ({ name: shownName, help, type, aggregator: 'sum', values }) };
  registry.registerMetric(metric as unknown as Metric);
  return registry.getSingleMetricAsString(shownName);
}

/** Without the two lines of help and type. */
function withoutHead(text: string): string {
  return text.slice(text.indexOf('\n', text.indexOf('\n') + 1) + 1);
}
