// Elements by function calls. Texts only ever become text nodes, so nothing that the server sends is taken for HTML.

export type Child = Node | string | number;

type Properties<Tag extends keyof HTMLElementTagNameMap> = Partial<Omit<HTMLElementTagNameMap[Tag], 'innerHTML' | 'outerHTML' | 'style'>>;

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties<Tag> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.map((child) => (typeof child === 'number' ? String(child) : child)));
  return made;
}

export function link(href: string, text: string): HTMLElement {
  return element('a', { href }, text);
}

export function button(text: string, onclick: () => void, className = ''): HTMLButtonElement {
  return element('button', { type: 'button', onclick, className }, text);
}

/** Said by screen readers at once. */
export function errorNote(text: string): HTMLElement {
  return element('p', { role: 'alert', className: 'alert' }, text);
}

/** Rows of cells below headings; `empty` stands for a table without rows. */
export function table(caption: string, headings: readonly string[], rows: readonly (readonly Child[])[], empty: string): HTMLElement {
  if (rows.length === 0) return element('p', { className: 'empty' }, empty);
  return element(
    'div',
    { className: 'wide' },
    element(
      'table',
      {},
      element('caption', {}, caption),
      element('thead', {}, element('tr', {}, ...headings.map((heading) => element('th', { scope: 'col' }, heading)))),
      element('tbody', {}, ...rows.map((cells) => element('tr', {}, ...cells.map((cell) => element('td', {}, cell))))),
    ),
  );
}

/** Names and values, in the order given. */
export function facts(values: Readonly<Record<string, Child>>): HTMLElement {
  const pairs = Object.entries(values).map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value)));
  return element('dl', {}, ...pairs);
}
