// The `galgo` command: what it understands, and the exit code that it ends with.

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { settingKeys } from '../config/key-table.ts';
import { addBenchCommand } from './bench-options.ts';
import type { ImportCommand } from './import-command.ts';
import type { PartitionCommand } from './partition-command.ts';
import { runServer, type ServerCommand } from './server-command.ts';

const usageExitCode = 2;

/** Runs the command with the arguments after its name and resolves to its exit code. */
export async function runGalgo(args: readonly string[], server: Pick<ServerCommand, 'startServer' | 'loadNotify'>): Promise<number> {
  const version = packageVersion();
  let exitCode = 0;
  const program = new Command('galgo')
    .description('Persistent message streaming server that speaks the Apache Iggy protocol.')
    .version(version)
    .exitOverride();
  serverOptions(program.command('server').description('Starts the server and runs until SIGTERM or SIGINT.')).action(
    async (options: Record<string, unknown>) => {
      exitCode = await runServer({ ...server, version, ...optionsOf(options) });
    },
  );
  importOptions(program.command('import <folder>').description('Copies a data folder of Iggy into a new data folder.')).action(
    async (source: string, options: Record<string, unknown>) => {
      // Loaded here, as the engine comes with it.
      const { runImport } = await import('./import-command.ts');
      exitCode = await runImport({ source, ...importOptionsOf(options) });
    },
  );
  addBenchCommand(program, version, (code) => {
    exitCode = code;
  });

  const partition = program.command('partition').description('Verifies and reopens partitions.').exitOverride();
  for (const [action, what] of [
    ['verify', 'Verifies everything that a partition has stored.'],
    ['reopen', 'Verifies a fenced partition and, if it is sound, opens it again.'],
  ] as const) {
    partitionOptions(partition.command(`${action} <stream> <topic> <partition>`).description(what), action).action(
      async (stream: string, topic: string, number: string, options: Record<string, unknown>) => {
        // Loaded here, as the client comes with it.
        const { runPartitionCommand } = await import('./partition-command.ts');
        exitCode = await runPartitionCommand({ action, stream, topic, partition: number, ...partitionOptionsOf(options) });
      },
    );
  }

  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : usageExitCode;
  }
  return exitCode;
}

function serverOptions(command: Command): Command {
  command.option('--config <file>', 'TOML file with settings; ./galgo.toml if it is there');
  for (const key of settingKeys) {
    if (key.flag) command.option(key.flag, `sets ${key.path} (default: ${JSON.stringify(key.initial)})`);
  }
  return command
    .option('--with-default-root-credentials', 'root user iggy with password iggy, for development', false)
    .option('--fresh', 'deletes everything in the data folder first', false)
    .exitOverride();
}

function importOptions(command: Command): Command {
  return command
    .option('--path <folder>', 'the new data folder (default: system.path of the settings)')
    .option('--config <file>', 'TOML file with settings; ./galgo.toml if it is there')
    .option('--encryption-key-file <file>', 'base64 of the 32 bytes that the folder is encrypted with')
    .option('--dry-run', 'reads and verifies everything, writes nothing', false)
    .option('--skip-damaged', 'leaves damaged parts out instead of stopping', false)
    .option('--json', 'prints the summary as JSON', false)
    .exitOverride();
}

function partitionOptions(command: Command, action: 'verify' | 'reopen'): Command {
  if (action === 'reopen') command.option('--give-up-damage', 'opens it without the messages that are damaged, which are lost', false);
  return command
    .option('--server <connection string>', 'a running server (default: the one on TCP port 8090 of this machine)')
    .option('--username <name>', 'user, if not in the connection string (default: iggy)')
    .option('--password-file <file>', 'holds the password of that user')
    .option('--path <folder>', 'the data folder of a server that is stopped, instead of a running one')
    .option('--config <file>', 'with --path: TOML file with settings; ./galgo.toml if it is there')
    .option('--json', 'prints the outcome as JSON', false)
    .exitOverride();
}

function partitionOptionsOf(options: Record<string, unknown>): Omit<PartitionCommand, 'action' | 'stream' | 'topic' | 'partition'> {
  const text = (name: string) => (typeof options[name] === 'string' ? options[name] : undefined);
  return {
    giveUpDamage: options.giveUpDamage === true,
    server: text('server'),
    username: text('username'),
    passwordFile: text('passwordFile'),
    path: text('path'),
    configPath: text('config'),
    json: options.json === true,
  };
}

function importOptionsOf(options: Record<string, unknown>): Omit<ImportCommand, 'source'> {
  const text = (name: string) => (typeof options[name] === 'string' ? options[name] : undefined);
  return {
    destination: text('path'),
    configPath: text('config'),
    encryptionKeyPath: text('encryptionKeyFile'),
    dryRun: options.dryRun === true,
    skipDamaged: options.skipDamaged === true,
    json: options.json === true,
  };
}

function optionsOf(options: Record<string, unknown>): Pick<ServerCommand, 'configPath' | 'flags' | 'fresh' | 'withDefaultRootCredentials'> {
  const flags = new Map<string, string>();
  for (const key of settingKeys) {
    const value = key.flag && options[attributeName(key.flag)];
    if (typeof value === 'string') flags.set(key.path, value);
  }
  return {
    configPath: typeof options.config === 'string' ? options.config : undefined,
    flags,
    fresh: options.fresh === true,
    withDefaultRootCredentials: options.withDefaultRootCredentials === true,
  };
}

// commander's name for the value of `--tcp-address <…>`: tcpAddress.
function attributeName(flag: string): string {
  const [name = ''] = flag.replace(/^--/, '').split(' ');
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}
