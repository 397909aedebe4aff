// Writes docs/errors.md from the error table: node --import tsx scripts/make-error-docs.ts

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { errorTable } from '../src/protocol/errors.ts';

export const errorDocsPath = fileURLToPath(new URL('../docs/errors.md', import.meta.url));

export function errorDocs(): string {
  const rows = Object.entries(errorTable).map(([name, [status, text]]) => `| ${status} | \`${name}\` | ${text} |`);
  return `# Errors

An error has a stable name and the status number that travels on the wire. The numbers are those of Apache Iggy 0.8 and 0.9, so every client knows
them; 0 is success. In the client of this package what a server answers is a \`ServerError\` ([classes](client.md#errors)): its \`code\` is the name, its \`status\` the
number. Some numbers are raised by clients alone, and some are kept because clients know them, although this server has no use for them.

| Status | Name | Meaning |
|---|---|---|
${rows.join('\n')}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(errorDocsPath, errorDocs());
