import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { settingKeys } from '../../src/config/key-table.ts';
import { ConfigurationError, loadSettings, type SettingsRequest } from '../../src/config/load-settings.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-config-'));
after(() => rmSync(folder, { recursive: true }));

const machine = { processors: 4, memoryBytes: 2 ** 31 };

function load(request: SettingsRequest = {}) {
  return loadSettings({ env: {}, cwd: folder, machine, ...request });
}

let files = 0;
function tomlFile(content: string): string {
  const file = path.join(folder, `settings-${files++}.toml`);
  writeFileSync(file, content);
  return file;
}

function problemsOf(request: SettingsRequest): readonly string[] {
  try {
    load(request);
  } catch (error) {
    assert(error instanceof ConfigurationError);
    for (const problem of error.problems) assert(error.message.includes(problem));
    return error.problems;
  }
  return assert.fail('the settings were accepted');
}

const issuers = (change: Record<string, unknown>) =>
  JSON.stringify([{ issuer: 'i', audience: 'a', jwks_url: 'https://i.example/keys', user_id: 1, ...change }]);

describe('defaults', () => {
  it('hold without file, variables and flags', () => {
    const { settings, origins, warnings, configFile } = load();
    assert.equal(settings.system.path, path.join(folder, 'local_data'));
    assert.deepEqual(settings.system.segment, { sizeBytes: 2 ** 30, directIo: false });
    assert.deepEqual(settings.system.topic, { sizeBytesMax: undefined, messageExpiryMs: undefined });
    assert.equal(settings.tcp.host, '127.0.0.1');
    assert.equal(settings.tcp.port, 8090);
    assert.equal(settings.durability.messages, 'interval');
    assert.equal(settings.limits.frameBytesMax, 64 * 2 ** 20);
    assert.equal(settings.rootCredentials, undefined);
    assert.deepEqual([...new Set([...origins.values()].map((origin) => origin.source))], ['default']);
    assert.deepEqual(warnings, []);
    assert.equal(configFile, undefined);
  });

  it('what is automatic follows the machine', () => {
    assert.equal(load().settings.engine.ioThreads, 2);
    assert.equal(load({ machine: { ...machine, processors: 1 } }).settings.engine.ioThreads, 1);
    assert.equal(load({ machine: { ...machine, processors: 64 } }).settings.engine.ioThreads, 8);
    const workersOn = (processors: number) =>
      load({ machine: { ...machine, processors }, env: { GALGO_SERVER_WORKERS: 'auto' } }).settings.server.workers;
    assert.deepEqual([1, 2, 4, 64].map(workersOn), [1, 1, 3, 16]);
    assert.equal(load().settings.engine.bufferBytesMax, Math.floor(2 ** 31 / 10));
    assert.equal(load({ machine: { ...machine, memoryBytes: 2 ** 28 } }).settings.engine.bufferBytesMax, 128 * 2 ** 20);
    assert.equal(load({ machine: { ...machine, memoryBytes: 2 ** 40 } }).settings.engine.bufferBytesMax, 256 * 2 ** 20);
  });

  it('every key may be written as its default says, in a file and in the environment', () => {
    const plain = load().settings;
    const toml = settingKeys.map((key) => `${key.path} = ${JSON.stringify(key.initial)}`).join('\n');
    assert.deepEqual(load({ configPath: tomlFile(toml) }).settings, plain);
    const env = Object.fromEntries(settingKeys.map((key) => [`GALGO_${key.variable}`, String(key.initial)]));
    assert.deepEqual(load({ env }).settings, plain);
  });

  it('settings cannot be changed', () => {
    const { settings } = load();
    assert.throws(() => Object.assign(settings.tcp.tls, { enabled: true }), TypeError);
  });
});

describe('precedence', () => {
  const configPath = tomlFile('[tcp]\naddress = "127.0.0.1:1"\n[system]\npath = "from-file"\n[engine]\nsync_threads = 3\n');
  const env = { GALGO_TCP_ADDRESS: '127.0.0.1:2', IGGY_TCP_ADDRESS: '127.0.0.1:3', IGGY_SYSTEM_PATH: 'from-env' };

  it('flags win over the environment, that over the file, that over defaults', () => {
    const { settings, origins } = load({ configPath, env, flags: new Map([['tcp.address', '127.0.0.1:4']]) });
    assert.equal(settings.tcp.port, 4);
    assert.equal(settings.system.path, path.join(folder, 'from-env'));
    assert.equal(settings.engine.syncThreads, 3);
    assert.deepEqual(origins.get('tcp.address'), { source: 'flag', name: '--tcp-address' });
    assert.deepEqual(origins.get('system.path'), { source: 'environment', name: 'IGGY_SYSTEM_PATH' });
    assert.deepEqual(origins.get('engine.sync_threads'), { source: 'file', name: configPath });
    assert.deepEqual(origins.get('tcp.enabled'), { source: 'default', name: '' });
  });

  it('GALGO_ wins over IGGY_, whatever their order', () => {
    assert.equal(load({ env }).settings.tcp.port, 2);
    assert.equal(load({ env: { IGGY_TCP_ADDRESS: '127.0.0.1:3', GALGO_TCP_ADDRESS: '127.0.0.1:2' } }).settings.tcp.port, 2);
  });

  it('an empty variable counts as not set', () => {
    assert.equal(load({ env: { GALGO_TCP_ADDRESS: '' } }).settings.tcp.port, 8090);
  });

  it('the effective table has values as a file has them', () => {
    const { config } = load({
      env: { GALGO_ENGINE_SYNC_THREADS: '4', GALGO_HEARTBEAT_ENABLED: 'TRUE', GALGO_SYSTEM_SEGMENT_SIZE: '1 MiB' },
    });
    const { engine, heartbeat, system } = JSON.parse(JSON.stringify(config));
    assert.equal(engine.sync_threads, 4);
    assert.equal(heartbeat.enabled, true);
    assert.equal(system.segment.size, '1 MiB');
  });
});

describe('the file', () => {
  it('is galgo.toml of the working directory when none is named', () => {
    const cwd = mkdtempSync(path.join(folder, 'cwd-'));
    writeFileSync(path.join(cwd, 'galgo.toml'), '[heartbeat]\nenabled = true\ninterval = "7 s"\n');
    const { settings, configFile } = load({ cwd });
    assert.deepEqual(settings.silence, { classicIntervalMs: 7000, memberIntervalMs: 30_000 });
    assert.equal(configFile, path.join(cwd, 'galgo.toml'));
  });

  it('may be named by GALGO_CONFIG_PATH or IGGY_CONFIG_PATH, and by --config before both', () => {
    const first = tomlFile('engine.sync_threads = 1');
    const second = tomlFile('engine.sync_threads = 2');
    const third = tomlFile('engine.sync_threads = 3');
    const env = { IGGY_CONFIG_PATH: first, GALGO_CONFIG_PATH: second };
    assert.equal(load({ env: { IGGY_CONFIG_PATH: first } }).settings.engine.syncThreads, 1);
    assert.equal(load({ env }).settings.engine.syncThreads, 2);
    assert.equal(load({ env, configPath: third }).settings.engine.syncThreads, 3);
  });

  it('must be there when it is named', () => {
    assert.match(problemsOf({ configPath: 'nowhere.toml' })[0] ?? '', /^--config: .*ENOENT/);
    assert.match(problemsOf({ env: { GALGO_CONFIG_PATH: 'nowhere.toml' } })[0] ?? '', /^GALGO_CONFIG_PATH: .*ENOENT/);
  });

  it('sizes may be plain integers', () => {
    assert.equal(load({ configPath: tomlFile('system.segment.size = 1048576') }).settings.system.segment.sizeBytes, 2 ** 20);
  });

  it('that is no TOML is refused with its line', () => {
    assert.match(problemsOf({ configPath: tomlFile('[tcp]\naddress = \n') })[0] ?? '', /settings-\d+\.toml, line 2: /);
  });

  it('unknown keys are refused with the nearest name', () => {
    const problems = problemsOf({ configPath: tomlFile('[tcp]\nadress = "127.0.0.1:1"\n[nonsense]\nx = 1\n') });
    assert.equal(problems.length, 2);
    assert.match(problems[0] ?? '', /unknown key tcp\.adress; did you mean tcp\.address\?$/);
    assert.match(problems[1] ?? '', /unknown key nonsense$/);
  });

  it('a section must be a section, a value a value', () => {
    assert.match(problemsOf({ configPath: tomlFile('tcp = 5') })[0] ?? '', /tcp is a section/);
    assert.match(
      problemsOf({ configPath: tomlFile('[tcp.enabled]\nx = 1') })[0] ?? '',
      /tcp\.enabled: is not a single value; expected true or false/,
    );
    assert.match(problemsOf({ configPath: tomlFile('system.path = ["a"]') })[0] ?? '', /system\.path: is not a single value/);
  });

  it('written for Iggy serves: what has no meaning here is named in one warning', () => {
    const { settings, warnings } = load({
      configPath: tomlFile(
        '[message_saver]\nenabled = true\n[[metadata.nodes]]\nname = "y"\n' +
          '[tcp.socket]\nnodelay = true\n[system.partition]\nenforce_fsync = true\nvalidate_checksum = true\n',
      ),
    });
    assert.equal(settings.durability.messages, 'group');
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /ignored: message_saver, metadata, tcp\.socket, system\.partition\.validate_checksum$/);
  });

  it('what Iggy would do and this server does not is refused, not left out in silence', () => {
    const problems = problemsOf({ configPath: tomlFile('[websocket]\naccept_unmasked_frames = true\n[cluster]\nenabled = true\n') });
    assert.deepEqual(problems.length, 2);
    assert.match(problems[0] ?? '', /websocket\.accept_unmasked_frames = true asks for what this server does not do/);
  });
});

describe('keys of encryption', () => {
  const key = (byte: number) => Buffer.alloc(32, byte).toString('base64');
  const encryption = (env: Record<string, string>) =>
    load({ env: Object.fromEntries(Object.entries(env).map(([name, value]) => [`GALGO_SYSTEM_ENCRYPTION_${name}`, value])) });

  it('are in the order in which they are tried, each once', () => {
    const file = tomlFile(`${key(1)}\n  ${key(2)}  \n`);
    assert.deepEqual(encryption({}).settings.encryption, { enabled: false, keys: [] });
    assert.deepEqual(encryption({ ENABLED: 'true', KEY: key(1), PREVIOUS_KEYS: `${key(1)}, ${key(3)}` }).settings.encryption, {
      enabled: true,
      keys: [key(1), key(3)],
    });
    assert.deepEqual(encryption({ KEY_FILE: file, PREVIOUS_KEYS: key(3) }).settings.encryption, {
      enabled: false,
      keys: [key(1), key(2), key(3)],
    });
    assert.doesNotMatch(JSON.stringify(encryption({ KEY: key(1), PREVIOUS_KEYS: key(3) }).config), /AQEBAQ|AwMDAw/);
  });

  it('that are missing, wrong or given twice are refused, and not shown', () => {
    const refused = (env: Record<string, string>): readonly string[] => {
      try {
        encryption(env);
      } catch (error) {
        if (error instanceof ConfigurationError) return error.problems;
      }
      return assert.fail('the keys were accepted');
    };
    assert.match(refused({ ENABLED: 'true' })[0] ?? '', /system\.encryption\.key or system\.encryption\.key_file must give a key/);
    assert.deepEqual(refused({ KEY: 'secret text' }), ['system.encryption.key is not the base64 of 32 bytes']);
    assert.deepEqual(refused({ KEY: Buffer.alloc(31).toString('base64') }), ['system.encryption.key is not the base64 of 32 bytes']);
    assert.deepEqual(refused({ PREVIOUS_KEYS: `${key(1)},abc` }), [
      'system.encryption.previous_keys: an entry is not the base64 of 32 bytes',
    ]);
    assert.match(refused({ KEY_FILE: '/nonexistent/key' })[0] ?? '', /^system\.encryption\.key_file: ENOENT/);
    assert.match(refused({ KEY_FILE: tomlFile('\n') })[0] ?? '', /holds no key/);
    assert.match(refused({ KEY: key(1), KEY_FILE: tomlFile(key(2)) })[0] ?? '', /are both set/);
  });
});

describe('lists, tables and secrets', () => {
  it('are written as a file has them, or as one text', () => {
    const file = load({
      configPath: tomlFile(
        '[http.cors]\nallowed_methods = ["get", "POST"]\nexposed_headers = [""]\n[http.jwt]\nvalid_issuers = ["a", "b"]\n' +
          '[[http.jwt.trusted_issuers]]\nissuer = "i"\naudience = "a"\njwks_url = "https://i.example/keys"\nuser_id = 3\n',
      ),
    }).settings.http;
    assert.deepEqual([file.cors?.methods, file.cors?.exposedHeaders, file.jwt.validIssuers], [['GET', 'POST'], [], ['a', 'b']]);
    assert.deepEqual(file.jwt.trustedIssuers, [{ issuer: 'i', audience: 'a', keySetUrl: 'https://i.example/keys', userId: 3 }]);
    const { http } = load({
      env: {
        IGGY_HTTP_CORS_ALLOWED_METHODS: '["GET", "POST"]',
        IGGY_HTTP_CORS_ALLOWED_ORIGINS: '[https://a.example, https://b.example]',
        GALGO_HTTP_JWT_TRUSTED_ISSUERS: issuers({}),
      },
    }).settings;
    assert.deepEqual(
      [http.cors?.methods, http.cors?.origins],
      [
        ['GET', 'POST'],
        ['https://a.example', 'https://b.example'],
      ],
    );
    assert.equal(http.jwt.trustedIssuers.length, 1);
    assert.match(problemsOf({ env: { GALGO_HTTP_CORS_ALLOWED_METHODS: 'GET, FETCH' } })[0] ?? '', /"FETCH"/);
    assert.match(problemsOf({ env: { GALGO_HTTP_JWT_TRUSTED_ISSUERS: 'x' } })[0] ?? '', /is not JSON/);
    assert.match(problemsOf({ env: { GALGO_HTTP_JWT_TRUSTED_ISSUERS: issuers({ else: 1 }) } })[0] ?? '', /unknown field else/);
  });

  it('an issuer without a user, as Iggy ships one, is left out with a warning', () => {
    const entry =
      '[[http.jwt.trusted_issuers]]\nissuer = "test-issuer"\naudience = "iggy.apache.org"\njwks_url = "http://127.0.0.1:8081/jwks.json"\n';
    const { settings, warnings } = load({ configPath: tomlFile(entry) });
    assert.deepEqual(settings.http.jwt.trustedIssuers, []);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /tokens of "test-issuer" are refused/);
  });

  it('a secret is in the settings, and nowhere else', () => {
    const loaded = load({ env: { GALGO_HTTP_JWT_ENCODING_SECRET: 'not to be seen' } });
    assert.equal(loaded.settings.http.jwt.encodingSecret, 'not to be seen');
    assert(!JSON.stringify(loaded.config).includes('not to be seen'));
  });
});

describe('the environment', () => {
  it('an unknown GALGO_ variable is refused, an unknown IGGY_ one is a warning', () => {
    assert.deepEqual(problemsOf({ env: { GALGO_TCP_ADRESS: 'x' } }), [
      'unknown variable GALGO_TCP_ADRESS; did you mean GALGO_TCP_ADDRESS?',
    ]);
    assert.deepEqual(load({ env: { IGGY_TCP_ADRESS: 'x' } }).warnings, [
      'unknown variable IGGY_TCP_ADRESS is ignored; did you mean IGGY_TCP_ADDRESS?',
    ]);
  });

  it('variables of Iggy without a meaning here are a warning, switches that must not be ignored a refusal', () => {
    assert.match(load({ env: { IGGY_TCP_SOCKET_NODELAY: 'true' } }).warnings[0] ?? '', /ignored: IGGY_TCP_SOCKET_NODELAY$/);
    assert.match(problemsOf({ env: { IGGY_CLUSTER_ENABLED: 'true' } })[0] ?? '', /asks for what this server does not do/);
  });

  it('variables of other programs are left alone', () => {
    assert.deepEqual(
      load({ env: { IGGY_CI_BUILD: '1', IGGY_USERNAME: 'x', IGGY_CONNECTORS_SINK_A: '1', GALGO_BUILD: '1', PATH: '/bin' } }).warnings,
      [],
    );
  });
});

describe('faults', () => {
  it('are told all at once, each with the name of its source and what was expected', () => {
    const problems = problemsOf({
      configPath: tomlFile('[system.segment]\nsize = "2 GiB"\n'),
      env: { GALGO_TCP_ADDRESS: 'localhost', GALGO_ENGINE_SYNC_INTERVAL: '5', GALGO_ENGINE_DURABILITY: 'always' },
      flags: new Map([['system.logging.level', 'loud']]),
    });
    assert.equal(problems.length, 5);
    assert.match(problems[0] ?? '', /^--log-level: "loud" is none of these; expected one of trace,/);
    assert.match(
      problems[1] ?? '',
      /settings-\d+\.toml: system\.segment\.size: "2 GiB" is too large; expected a size such as "64 MiB", 512 B to 1 GiB$/,
    );
    assert.match(problems[2] ?? '', /^GALGO_TCP_ADDRESS: "localhost" is not an address; expected HOST:PORT/);
    assert.match(problems[3] ?? '', /^GALGO_ENGINE_DURABILITY: "always" is none of these; expected one of none, interval, group$/);
    assert.match(problems[4] ?? '', /^GALGO_ENGINE_SYNC_INTERVAL: "5" has no unit; expected a duration/);
  });

  const contradicting: [string, Record<string, string>, RegExp][] = [
    ['a segment that is no multiple of 512', { GALGO_SYSTEM_SEGMENT_SIZE: '1000' }, /multiple of 512/],
    ['a topic smaller than a segment', { GALGO_SYSTEM_TOPIC_MAX_SIZE: '1 MiB' }, /at least system\.segment\.size/],
    [
      'no transport',
      { GALGO_TCP_ENABLED: 'false', GALGO_QUIC_ENABLED: 'false', GALGO_WEBSOCKET_ENABLED: 'false', GALGO_HTTP_ENABLED: 'false' },
      /no transport/,
    ],
    ['any origin with credentials', { GALGO_HTTP_CORS_ALLOW_CREDENTIALS: 'true' }, /allow_credentials needs/],
    ['an issuer that stands for root', { GALGO_HTTP_JWT_TRUSTED_ISSUERS: issuers({ user_id: 0 }) }, /other than root/],
    [
      'an issuer whose keys come in the clear',
      { GALGO_HTTP_JWT_TRUSTED_ISSUERS: issuers({ jwks_url: 'http://x.example/' }) },
      /jwks_url with https/,
    ],
    ['an issuer without audience', { GALGO_HTTP_JWT_TRUSTED_ISSUERS: issuers({ audience: '' }) }, /an audience/],
    ['TLS without files', { GALGO_TCP_TLS_ENABLED: 'true', GALGO_TCP_TLS_SELF_SIGNED: 'false' }, /must name files/],
    ['a certificate without its key', { GALGO_TCP_TLS_ENABLED: 'true', GALGO_TCP_TLS_CERT_FILE: 'a.pem' }, /given together/],
    [
      'secure WebSocket without files',
      { GALGO_WEBSOCKET_TLS_ENABLED: 'true', GALGO_WEBSOCKET_TLS_SELF_SIGNED: 'false' },
      /must name files/,
    ],
    [
      'client certificates without TLS',
      { GALGO_TCP_TLS_CLIENT_CERTIFICATES: 'required' },
      /tcp\.tls\.client_certificates needs tcp\.tls\.enabled/,
    ],
    [
      'client certificates without a CA',
      { GALGO_WEBSOCKET_TLS_ENABLED: 'true', GALGO_WEBSOCKET_TLS_CLIENT_CERTIFICATES: 'optional' },
      /needs websocket\.tls\.client_ca_file/,
    ],
    ['frames larger than their buffers', { GALGO_LIMITS_BUFFERS_SIZE_MAX: '64 MiB' }, /three quarters/],
    [
      'buffers larger than the memory budget',
      { GALGO_SYSTEM_MEMORY_BUDGET: '200 MiB', GALGO_LIMITS_BUFFERS_SIZE_MAX: '201 MiB' },
      /buffers_size_max must not exceed system.memory_budget/,
    ],
    ['control requests larger than frames', { GALGO_LIMITS_FRAME_SIZE_MAX: '64 KiB' }, /control_size_max must not exceed/],
  ];
  for (const [name, env, expected] of contradicting) {
    it(`${name} is a contradiction`, () => {
      const problems = problemsOf({ env });
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? '', expected);
    });
  }
});

describe('values', () => {
  const accepted = (variable: string, value: string) => load({ env: { [`GALGO_${variable}`]: value } }).settings;

  it('addresses may be IPv4, bracketed IPv6 and names', () => {
    assert.deepEqual([accepted('TCP_ADDRESS', '[::1]:0').tcp.host, accepted('TCP_ADDRESS', '[::1]:0').tcp.port], ['::1', 0]);
    assert.equal(accepted('TCP_ADDRESS', 'localhost:65535').tcp.host, 'localhost');
    for (const address of ['::1:80', 'host', 'host:', ':80', 'host:65536', 'ho st:1', '[x]:1']) {
      assert.match(problemsOf({ env: { GALGO_TCP_ADDRESS: address } })[0] ?? '', /is not an address/);
    }
  });

  it('expiry and greatest size have words for “never” and “no limit”', () => {
    for (const word of ['0', 'none', 'None', 'unlimited', 'never_expire'])
      assert.equal(accepted('SYSTEM_TOPIC_MESSAGE_EXPIRY', word).system.topic.messageExpiryMs, undefined);
    for (const word of ['0', 'none', 'Unlimited'])
      assert.equal(accepted('SYSTEM_TOPIC_MAX_SIZE', word).system.topic.sizeBytesMax, undefined);
    assert.equal(accepted('SYSTEM_TOPIC_MESSAGE_EXPIRY', '7 days').system.topic.messageExpiryMs, 604_800_000);
    assert.equal(accepted('SYSTEM_TOPIC_MAX_SIZE', '10 GiB').system.topic.sizeBytesMax, 10 * 2 ** 30);
    assert.match(problemsOf({ env: { GALGO_SYSTEM_TOPIC_MESSAGE_EXPIRY: '137 years' } })[0] ?? '', /too large/);
  });

  it('paths are taken from the working directory', () => {
    const settings = accepted('TCP_TLS_CERT_FILE', 'certs/a.pem');
    assert.equal(settings.tcp.tls.certificateFile, path.join(folder, 'certs/a.pem'));
  });
});
