// Sends and polls over HTTP against a bare fastify server, and one of Node's alone, with bodies and replies of the same sizes, side by side in one run: requests per second and
// ratios, medians with the spread of all repetitions.
//
//   npm run build && node --import tsx bench/http/http-table.ts [--repetitions 5] [--seconds 2]

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values } = parseArgs({ options: { repetitions: { type: 'string', default: '5' }, seconds: { type: 'string', default: '2' } } });
const repetitions = Number(values.repetitions);
const runMs = Number(values.seconds) * 1000;
const payload = Buffer.alloc(100, 'x').toString('base64');

interface Line {
  name: string;
  connections: number;
  galgo: string;
  bare: string;
}

function start(args: string[], ready: RegExp): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk;
      const url = ready.exec(output)?.[1];
      if (url !== undefined) resolve({ child, url });
    });
    child.once('exit', () => reject(new Error(`it ended:\n${output}`)));
  });
}

/** Requests per second of so many connections, each with one request under way. */
async function rate(url: string, request: string, connections: number): Promise<number> {
  const { hostname, port } = new URL(url);
  const startedAtMs = performance.now();
  const counts = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = net.connect(Number(port), hostname).setNoDelay(true);
      let count = 0;
      await new Promise<void>((resolve, reject) => {
        let received = '';
        socket.setEncoding('latin1').on('data', (text: string) => {
          received += text;
          const headEnd = received.indexOf('\r\n\r\n');
          if (headEnd < 0) return;
          const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
          if (received.length < headEnd + 4 + length) return;
          if (!/^HTTP\/1\.1 20[01] /.test(received)) {
            reject(new Error(received.slice(0, 500)));
            return;
          }
          received = '';
          count++;
          if (performance.now() - startedAtMs < runMs) socket.write(request);
          else resolve();
        });
        socket.once('error', reject);
        socket.write(request);
      });
      socket.destroy();
      return count;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0) / ((performance.now() - startedAtMs) / 1000);
}

function requestOf(method: string, target: string, token: string, body = ''): string {
  const head = `${method} ${target} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ${token}\r\n`;
  const announced = body === '' ? '' : `content-type: application/json\r\ncontent-length: ${body.length}\r\n`;
  return `${head}${announced}\r\n${body}`;
}

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;

const spread = (ratios: readonly number[]) =>
  `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`;

const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-bench-'));
const children: ChildProcess[] = [];
try {
  const any = '127.0.0.1:0';
  const galgo = await start(
    [
      ...['bin/galgo.js', 'server', '--path', path.join(folder, 'data'), '--tcp-address', any, '--quic-address', any],
      ...['--websocket-address', any, '--http-address', any, '--with-default-root-credentials', '--log-level', 'warn'],
    ],
    /HTTP {2}(\S+)/,
  );
  children.push(galgo.child);
  const call = async (method: string, target: string, body?: object, token?: string) => {
    const reply = await fetch(`${galgo.url}${target}`, {
      method,
      headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!reply.ok) throw new Error(`${method} ${target}: ${await reply.text()}`);
    return await reply.text();
  };
  const login = JSON.parse(await call('POST', '/users/login', { username: 'iggy', password: 'iggy' })) as {
    access_token: { token: string };
  };
  const { token } = login.access_token;
  await call('POST', '/streams', { name: 's' }, token);
  const settings = { compression_algorithm: 'none', message_expiry: 0, max_topic_size: 0 };
  await call('POST', '/streams/s/topics', { ...settings, name: 't', partitions_count: 1 }, token);
  const send = JSON.stringify({ partitioning: { kind: 'partition_id', value: 'AAAAAA==' }, messages: [{ id: 0, payload }] });
  await call('POST', '/streams/s/topics/t/messages', JSON.parse(send) as object, token);
  const pollTarget = '/streams/s/topics/t/messages?consumer_id=1&partition_id=0&kind=offset&value=0&count=1&auto_commit=false';
  const replyBytes = (await call('GET', pollTarget, undefined, token)).length;
  const bare = await start(['--import', 'tsx', 'bench/http/bare-front.ts', String(replyBytes)], /(http\S+ http\S+)\s/);
  children.push(bare.child);
  const [framework, node] = bare.url.split(' ') as [string, string];

  const lines: Line[] = [1, 8].flatMap((connections) => [
    {
      name: 'send 1 × 100 B',
      connections,
      galgo: requestOf('POST', '/streams/s/topics/t/messages', token, send),
      bare: requestOf('POST', '/send', token, send),
    },
    { name: 'poll 1 × 100 B', connections, galgo: requestOf('GET', pollTarget, token), bare: requestOf('GET', '/poll', token) },
  ]);
  for (const line of lines) {
    await rate(galgo.url, line.galgo, line.connections);
    for (const url of [framework, node]) await rate(url, line.bare, line.connections);
  }
  console.log(
    '| Line | Connections | Galgo, requests/s | Bare fastify | Bare Node | Galgo by fastify (lowest to highest) | Galgo by Node |\n|---|---|---|---|---|---|---|',
  );
  for (const line of lines) {
    const rounds: { galgo: number; framework: number; node: number }[] = [];
    for (let i = 0; i < repetitions; i++) {
      rounds.push({
        galgo: await rate(galgo.url, line.galgo, line.connections),
        framework: await rate(framework, line.bare, line.connections),
        node: await rate(node, line.bare, line.connections),
      });
    }
    const rates = (['galgo', 'framework', 'node'] as const).map((name) => Math.round(median(rounds.map((round) => round[name]))));
    const ratios = (['framework', 'node'] as const).map((name) => spread(rounds.map((round) => round.galgo / round[name])));
    console.log(`| ${[line.name, line.connections, ...rates, ...ratios].join(' | ')} |`);
  }
} finally {
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true, force: true });
}
