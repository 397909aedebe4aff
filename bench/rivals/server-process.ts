// A server of others: on a free port, with its words kept for the case that it does not come up, and gone when this program is.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const upWithinMs = 40_000;
const downWithinMs = 10_000;

export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The first of the paths that is there. */
export function program(name: string, ...paths: readonly string[]): string {
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name} is not installed; see setup.sh`);
  return found;
}

/** Resolves when the port takes connections; rejects with what the server wrote where it ends, or does not come up in time. */
export async function startServer(command: string, args: readonly string[], port: number): Promise<{ stop(): Promise<void> }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-2000);
    });
  let ended: Error | undefined;
  child.once('error', (error) => {
    ended = error;
  });
  child.once('exit', (code) => {
    ended ??= new Error(`${command} ended with ${code}: ${output.trim()}`);
  });
  const endMs = performance.now() + upWithinMs;
  while (!(await accepts(port))) {
    if (ended !== undefined) throw ended;
    if (performance.now() > endMs) {
      kill();
      throw new Error(`${command} did not come up: ${output.trim()}`);
    }
    await sleep(50);
  }
  return { stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), downWithinMs);
  await exited;
  clearTimeout(timer);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
