import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { type CommandRun, runGalgoCommand } from './fixtures/run-command.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-server-'));
after(() => rmSync(folder, { recursive: true }));

let folders = 0;
function startServer(options: { path?: string; address?: string; env?: NodeJS.ProcessEnv; args?: string[] } = {}): CommandRun {
  const data = options.path ?? path.join(folder, String(folders++));
  const args = [
    'server',
    '--path',
    data,
    '--tcp-address',
    options.address ?? '127.0.0.1:0',
    '--quic-address',
    '127.0.0.1:0',
    '--websocket-address',
    '127.0.0.1:0',
    '--http-address',
    '127.0.0.1:0',
    ...(options.args ?? []),
  ];
  return runGalgoCommand(args, { cwd: folder, ...(options.env ? { env: options.env } : {}) });
}

async function addressOf(server: CommandRun): Promise<string> {
  const notice = await server.printed(/Iggy server is running[\s\S]*send_one/);
  return /TCP {3}(\S+)/.exec(notice)?.[1] ?? assert.fail(notice);
}

async function stopped(server: CommandRun): Promise<void> {
  server.child.kill('SIGTERM');
  assert.equal(await server.exited, 0, server.stderr());
}

describe('a server started by the command', () => {
  it('takes connections where it says, from the moment it says so', async () => {
    const server = startServer();
    const address = await addressOf(server);
    const port = Number(address.split(':')[1]);
    assert(port > 0);
    const socket = net.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
    await stopped(server);
    const late = net.connect(port, '127.0.0.1');
    const [error] = await once(late, 'error');
    assert.equal(error.code, 'ECONNREFUSED');
  });

  it('prints the password that it made at the first start, and none at the second', async () => {
    const data = path.join(folder, 'twice');
    const first = startServer({ path: data });
    await addressOf(first);
    assert.match(first.stdout(), /Generated root user password: \S{20,}\n/);
    await stopped(first);
    const second = startServer({ path: data });
    await addressOf(second);
    assert.doesNotMatch(second.stdout(), /password: /);
    await stopped(second);
  });

  it('ends with 1 and the reason when its port is taken', async () => {
    const first = startServer();
    const address = await addressOf(first);
    const second = startServer({ address });
    assert.equal(await second.exited, 1);
    assert.match(second.stderr(), /EADDRINUSE/);
    assert.equal(second.stdout(), '');
    await stopped(first);
  });

  it('refuses --fresh on the folder of a running server and deletes nothing', async () => {
    const data = path.join(folder, 'in-use');
    const first = startServer({ path: data });
    await addressOf(first);
    const before = readdirSync(data, { recursive: true }).sort();
    const second = startServer({ path: data, args: ['--fresh'] });
    assert.equal(await second.exited, 1);
    assert.match(second.stderr(), new RegExp(`in use by process ${first.child.pid}`));
    assert.deepEqual(readdirSync(data, { recursive: true }).sort(), before);
    await stopped(first);

    const third = startServer({ path: data, args: ['--fresh'] });
    await addressOf(third);
    assert.match(third.stdout(), /Generated root user password/, 'the folder was empty');
    await stopped(third);
  });

  it('tells systemd’s socket that it is ready and that it stops', async () => {
    const socketPath = path.join(folder, 'notify');
    // Node has no Unix datagram sockets, so Python stands in for systemd.
    const program =
      'import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint("bound",flush=True)\n' +
      'while True: print(repr(s.recv(4096).decode()),flush=True)';
    const manager = spawn('python3', ['-c', program, socketPath], { stdio: ['ignore', 'pipe', 'inherit'] });
    let received = '';
    manager.stdout.setEncoding('utf8').on('data', (text: string) => {
      received += text;
    });
    try {
      await once(manager.stdout, 'data');
      const server = startServer({ env: { NOTIFY_SOCKET: socketPath, WATCHDOG_USEC: '200000' } });
      const address = await addressOf(server);
      while (!received.includes('WATCHDOG=1')) await once(manager.stdout, 'data');
      assert.match(received, /READY=1\\nSTATUS=Listening on QUIC \S+, TCP \S+, WebSocket \S+, HTTP \S+'/);
      assert(received.includes(`TCP ${address},`));
      await stopped(server);
      while (!received.includes('STOPPING=1')) await once(manager.stdout, 'data');
    } finally {
      manager.kill();
    }
  });
});
