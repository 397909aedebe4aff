// Writes docs/configuration.md from the schema: node --import tsx scripts/make-config-docs.ts

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ignoredIggyKeys, refusedIggySwitches } from '../src/config/iggy-keys.ts';
import { type SettingKey, settingKeys } from '../src/config/key-table.ts';

export const configDocsPath = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));

export function configDocs(): string {
  const sections = [...new Set(settingKeys.map(sectionOf))];
  const flags = settingKeys.filter((key) => key.flag).map((key) => `| \`${key.flag}\` | \`${key.path}\` |`);
  return `# Configuration

Every key has a default, so a server starts without any configuration. A value is taken from the first of these that has it:

1. a flag of \`galgo server\`,
2. the environment,
3. a TOML file,
4. the default.

A key, variable or file that cannot be understood stops the start: all faults are listed at once, each with the name that was most likely meant.

## The file

\`--config FILE\`, or the variable \`GALGO_CONFIG_PATH\` (\`IGGY_CONFIG_PATH\`), or \`galgo.toml\` in the working directory if it is there.

\`\`\`toml
[system]
path = "/var/lib/galgo"

[tcp]
address = "0.0.0.0:8090"

[engine]
durability = "group"
\`\`\`

Once the server runs, \`runtime/current_config.toml\` in the data folder holds the values in force, with the addresses as they were bound.

## The environment

The name of a key in capitals, dots as underscores, with \`GALGO_\` in front: \`tcp.address\` is \`GALGO_TCP_ADDRESS\`. Names of Iggy, \`IGGY_TCP_ADDRESS\`, serve as
well; \`GALGO_\` wins over \`IGGY_\`. An empty variable counts as not set. An unknown \`GALGO_\` variable is an error, an unknown \`IGGY_\` variable a warning.

## Flags

| Flag | Sets |
|---|---|
| \`--config <file>\` | the TOML file |
${flags.join('\n')}
| \`--with-default-root-credentials\` | the root user \`iggy\` with the password \`iggy\`, for development |
| \`--fresh\` | deletes everything in the data folder first. Refused if the folder is not one of Galgo's |

## The root user

The first start on an empty data folder makes the root user. \`GALGO_ROOT_USERNAME\` and \`GALGO_ROOT_PASSWORD\` (or with \`IGGY_\`) give its name, of 3 to 50 bytes, and
its password, of 3 to 100 bytes: both or none. Without them the user is \`iggy\`, and a password is made at random and printed once. Later starts ignore the variables.

## Values

| Kind | How it is written |
|---|---|
| Size | \`4096\`, \`64 MiB\` (powers of 1024), \`10 MB\` (powers of 1000). A small \`b\` means bits, as in Iggy |
| Duration | \`500 ms\`, \`5 s\`, \`1h 30m\`, \`7 days\`. A unit is needed, except for 0 |
| Address | \`127.0.0.1:8090\`, \`[::1]:8090\`, \`localhost:8090\` |

## Keys

${sections.map(sectionTable).join('\n\n')}

## Keys of Iggy that are ignored

They may stand in a file that was written for Iggy, and in the environment; a warning names them. A key stands for all keys below it.

${ignoredIggyKeys.map((key) => `\`${key}\``).join(', ')}

Refused if they are \`true\`, since leaving them out in silence would be wrong: ${refusedIggySwitches.map((key) => `\`${key}\``).join(', ')}.
`;
}

function sectionOf(key: SettingKey): string {
  return key.path.slice(0, key.path.lastIndexOf('.'));
}

function sectionTable(section: string): string {
  const rows = settingKeys
    .filter((key) => sectionOf(key) === section)
    .map((key) => `| \`${key.path.slice(section.length + 1)}\` | \`${JSON.stringify(key.initial)}\` | ${key.form} | ${key.doc} |`);
  return `### \`[${section}]\`

| Key | Default | Form | Meaning |
|---|---|---|---|
${rows.join('\n')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(configDocsPath, configDocs());
