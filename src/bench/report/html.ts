// The frame of a page that needs nothing but itself: no script, no font, no picture from elsewhere, and it says so to the browser.

const style = `
:root { color-scheme: light dark; --text: #1b1f24; --soft: #57606a; --line: #d0d7de; --back: #fff; --c0: #0969da; --c1: #cf5b00; --c2: #1a7f37; --c3: #8250df; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --soft: #9aa4af; --line: #30363d; --back: #0d1117; --c0: #58a6ff; --c1: #f0883e; --c2: #3fb950; --c3: #bc8cff; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 500; } td.number, th.number { text-align: right; white-space: nowrap; }
.facts th { width: 10rem; } .facts td { overflow-wrap: anywhere; }
.doubt { border-left: 4px solid var(--c1); padding: .3rem .8rem; } .better { color: var(--c2); } .worse { color: var(--c1); }
.wide { overflow-x: auto; } figure { margin: 1.5rem 0; } figcaption { font-weight: 600; } svg { width: 100%; height: auto; display: block; }
svg text { font-size: 12px; fill: var(--soft); } .grid { stroke: var(--line); } .line { fill: none; stroke-width: 1.6; }
.c0 { stroke: var(--c0); --own: var(--c0); } .c1 { stroke: var(--c1); --own: var(--c1); } .c2 { stroke: var(--c2); --own: var(--c2); } .c3 { stroke: var(--c3); --own: var(--c3); }
.dot { fill: var(--own); } polyline.dashed { stroke-dasharray: 5 4; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; margin: .3rem 0; color: var(--soft); font-size: 13px; }
.legend li::before { content: ''; display: inline-block; width: 1.4rem; border-top: 2px solid var(--own); margin-right: .4rem; vertical-align: middle; } .legend .dashed::before { border-top-style: dashed; }
`;

/** `body` is HTML. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${body}
</body>
</html>
`;
}

export interface Cell {
  readonly text: string;
  readonly className?: string;
}

/** The first column is text, the others are numbers; a cell's class comes on top. */
export function figuresTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const kind = (index: number, className = '') => (index === 0 ? className : `number ${className}`.trim());
  const cells = (tag: string, row: readonly Cell[]) =>
    row.map(({ text, className }, index) => `<${tag} class="${kind(index, className)}">${escapeHtml(text)}</${tag}>`).join('');
  const headRow = cells(
    'th',
    head.map((text) => ({ text })),
  );
  return `<div class="wide"><table><thead><tr>${headRow}</tr></thead><tbody>${rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('\n')}</tbody></table></div>`;
}

export function factsTable(facts: readonly (readonly [name: string, value: string])[]): string {
  const rows = facts.map(([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`);
  return `<table class="facts"><tbody>${rows.join('\n')}</tbody></table>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] as string);
}
