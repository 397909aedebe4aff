// The options of `galgo bench`.

import type { Command } from 'commander';
import { kinds } from '../bench/plan/kinds.ts';
import type { GivenOptions } from '../bench/plan/plan.ts';

/** Adds the command; `ended` is told the exit code. */
export function addBenchCommand(program: Command, version: string, ended: (exitCode: number) => void): void {
  const list = kinds.map(({ name, alias, description }) => `  ${`${name} (${alias})`.padEnd(44)}${description}`).join('\n');
  const bench = program
    .command('bench')
    .description('Measures a server: throughput and latency of sends and polls.')
    .argument('<kind>', 'what is measured; see below')
    .option(
      '--target <address>',
      'connection string (iggy+tcp, iggy+ws, iggy+wss, iggy+quic) or http(s)://user:password@host:port (default: iggy://iggy:iggy@127.0.0.1:8090)',
    )
    .option('--generation <name>', 'auto, vsr (Iggy 0.9) or classic (Iggy 0.8) (default: auto)')
    .option('-m, --message-size <bytes>', 'payload of a message, N or A..B (default: 1000)')
    .option('-P, --messages-per-batch <count>', 'messages of a send, and most of a poll, N or A..B (default: 1000)')
    .option('-b, --batches <count>', 'batches of each actor (default: 1000)')
    .option('--messages <count>', 'messages of all producers, or of all consumers where nobody produces')
    .option('-T, --total-data <size>', 'the same in bytes of payload, such as 1GB')
    .option('-D, --duration <time>', 'so long, such as 10s')
    .option('-r, --rate-limit <size>', 'bytes of payload a second of all actors together')
    .option('-w, --warmup-time <time>', 'load before the measured phase (default: 0s)')
    .option('-t, --sampling-time <time>', 'bucket of figures over time (default: 100ms)')
    .option('-s, --streams <count>', 'default: one for each actor where they are pinned, else 1')
    .option('-a, --partitions <count>', 'of each stream, balanced kinds (default: 24)')
    .option('-p, --producers <count>', 'default: 8')
    .option('-c, --consumers <count>', 'default: 8')
    .option('-g, --groups <count>', 'consumer groups of each stream (default: 1)')
    .option('--workers <count>', 'threads that the actors are spread over (default: one for each processor)')
    .option('--topic-option <key=value>', 'how topics are created, such as durability=persisted; may be repeated', collected, [])
    .option('--stream-prefix <name>', 'streams are called NAME-1, NAME-2 … (default: a new name)')
    .option('--reuse-streams', 'uses streams that are there, with a topic topic-1 each')
    .option('--keep', 'leaves what it made')
    .option('--remark <text>', 'is shown with the result')
    .option('--json <file>', 'writes the result; - is standard output')
    .option('--html <file>', 'writes a page with charts')
    .addHelpText('after', `\nKinds:\n${list}\n\nExit codes: 0 done and every count right, 1 failed, 2 options, 130 stopped.`)
    .exitOverride()
    .action(async (kind: string, { json, html, ...options }: GivenOptions & { json?: string; html?: string }) => {
      const { runBench } = await import('./bench-command.ts');
      ended(await runBench({ kind, options, jsonPath: json, htmlPath: html, version }));
    });
  bench
    .command('compare')
    .description('Sets two results beside each other.')
    .argument('<first>', 'file of --json')
    .argument('<second>', 'file of --json')
    .option('--html <file>', 'writes a page with charts')
    .exitOverride()
    .action(async (first: string, second: string, options: { html?: string }, command: Command) => {
      // The option is one of both commands, and commander gives it to the outer one.
      const htmlPath = options.html ?? (command.parent?.opts() as { html?: string } | undefined)?.html;
      const { runCompare } = await import('./bench-command.ts');
      ended(runCompare([first, second], htmlPath));
    });
}

function collected(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
