// The reference page of the API: one page that loads the OpenAPI document of its server and nothing else.

import { createHash } from 'node:crypto';

const style = `
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2733;background:#fff}
@media(prefers-color-scheme:dark){body{color:#dde4ec;background:#12171d}details{border-color:#333e4a}pre{background:#1b222b}}
h2{margin:2rem 0 .5rem;font-size:1.1rem}
details{border:1px solid #d5dce4;border-radius:6px;margin:.3rem 0;padding:.3rem .7rem}
summary{cursor:pointer}
code,pre{font:13px/1.45 ui-monospace,monospace}
pre{overflow:auto;padding:.6rem;background:#f3f6f9;border-radius:4px}
.method{display:inline-block;min-width:4.5rem;font-weight:600}
.what{opacity:.75}
`;

const script = `
const main = document.querySelector('main');
const add = (parent, tag, text, className) => {
  const element = parent.appendChild(document.createElement(tag));
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
};
const show = (api) => {
  const sections = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = (operation.tags || ['Other'])[0];
      if (!sections.has(tag)) { const section = add(main, 'section'); add(section, 'h2', tag); sections.set(tag, section); }
      const details = add(sections.get(tag), 'details');
      const summary = add(details, 'summary');
      add(summary, 'code', method.toUpperCase(), 'method');
      add(summary, 'code', path);
      add(summary, 'span', ' ' + (operation.summary || ''), 'what');
      if (operation.description) add(details, 'p', operation.description);
      for (const part of ['parameters', 'requestBody', 'responses']) {
        if (!operation[part]) continue;
        add(details, 'div', part);
        add(details, 'pre', JSON.stringify(operation[part], null, 2));
      }
    }
  }
  const section = add(main, 'section');
  add(section, 'h2', 'Schemas');
  for (const [name, schema] of Object.entries(api.components.schemas || {})) {
    const details = add(section, 'details');
    add(add(details, 'summary'), 'code', name);
    add(details, 'pre', JSON.stringify(schema, null, 2));
  }
};
fetch('openapi.json').then((reply) => reply.json()).then(show, (error) => add(main, 'p', String(error)));
`;

export const docsPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Galgo HTTP API</title>
<style>${style}</style>
<h1>HTTP API</h1>
<p>The same as an OpenAPI document: <a href="openapi.json">openapi.json</a></p>
<main></main>
<script type="module">${script}</script>
</html>
`;

/** The value of its content-security-policy. */
export function docsPagePolicy(): string {
  return `default-src 'none'; connect-src 'self'; style-src ${hashSource(style)}; script-src ${hashSource(script)}; frame-ancestors 'none'; base-uri 'none'`;
}

function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
