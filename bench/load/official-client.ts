// Runs `iggy-clients load`, the load tool on the official Rust SDKs (see bench/README.md), and reads what it measured.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Generation } from '../../src/protocol/command.ts';

export interface OfficialLoad {
  readonly generation: Generation;
  readonly kind: 'send' | 'poll';
  /** Producers, or producers and as many consumers: each with a connection, and a stream of one partition to each pair. */
  readonly tasks: number;
  /** Messages of a request, and bytes of their payload. */
  readonly batch: number;
  readonly size: number;
  /** Requests of each task. */
  readonly batches: number;
}

/** Of the role that is measured: the producers of `send`, the consumers of `poll`. */
export interface OfficialFigures {
  readonly messagesPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
}

interface Role {
  messages_per_s: number;
  latency_us: { p50: number; p99: number; p999: number };
}

/** Runs one load to its end. Rejects if the tool fails, or finds other messages on the server than were acknowledged. */
export async function runOfficialLoad(program: string, address: string, load: OfficialLoad): Promise<OfficialFigures> {
  const roles = load.kind === 'send' ? ['--producers', load.tasks] : ['--producers', load.tasks, '--consumers', load.tasks];
  const what = ['load', '--json', '--generation', load.generation, '--address', address, '--kind', load.kind, ...roles];
  const sizes = ['--batch', load.batch, '--size', load.size, '--batches', load.batches];
  const { stdout } = await promisify(execFile)(program, [...what, ...sizes].map(String), { timeout: 120_000 });
  const role = (JSON.parse(stdout) as { roles: Role[] }).roles.at(-1);
  if (role === undefined) throw new Error(`no figures: ${stdout}`);
  const { p50, p99, p999 } = role.latency_us;
  return { messagesPerSecond: role.messages_per_s, p50Us: p50, p99Us: p99, p999Us: p999 };
}
