// What a server inside a program does to the process: seen from outside.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Galgo } from '../../src/index.ts';
import { temporaryFolder } from '../support/test-server.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const timeout = 60_000;

const source = (program: string) =>
  `import { Galgo } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)};\n${program}`;
const node = (program: string) => [process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source(program)]] as const;

test('a program ends by itself after close, with nothing left open and nothing written', async () => {
  const program = `
    // Opened when they are first looked at.
    void [process.stdin, process.stdout, process.stderr];
    const before = process.getActiveResourcesInfo();
    const listener = { enabled: true, address: '127.0.0.1:0' };
    const galgo = await Galgo.start({ config: { tcp: listener, quic: listener, websocket: listener } });
    const client = await galgo.connect();
    await client.streams.create({ name: 's' });
    await client.topics.create({ stream: 's', name: 't' });
    const consumer = client.consumer({ stream: 's', topic: 't', group: 'g' });
    const running = consumer.run(() => consumer.close());
    await client.producer({ stream: 's', topic: 't' }).send({ payload: 'x' });
    await running;
    await galgo.close();
    // The system closes handles in a later turn.
    const left = () => {
      const active = process.getActiveResourcesInfo();
      for (const each of before) if (active.includes(each)) active.splice(active.indexOf(each), 1);
      return active;
    };
    for (let turn = 0; turn < 1000 && left().length > 0; turn++) await new Promise((resolve) => setImmediate(resolve));
    console.log(JSON.stringify(left()));`;
  const { stdout, stderr } = await promisify(execFile)(...node(program), { cwd: root, timeout });
  // The loader of this program may itself have finished something since.
  assert.deepEqual(JSON.parse(stdout), []);
  assert.equal(stderr, '');
});

test('what was acknowledged survives the sudden death of the program', async (t) => {
  const folder = temporaryFolder();
  t.after(() => folder.remove());
  const program = `
    const galgo = await Galgo.start({ path: ${JSON.stringify(`${folder.path}/data`)} });
    const client = await galgo.connect();
    await client.streams.create({ name: 's' });
    await client.topics.create({ stream: 's', name: 't' });
    const producer = client.producer({ stream: 's', topic: 't' });
    for (let sent = 0; ; sent++) {
      await producer.send({ payload: String(sent) });
      process.stdout.write(sent + '\\n');
    }`;
  const [command, args] = node(program);
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
    if (output.includes('\n500\n')) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const acknowledged = Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1));
  assert.ok(acknowledged >= 500);

  const galgo = await Galgo.start({ path: `${folder.path}/data` });
  t.after(() => galgo.close());
  const client = await galgo.connect();
  const { messages } = await client.messages.poll({ stream: 's', topic: 't', from: { offset: acknowledged - 1 }, count: 10 });
  assert.equal(messages[1]?.text(), String(acknowledged));
});
