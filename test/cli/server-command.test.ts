import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { parse } from 'smol-toml';
import { runGalgoCommand, runStub } from './fixtures/run-command.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-cli-'));
after(() => rmSync(folder, { recursive: true }));

let folders = 0;
function newFolder(): string {
  const made = path.join(folder, String(folders++));
  mkdirSync(made);
  return made;
}

const running = /Iggy server is running/;

function logLines(stderr: string): { level: string; msg: string }[] {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

describe('galgo', () => {
  it('--version prints the version of the package', async () => {
    const command = runGalgoCommand(['--version'], { cwd: folder });
    assert.equal(await command.exited, 0);
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    assert.equal(command.stdout(), `${version}\n`);
  });

  for (const args of [['server', '--nope'], ['serve'], ['server', '--tcp-address']]) {
    it(`\`galgo ${args.join(' ')}\` ends with 2 and says why`, async () => {
      const command = runGalgoCommand(args, { cwd: folder });
      assert.equal(await command.exited, 2);
      assert.match(command.stderr(), /^error: /);
      assert.equal(command.stdout(), '');
    });
  }
});

describe('galgo server', () => {
  it('prints where it is once it runs, and ends with 0 after SIGTERM', async () => {
    const cwd = newFolder();
    const command = runStub(['server', '--path', 'data', '--with-default-root-credentials'], { cwd });
    const notice = await command.printed(/send_one/);
    assert.match(notice, /^Iggy server is running: Galgo \d+\.\d+\.\d+/);
    assert.match(notice, /TCP {3}0\.0\.0\.0:4711\n/);
    assert(notice.includes(`Data  ${path.join(cwd, 'data')}\n`));
    assert.match(notice, /User {2}iggy, password iggy/);
    assert.match(notice, /IggyClient\("127\.0\.0\.1:4711"\).*login_user\("iggy", "iggy"\)/);
    command.child.kill('SIGTERM');
    assert.equal(await command.exited, 0);
    assert.match(command.stdout(), /stop called/);
    assert.equal(logLines(command.stderr()).at(-1)?.msg, 'stopped');
  });

  it('shows a generated password, and never one that was given', async () => {
    const generated = runStub(['server'], { cwd: newFolder(), env: { STUB_PASSWORD: 'rAnDoM' } });
    const notice = await generated.printed(/send_one/);
    assert.match(notice, /Generated root user password: rAnDoM\n/);
    assert.match(notice, /login_user\("iggy", "rAnDoM"\)/);
    generated.child.kill('SIGINT');
    assert.equal(await generated.exited, 0);

    const given = runStub(['server', '--log-level', 'trace'], {
      cwd: newFolder(),
      env: { GALGO_ROOT_USERNAME: 'admin', GALGO_ROOT_PASSWORD: 'hidden-word' },
    });
    await given.printed(/login_user\("admin", "…"\)/);
    given.child.kill('SIGINT');
    await given.exited;
    assert(!(given.stdout() + given.stderr()).includes('hidden-word'));
  });

  it('writes the values in force, with the address as bound', async () => {
    const cwd = newFolder();
    const command = runStub(['server', '--tcp-address', '127.0.0.1:0'], { cwd, env: { GALGO_ENGINE_SYNC_THREADS: '3' } });
    await command.printed(running);
    const config = parse(readFileSync(path.join(cwd, 'local_data/runtime/current_config.toml'), 'utf8'));
    assert.equal((config.tcp as { address: string }).address, '0.0.0.0:4711');
    assert.equal((config.engine as { sync_threads: number }).sync_threads, 3);
    command.child.kill('SIGTERM');
    await command.exited;
    // What it wrote can be read again.
    const again = runStub(['server', '--config', 'local_data/runtime/current_config.toml'], { cwd });
    await again.printed(running);
    again.child.kill('SIGTERM');
    assert.equal(await again.exited, 0);
  });

  it('a second signal ends it at once', async () => {
    const command = runStub(['server'], { cwd: newFolder(), env: { STUB_STOP: 'hangs' } });
    await command.printed(running);
    command.child.kill('SIGTERM');
    await command.printed(/stop called/);
    command.child.kill('SIGINT');
    assert.equal(await command.exited, 1);
    assert.match(logLines(command.stderr()).at(-1)?.msg ?? '', /SIGINT again/);
  });

  it('an error that nobody caught is logged, stops the server and ends with 1', async () => {
    const command = runStub(['server'], { cwd: newFolder(), env: { STUB_THROW: '1' } });
    assert.equal(await command.exited, 1);
    assert.match(command.stdout(), /stop called/);
    assert(logLines(command.stderr()).some((line) => line.level === 'fatal' && line.msg === 'uncaught error'));
  });

  it('a start that fails and a stop that fails end with 1 and the reason', async () => {
    const start = runStub(['server'], { cwd: newFolder(), env: { STUB_START: 'fails' } });
    assert.equal(await start.exited, 1);
    assert.match(start.stderr(), /no room/);
    assert.equal(start.stdout(), '');

    const stop = runStub(['server'], { cwd: newFolder(), env: { STUB_STOP: 'fails' } });
    await stop.printed(running);
    stop.child.kill('SIGTERM');
    assert.equal(await stop.exited, 1);
    assert.match(stop.stderr(), /disk gone/);
  });

  it('a configuration with faults ends with 1 and lists them, before anything is made', async () => {
    const cwd = newFolder();
    const command = runStub(['server', '--log-level', 'loud', '--tcp-address', 'x'], { cwd });
    assert.equal(await command.exited, 1);
    assert.match(command.stderr(), /--log-level: "loud"[\s\S]*--tcp-address: "x"/);
    assert.deepEqual(readdirSync(cwd), []);
  });

  it('tells the service manager when it is ready, alive and stopping', async () => {
    const command = runStub(['server'], { cwd: newFolder(), env: { NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '100000' } });
    await command.printed(/(?:WATCHDOG=1[\s\S]*){2}/);
    command.child.kill('SIGTERM');
    assert.equal(await command.exited, 0);
    const messages = command.stdout().match(/notify .*/g) ?? [];
    assert.equal(messages[0], 'notify /run/notify "READY=1\\nSTATUS=Listening on TCP 0.0.0.0:4711"');
    assert.match(messages.at(-1) ?? '', /STOPPING=1/);
  });

  it('warnings of the configuration go to the log', async () => {
    const command = runStub(['server'], { cwd: newFolder(), env: { IGGY_TCP_SOCKET_NODELAY: 'true' } });
    await command.printed(running);
    command.child.kill('SIGTERM');
    await command.exited;
    assert(logLines(command.stderr()).some((line) => line.level === 'warn' && line.msg.includes('IGGY_TCP_SOCKET_NODELAY')));
  });
});

describe('the data folder', () => {
  it('--fresh empties it, and a later start finds it in order', async () => {
    const cwd = newFolder();
    const first = runStub(['server'], { cwd });
    await first.printed(running);
    first.child.kill('SIGTERM');
    await first.exited;
    mkdirSync(path.join(cwd, 'local_data/streams/1'), { recursive: true });

    const fresh = runStub(['server', '--fresh'], { cwd });
    await fresh.printed(running);
    assert(!existsSync(path.join(cwd, 'local_data/streams')));
    fresh.child.kill('SIGTERM');
    assert.equal(await fresh.exited, 0);
    assert.deepEqual(readdirSync(path.join(cwd, 'local_data')).sort(), ['galgo-data-folder', 'galgo.lock', 'runtime']);
  });

  for (const args of [
    ['server', '--path', '.'],
    ['server', '--path', '.', '--fresh'],
  ]) {
    it(`\`galgo ${args.join(' ')}\` leaves a foreign folder alone`, async () => {
      const cwd = newFolder();
      writeFileSync(path.join(cwd, 'thesis.txt'), 'years of work');
      const command = runStub(args, { cwd });
      assert.equal(await command.exited, 1);
      assert.match(command.stderr(), /holds files of something else/);
      assert.deepEqual(readdirSync(cwd), ['thesis.txt']);
    });
  }

  it('that cannot be made is named', async () => {
    const cwd = newFolder();
    writeFileSync(path.join(cwd, 'file'), '');
    const command = runStub(['server', '--path', 'file/data'], { cwd });
    assert.equal(await command.exited, 1);
    assert.match(command.stderr(), /the data folder .*file\/data cannot be used: ENOTDIR/);
  });
});
