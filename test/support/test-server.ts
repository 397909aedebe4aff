// A real server for a test: in this process on a free port with a temporary data folder, or as a process of its own that can be killed.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const startTimeoutMs = 30_000;

export function temporaryFolder(): { path: string; remove(): void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-test-'));
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface ServerProcess {
  /** Of TCP; empty if it is off. */
  readonly address: string;
  readonly quicAddress: string;
  /** With its scheme, `ws://host:port` or `wss://host:port`. */
  readonly websocketAddress: string;
  /** With its scheme, `http://host:port` or `https://host:port`. */
  readonly httpAddress: string;
  readonly pid: number;
  /** What it wrote to standard output and error so far. */
  output(): string;
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Starts `galgo server`, of this clone or of a package elsewhere, on a free port with root credentials iggy/iggy. Rejects with its output if it does not come up. */
export function startServerProcess(
  dataPath: string,
  environment: Record<string, string> = {},
  packageFolder = root,
): Promise<ServerProcess> {
  const child = spawn(
    process.execPath,
    [path.join(packageFolder, 'bin/galgo.js'), 'server', '--path', dataPath, '--with-default-root-credentials'],
    {
      cwd: packageFolder,
      env: {
        ...process.env,
        GALGO_TCP_ADDRESS: '127.0.0.1:0',
        GALGO_QUIC_ADDRESS: '127.0.0.1:0',
        GALGO_WEBSOCKET_ADDRESS: '127.0.0.1:0',
        GALGO_HTTP_ADDRESS: '127.0.0.1:0',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  // A test that fails leaves its server behind: it must neither keep the test process alive nor outlive it.
  const cleanUp = () => child.kill('SIGKILL');
  process.once('exit', cleanUp);
  // Only then has all that it printed been read.
  const exited = new Promise<number | null>((resolve) =>
    child.once('close', (code) => {
      process.off('exit', cleanUp);
      resolve(code);
    }),
  );
  let output = '';
  let running = false;
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`${reason}\n${output}`));
    };
    const timer = setTimeout(() => fail('the server did not come up in time'), startTimeoutMs);
    const read = (chunk: Buffer) => {
      output += chunk;
      if (running || !/Iggy server is running[\s\S]* {2}Data /.test(output)) return;
      running = true;
      const address = /TCP {3}(\S+)/.exec(output)?.[1] ?? '';
      clearTimeout(timer);
      setKeepsAlive(child, false);
      const quicAddress = /QUIC {2}(\S+)/.exec(output)?.[1] ?? '';
      const websocket = /WS {4}(\S+)/.exec(output)?.[1] ?? '';
      const http = /HTTP {2}(\S+)/.exec(output)?.[1] ?? '';
      resolve(serverProcess(child, { tcp: address, quic: quicAddress, websocket, http }, exited, () => output));
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    void exited.then((code) => fail(`the server ended with code ${code}`));
  });
}

/** Whether the process of the tests goes on for as long as this one runs. */
function setKeepsAlive(child: ChildProcess, keeps: boolean): void {
  for (const part of [child, child.stdout as net.Socket, child.stderr as net.Socket]) {
    if (keeps) part.ref();
    else part.unref();
  }
}

function serverProcess(
  child: ChildProcess,
  addresses: { tcp: string; quic: string; websocket: string; http: string },
  exited: Promise<number | null>,
  output: () => string,
): ServerProcess {
  return {
    address: addresses.tcp,
    quicAddress: addresses.quic,
    websocketAddress: addresses.websocket,
    httpAddress: addresses.http,
    pid: child.pid as number,
    output,
    stop() {
      setKeepsAlive(child, true);
      child.kill('SIGTERM');
      return exited;
    },
    async kill() {
      setKeepsAlive(child, true);
      child.kill('SIGKILL');
      await exited;
    },
  };
}
