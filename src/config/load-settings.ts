// Flags over environment over file over defaults → settings. All faults are found and told at once.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { encryptionSettings } from './encryption-keys.ts';
import { settingKeys } from './key-table.ts';
import { rootCredentials } from './root-credentials.ts';
import { schema } from './schema.ts';
import type { RawValue } from './setting.ts';
import { contradictions, ineffective, type Machine, type Settings, settingsOf, thisMachine } from './settings.ts';
import {
  type GivenValue,
  type Origin,
  readEnvironmentSource,
  readFlagSource,
  readTableSource,
  readTomlSource,
  type SourceResult,
  specialVariable,
} from './sources.ts';

export interface SettingsRequest {
  /** Values of flags, by key: `tcp.address`. */
  flags?: ReadonlyMap<string, string>;
  /** Of `--config`. */
  configPath?: string;
  withDefaultRootCredentials?: boolean;
  /** Instead of a file and the environment, for a server within another program. It needs no listener. */
  config?: ConfigTable;
  /** Instead of the environment's. */
  root?: { username: string; password: string };
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** What `auto` is decided by. */
  machine?: Omit<Machine, 'cwd'>;
}

export interface LoadedSettings {
  settings: Settings;
  /** Where the value of each key came from. */
  origins: ReadonlyMap<string, Origin>;
  /** The value of each key as a file would write it, in its sections. */
  config: ConfigTable;
  /** What deserves a line in the log. */
  warnings: readonly string[];
  /** The file that was read. */
  configFile: string | undefined;
}

export interface ConfigTable {
  readonly [name: string]: RawValue | ConfigTable;
}

/** The configuration cannot be used. The message lists every problem, one a line. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly code = 'GALGO_CONFIGURATION';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Loads the settings. Throws ConfigurationError. */
export function loadSettings(request: SettingsRequest = {}): LoadedSettings {
  const embedded = request.config !== undefined;
  const env = embedded ? {} : (request.env ?? process.env);
  const machine = { ...thisMachine(request.cwd ?? process.cwd()), ...request.machine };
  const file = embedded
    ? { path: undefined, result: readTableSource('config', request.config) }
    : readConfigFile(request, env, machine.cwd);
  const credentials = rootCredentials(
    request.root ? { name: 'root.username', value: request.root.username } : specialVariable(env, 'ROOT_USERNAME'),
    request.root ? { name: 'root.password', value: request.root.password } : specialVariable(env, 'ROOT_PASSWORD'),
    request.withDefaultRootCredentials ?? false,
  );

  // In rising order of precedence.
  const sources: readonly SourceResult[] = [file.result, readEnvironmentSource(env), readFlagSource(request.flags ?? new Map())];
  const given = new Map<string, GivenValue>(
    settingKeys.map((key) => [key.path, { value: key.initial, origin: { source: 'default', name: '' } }]),
  );
  for (const source of sources) {
    for (const [key, value] of source.values) given.set(key, value);
  }

  const problems = [...sources.flatMap((source) => source.problems), ...credentials.problems];
  const parsed = schema.safeParse(nested(given, (_, value) => value));
  const encryption = parsed.success ? encryptionSettings(parsed.data.system.encryption, machine.cwd) : undefined;
  if (parsed.success) {
    problems.push(...contradictions(parsed.data, machine, { needsListener: !embedded }), ...(encryption?.problems ?? []));
  } else {
    for (const issue of parsed.error.issues) problems.push(describeIssue(issue.path.join('.'), issue.message, given));
  }
  if (problems.length > 0 || !parsed.success || encryption === undefined) throw new ConfigurationError(problems);

  const config = nested(given, (key, value) => (secrets.has(key) ? '' : asWritten(value as RawValue, initials.get(key))));
  return {
    settings: deepFreeze(settingsOf(parsed.data, credentials.credentials, encryption.encryption, machine)),
    origins: new Map([...given].map(([key, { origin }]) => [key, origin])),
    config: config as ConfigTable,
    warnings: [...sources.flatMap((source) => source.warnings), ...credentials.warnings, ...ineffective(parsed.data)],
    configFile: file.path,
  };
}

const defaultConfigFile = 'galgo.toml';

function readConfigFile(request: SettingsRequest, env: NodeJS.ProcessEnv, cwd: string): { path: string | undefined; result: SourceResult } {
  const variable = specialVariable(env, 'CONFIG_PATH');
  const named = request.configPath !== undefined ? { name: '--config', value: request.configPath } : variable;
  const file = path.resolve(cwd, named?.value ?? defaultConfigFile);
  try {
    return { path: file, result: readTomlSource(file, readFileSync(file, 'utf8')) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const absent = named === undefined && code === 'ENOENT';
    return { path: undefined, result: { values: new Map(), problems: absent ? [] : [`${named?.name ?? file}: ${message}`], warnings: [] } };
  }
}

function nested(given: ReadonlyMap<string, GivenValue>, convert: (key: string, value: unknown) => unknown): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [key, { value }] of given) {
    const sections = key.split('.');
    const name = sections.pop() ?? '';
    let table = root;
    for (const section of sections) {
      table[section] ??= {};
      table = table[section] as Record<string, unknown>;
    }
    table[name] = convert(key, value);
  }
  return root;
}

const initials = new Map(settingKeys.map((key) => [key.path, key.initial]));
const secrets = new Set(settingKeys.filter((key) => key.secret).map((key) => key.path));

// The environment and flags have text where a file has a number or a boolean.
function asWritten(value: RawValue, initial: RawValue | undefined): RawValue {
  if (typeof value !== 'string') return value;
  if (typeof initial === 'number') return Number(value);
  return typeof initial === 'boolean' ? value.toLowerCase() === 'true' : value;
}

function describeIssue(key: string, message: string, given: ReadonlyMap<string, GivenValue>): string {
  const value = given.get(key);
  const name = value?.origin.source === 'file' ? `${value.origin.name}: ${key}` : value?.origin.name;
  const shown = typeof value?.value === 'object' ? '' : ` ${JSON.stringify(value?.value)}`;
  return `${name}:${shown} ${message}`;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
