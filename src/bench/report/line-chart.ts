// A chart of lines as SVG, drawn here, so that a page needs no script and no network to show it. Colours are classes of the page's style sheet, which knows light and dark.

import { escapeHtml } from './html.ts';

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly dashed?: boolean;
}

export interface Chart {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly xName: string;
  readonly yName: string;
  /** How a value on an axis is shown; default: as a number. */
  xText?(value: number): string;
  yText?(value: number): string;
  /** Values of x to mark, where the spacing of the axis is not even. */
  readonly xMarks?: readonly number[];
  readonly logarithmicY?: boolean;
}

const size = { width: 860, height: 300 } as const;
const margin = { left: 76, right: 16, top: 12, bottom: 40 } as const;
const plot = { width: size.width - margin.left - margin.right, height: size.height - margin.top - margin.bottom } as const;
/** More than a screen shows. */
const pointsMax = 600;

/** A figure with its caption and legend. */
export function lineChart(chart: Chart): string {
  const lines = chart.lines.map((line) => ({ ...line, points: thinned(line.points.filter(([, y]) => !chart.logarithmicY || y > 0)) }));
  const points = lines.flatMap((line) => line.points);
  const caption = `<figcaption>${escapeHtml(chart.title)}</figcaption>`;
  if (points.length === 0) return `<figure>${caption}<p>Nothing was measured.</p></figure>`;

  const xMax = Math.max(...points.map(([x]) => x));
  const xMin = Math.min(...points.map(([x]) => x));
  const yMarks = chart.logarithmicY ? decades(points.map(([, y]) => y)) : evenMarks(0, Math.max(...points.map(([, y]) => y)));
  const [yLow, yHigh] = [yMarks[0] as number, yMarks.at(-1) as number];
  const xMarks = chart.xMarks ?? evenMarks(xMin, xMax).filter((mark) => mark >= xMin && mark <= xMax);
  const level = chart.logarithmicY ? Math.log10 : (value: number) => value;
  const xAt = (x: number) => margin.left + (xMax === xMin ? 0.5 : (x - xMin) / (xMax - xMin)) * plot.width;
  const yAt = (y: number) => margin.top + (1 - (level(y) - level(yLow)) / (level(yHigh) - level(yLow) || 1)) * plot.height;
  const { xText = String, yText = (value: number) => value.toLocaleString('en-US') } = chart;

  const grid = [
    ...yMarks.map((mark) => {
      const y = fixed(yAt(mark));
      return `<line class="grid" x1="${margin.left}" x2="${size.width - margin.right}" y1="${y}" y2="${y}"/><text x="${margin.left - 8}" y="${y}" dy="0.32em" text-anchor="end">${escapeHtml(yText(mark))}</text>`;
    }),
    ...xMarks.map(
      (mark) =>
        `<text x="${fixed(xAt(mark))}" y="${size.height - margin.bottom + 18}" text-anchor="middle">${escapeHtml(xText(mark))}</text>`,
    ),
  ];
  const drawn = lines.map(({ name, points, dashed }, index) => {
    const path = points.map(([x, y]) => `${fixed(xAt(x))},${fixed(yAt(y))}`).join(' ');
    const title = `<title>${escapeHtml(name)}</title>`;
    const only = points[0] as (typeof points)[number];
    if (points.length === 1)
      return `<circle class="dot c${index}" cx="${fixed(xAt(only[0]))}" cy="${fixed(yAt(only[1]))}" r="4">${title}</circle>`;
    return `<polyline class="line c${index}${dashed ? ' dashed' : ''}" points="${path}">${title}</polyline>`;
  });
  const legend = lines.map(({ name, dashed }, index) => `<li class="c${index}${dashed ? ' dashed' : ''}">${escapeHtml(name)}</li>`);
  return [
    `<figure>${caption}<ul class="legend">${legend.join('')}</ul>`,
    `<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${escapeHtml(chart.title)}">`,
    ...grid,
    `<text x="${margin.left + plot.width / 2}" y="${size.height - 4}" text-anchor="middle" class="name">${escapeHtml(chart.xName)}</text>`,
    `<text transform="translate(12 ${margin.top + plot.height / 2}) rotate(-90)" text-anchor="middle" class="name">${escapeHtml(chart.yName)}</text>`,
    ...drawn,
    '</svg></figure>',
  ].join('\n');
}

/** Of each run of neighbours the lowest and the highest, in their order, so that no peak is lost. */
function thinned(points: Line['points']): Line['points'] {
  if (points.length <= pointsMax) return points;
  const each = Math.ceil((2 * points.length) / pointsMax);
  const kept: (readonly [number, number])[] = [];
  for (let at = 0; at < points.length; at += each) {
    const run = points.slice(at, at + each);
    const low = run.reduce((a, b) => (b[1] < a[1] ? b : a));
    const high = run.reduce((a, b) => (b[1] > a[1] ? b : a));
    kept.push(...(low === high ? [low] : low[0] < high[0] ? [low, high] : [high, low]));
  }
  return kept;
}

/** Round values from at or below the one to at or above the other, about five of them. */
function evenMarks(low: number, high: number): number[] {
  const span = high - low || 1;
  const rough = span / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.floor(low / step);
  const count = Math.ceil(high / step) - first;
  return Array.from({ length: Math.max(1, count) + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

function decades(values: readonly number[]): number[] {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

function fixed(value: number): string {
  return value.toFixed(1);
}
