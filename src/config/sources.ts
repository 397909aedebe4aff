// Where values come from: a TOML file, the environment, flags. Each source gives its values by key, with the name under which it had them, and says what it could not
// make sense of.

import { parse as parseToml, TomlError } from 'smol-toml';
import { ignoredIggyKeys, isIgnored, otherIggyVariables, refusedIggySwitches } from './iggy-keys.ts';
import { type SettingKey, settingKeys, variableOf } from './key-table.ts';
import { nearestName } from './nearest-name.ts';

export type Source = 'flag' | 'environment' | 'file' | 'default';

export interface Origin {
  source: Source;
  /** Flag, variable or file; empty for defaults. */
  name: string;
}

export interface GivenValue {
  value: unknown;
  origin: Origin;
}

export interface SourceResult {
  values: Map<string, GivenValue>;
  problems: string[];
  warnings: string[];
}

const keysByPath = new Map(settingKeys.map((key) => [key.path, key]));
const keysByVariable = new Map(settingKeys.map((key) => [key.variable, key]));

/** Values of a TOML file. `file` is its name for messages. */
export function readTomlSource(file: string, content: string): SourceResult {
  let root: unknown;
  try {
    root = parseToml(content);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [firstLine = ''] = error.message.split('\n');
    return { values: new Map(), problems: [`${file}, line ${error.line}: ${firstLine}`], warnings: [] };
  }
  return readTableSource(file, root);
}

/** Values in their sections, as a TOML file has them. `file` is their name for messages. */
export function readTableSource(file: string, root: unknown): SourceResult {
  const result: SourceResult = { values: new Map(), problems: [], warnings: [] };
  const ignored: string[] = [];
  const visit = (path: string, value: unknown) => {
    const key = keysByPath.get(path);
    if (key) {
      result.values.set(path, { value, origin: { source: 'file', name: file } });
    } else if (refusedIggySwitches.includes(path) && value === true) {
      result.problems.push(`${file}: ${path} = true asks for what this server does not do`);
    } else if (isTable(value) && (path === '' || isSection(path))) {
      for (const [name, inner] of Object.entries(value)) visit(path === '' ? name : `${path}.${name}`, inner);
    } else if (isIgnored(path)) {
      ignored.push(path);
    } else if (isSection(path)) {
      result.problems.push(`${file}: ${path} is a section; expected [${path}] with its keys below`);
    } else {
      result.problems.push(`${file}: unknown key ${path}${suggestion(path, keysByPath.keys())}`);
    }
  };
  visit('', root);
  if (ignored.length > 0) result.warnings.push(`${file}: these keys of Iggy have no meaning here and are ignored: ${ignored.join(', ')}`);
  return result;
}

// What a prefix may be followed by that is no key. The last two are for the compilation of the addon.
const specialVariables = new Set(['CONFIG_PATH', 'ROOT_USERNAME', 'ROOT_PASSWORD', 'BUILD', 'WERROR']);

/** Values of the environment. `GALGO_` wins over `IGGY_`; empty variables count as not set. */
export function readEnvironmentSource(env: NodeJS.ProcessEnv): SourceResult {
  const result: SourceResult = { values: new Map(), problems: [], warnings: [] };
  const ignored: string[] = [];
  for (const prefix of ['IGGY_', 'GALGO_'] as const) {
    for (const [name, value] of Object.entries(env)) {
      if (!name.startsWith(prefix) || !value) continue;
      const variable = name.slice(prefix.length);
      const key = keysByVariable.get(variable);
      if (key) {
        result.values.set(key.path, { value, origin: { source: 'environment', name } });
      } else if (specialVariables.has(variable)) {
      } else if (prefix === 'GALGO_') {
        result.problems.push(`unknown variable ${name}${suggestion(name, variableNames(prefix))}`);
      } else if (isRefusedVariable(variable) && value.toLowerCase() === 'true') {
        result.problems.push(`${name}=true asks for what this server does not do`);
      } else if (isIgnoredVariable(variable)) {
        ignored.push(name);
      } else if (!otherIggyVariables.test(name)) {
        result.warnings.push(`unknown variable ${name} is ignored${suggestion(name, variableNames(prefix))}`);
      }
    }
  }
  if (ignored.length > 0) result.warnings.push(`these variables of Iggy have no meaning here and are ignored: ${ignored.join(', ')}`);
  return result;
}

/** A variable that is no setting, under either prefix. */
export function specialVariable(env: NodeJS.ProcessEnv, variable: string): { name: string; value: string } | undefined {
  for (const name of [`GALGO_${variable}`, `IGGY_${variable}`]) {
    const value = env[name];
    if (value) return { name, value };
  }
  return undefined;
}

/** The flag of a key without its argument: `--tcp-address`. */
function flagName(key: SettingKey): string | undefined {
  return key.flag?.split(' ')[0];
}

/** Values of flags, by the keys that they set. */
export function readFlagSource(flags: ReadonlyMap<string, string>): SourceResult {
  const values = new Map<string, GivenValue>();
  for (const [path, value] of flags) {
    const key = keysByPath.get(path);
    const name = key && flagName(key);
    if (name === undefined) throw new Error(`no flag sets ${path}`);
    values.set(path, { value, origin: { source: 'flag', name } });
  }
  return { values, problems: [], warnings: [] };
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Date) && !Array.isArray(value);
}

// Known keys lie below it, or Iggy's switches that have to be looked at.
function isSection(path: string): boolean {
  const below = `${path}.`;
  return (
    settingKeys.some((key) => key.path.startsWith(below)) ||
    [...ignoredIggyKeys, ...refusedIggySwitches].some((key) => key.startsWith(below))
  );
}

function isIgnoredVariable(variable: string): boolean {
  return ignoredIggyKeys.some((key) => variable === variableOf(key) || variable.startsWith(`${variableOf(key)}_`));
}

function isRefusedVariable(variable: string): boolean {
  return refusedIggySwitches.some((key) => variable === variableOf(key));
}

function variableNames(prefix: string): string[] {
  return [...settingKeys.map((key) => prefix + key.variable), ...[...specialVariables].map((variable) => prefix + variable)];
}

function suggestion(name: string, known: Iterable<string>): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}
