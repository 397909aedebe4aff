// `galgo partition verify` and `galgo partition reopen`: asks a running server, or with `--path` works on the data folder of one that is stopped.

import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '../client/client.ts';
import { type Plain, plain } from '../client/commands/plain.ts';
import { connect } from '../client/connect.ts';
import { ClientError } from '../client/connection/errors.ts';
import { ConfigurationError, loadSettings } from '../config/load-settings.ts';
import {
  type CheckAction,
  type CheckedPartition,
  type CheckPartitionRequest,
  checkPartition as checkPartitionCommand,
} from '../protocol/commands/check-partition.ts';
import type { Identifier } from '../protocol/primitives/identifier.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { Reader } from '../protocol/reader.ts';
import { Writer } from '../protocol/writer.ts';
import { DataFolderError } from './data-folder.ts';
import { partitionReport } from './partition-report.ts';

export interface PartitionCommand {
  action: 'verify' | 'reopen';
  stream: string;
  topic: string;
  partition: string;
  giveUpDamage: boolean;
  /** Connection string; undefined: the default address, with the credentials of the two below. */
  server: string | undefined;
  username: string | undefined;
  passwordFile: string | undefined;
  /** Data folder of a server that is stopped. */
  path: string | undefined;
  configPath: string | undefined;
  json: boolean;
}

type Checked = Plain<CheckedPartition>;
type Ask = (action: CheckAction) => Promise<Checked>;

const failedExitCode = 1;
const askEveryMs = 300;

/** Resolves to the exit code: 0 if the partition is sound and, after `reopen`, takes messages. */
export async function runPartitionCommand(command: PartitionCommand): Promise<number> {
  try {
    const place = { stream: identifierOf(command.stream), topic: identifierOf(command.topic), partition: partitionOf(command.partition) };
    const checked = await (command.path === undefined ? onServer(command, place) : onFolder(command, place));
    process.stdout.write(command.json ? `${JSON.stringify(checked)}\n` : partitionReport(checked));
    const sound = checked.phase === 'ended' && checked.damagesCount === 0;
    const serves = checked.state === 'ready';
    return (command.action === 'verify' ? sound : serves && (sound || checked.reopened)) ? 0 : failedExitCode;
  } catch (error) {
    if (!isToldToPeople(error)) throw error;
    if (command.json) process.stdout.write(`${JSON.stringify({ error: error.message })}\n`);
    process.stderr.write(`${error.message}\n`);
    return failedExitCode;
  }
}

interface Place {
  stream: Identifier;
  topic: Identifier;
  partition: number;
}

async function onServer(command: PartitionCommand, place: Place): Promise<Checked> {
  const { server, username, passwordFile } = command;
  const password = passwordFile === undefined ? undefined : readFileSync(passwordFile, 'utf8').trim();
  const user = username === undefined && password === undefined ? {} : { username: username ?? 'iggy', password: password ?? '' };
  const client = await connect(server ?? {}, { ...user, reconnect: { retries: 3 } });
  try {
    return await untilEnded(command, (action) => checkOnServer(client, { ...place, action }));
  } finally {
    await client.close();
  }
}

async function onFolder(command: PartitionCommand, place: Place): Promise<Checked> {
  const { settings } = loadSettings({
    flags: new Map(command.path === undefined ? [] : [['system.path', command.path]]),
    ...(command.configPath === undefined ? {} : { configPath: command.configPath }),
    withDefaultRootCredentials: false,
  });
  // Loaded here, as the engine comes with it.
  const [{ withStoppedServer }, { checkPartition }] = await Promise.all([
    import('./stopped-server.ts'),
    import('../handlers/partitions.ts'),
  ]);
  return withStoppedServer(settings, (system) =>
    untilEnded(command, async (action) => plain(checkPartition(system, { ...place, action }))),
  );
}

/** Sends CheckPartition, which is not among the client's own commands. */
export async function checkOnServer(client: Client, request: CheckPartitionRequest): Promise<Checked> {
  const writer = new Writer();
  checkPartitionCommand.encodeRequest(writer, request, 'vsr');
  const reply = await client.system.raw(checkPartitionCommand.code, writer.written);
  return plain(checkPartitionCommand.decodeReply(new Reader(reply), 'vsr'));
}

/** Begins the check, shows how far it is, and resolves to how it ended. */
async function untilEnded({ action, giveUpDamage, json }: PartitionCommand, ask: Ask): Promise<Checked> {
  const terminal = process.stderr.isTTY === true && !json;
  const wanted = action === 'reopen' && giveUpDamage ? 'give-up' : action;
  let checked = await ask(wanted);
  // Another one may be under way: ours is asked for again when that has ended.
  while (checked.phase === 'running' || checked.action !== wanted) {
    if (terminal) process.stderr.write(`\r${megabytes(checked.bytesVerified)} of ${megabytes(checked.bytesTotal)} MB`);
    await wait(askEveryMs);
    checked = await ask(checked.phase === 'running' ? 'tell' : wanted);
  }
  if (terminal) process.stderr.write('\n');
  return checked;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/** A number is an id, anything else a name. */
function identifierOf(text: string): Identifier {
  return /^\d{1,10}$/.test(text) ? Number(text) : text;
}

function partitionOf(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new DataFolderError(`${JSON.stringify(text)} is no number of a partition`);
  return Number(text);
}

function isToldToPeople(error: unknown): error is Error {
  if (error instanceof ClientError || error instanceof ProtocolError || error instanceof ConfigurationError) return true;
  if (error instanceof DataFolderError) return true;
  const { code, syscall } = error as NodeJS.ErrnoException;
  return code === 'DATA_FOLDER_IN_USE' || code === 'GALGO_METADATA_ROW' || code === 'GALGO_ENCRYPTION_KEY' || typeof syscall === 'string';
}
