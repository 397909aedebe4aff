// JSON out, with bigint as the number that it is, which `JSON.stringify` does not write. Compact; what is undefined is left out.

export function writeJson(value: unknown): string {
  switch (typeof value) {
    case 'bigint':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? `[${value.map(writeJson).join(',')}]` : writeObject(value);
    default:
      return JSON.stringify(value) ?? 'null';
  }
}

function writeObject(object: object): string {
  let text = '';
  for (const [name, value] of Object.entries(object)) {
    if (value !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${writeJson(value)}`;
  }
  return `{${text}}`;
}
