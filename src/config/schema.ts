// Every key of the configuration, with its default, its range and its documentation. The names are those of Iggy where it has the key. What stands here is all there is:
// `docs/configuration.md`, the variables' names and the flags are made from it.

import { z } from 'zod';
import {
  address,
  capturePattern,
  choice,
  count,
  countOrAuto,
  duration,
  expiry,
  flag,
  list,
  optionalPath,
  origins,
  type RawValue,
  secret,
  size,
  sizeOrAuto,
  sizeOrUnlimited,
  tables,
  text,
  words,
} from './setting.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const second = 1000;
const hour = 3600 * second;
const day = 24 * hour;
// The longest delay that a Node timer can have is 2^31 − 1 ms.
const timerDaysMax = 24 * day;

const durabilities = ['none', 'interval', 'group'] as const;
const spacesAhead = ['none', 'reserve', 'prewrite'] as const;

const clientCertificateKeys = {
  client_certificates: choice(['off', 'optional', 'required'], {
    initial: 'off',
    doc: 'Whether clients are asked for a certificate: one that does not verify is refused in any case, none is refused if it is `required`.',
  }),
  client_ca_file: optionalPath({ initial: '', doc: 'Certificates that clients’ certificates must be signed by, PEM.' }),
};

/** The keys of a TLS listener. */
const tlsKeys = (transport: string, otherwise = '') =>
  z.object({
    enabled: flag({ initial: false, doc: `TLS on the ${transport} port. Plain connections are then refused.` }),
    self_signed: flag({
      initial: true,
      doc: 'Serves a certificate for `localhost` that is made once and kept in the data folder, if the certificate file is not named or does not exist. If it is `false`, both files must be there.',
    }),
    cert_file: optionalPath({ initial: '', doc: `Certificate chain, PEM.${otherwise}` }),
    key_file: optionalPath({ initial: '', doc: 'Private key of the certificate, PEM: PKCS#8, PKCS#1 or SEC1.' }),
    ...clientCertificateKeys,
  });

/** The keys of an export. */
const exportKeys = (signal: string, what: string) =>
  z.object({
    transport: choice(['http', 'grpc'], {
      initial: 'http',
      doc: `How ${signal} are exported. Iggy’s \`grpc\` is refused: most collectors take both.`,
    }),
    endpoint: text({ initial: `http://localhost:4318/v1/${signal}`, doc: `${what}: where they are sent.` }),
  });

export const schema = z.object({
  system: z.object({
    path: text({
      initial: 'local_data',
      flag: '--path <data folder>',
      doc: 'Folder of all data, relative to the working directory. It is made if it is not there.',
    }),
    memory_budget: sizeOrAuto(
      { min: 128 * MiB, max: 1024 * GiB },
      {
        initial: 'auto',
        doc: 'Memory for everything that the server keeps of messages, in all: buffers, indexes, ids, stored consumer offsets, remembered sends ([limits.md](limits.md#memory)). The limits of its parts hold within it. `auto`: a quarter of the machine’s or container’s memory, and at least what those limits add up to and 64 MiB for the indexes of open segments.',
      },
    ),
    logging: z.object({
      level: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'off'], {
        initial: 'info',
        flag: '--log-level <level>',
        doc: 'Least severe log lines that are written.',
      }),
      format: choice(['auto', 'pretty', 'json'], {
        initial: 'auto',
        flag: '--log-format <format>',
        doc: 'How log lines look, on standard error: for people (`pretty`), or one JSON object each (`json`). `auto` is `pretty` on a terminal and `json` elsewhere.',
      }),
      buffer_size_max: size(
        { min: 64 * KiB, max: GiB },
        { initial: '1 MiB', doc: 'Log lines that are kept for a reader that does not take them. Further ones are dropped and counted.' },
      ),
      audit: flag({
        initial: true,
        doc: 'A log line, of level `info`, for each command that changes something or logs in: who, what, from where and with which outcome. Messages and stored offsets are not among them.',
      }),
    }),
    segment: z.object({
      size: size(
        { min: 512, max: GiB },
        {
          initial: '1 GiB',
          doc: 'Size after which a partition begins a new segment, for topics that do not name their own. A multiple of 512 bytes.',
        },
      ),
      direct_io: flag({
        initial: false,
        doc: 'Writes logs past the page cache, in whole blocks, and keeps their newest part in the buffers (`limits.buffers_size_max`). For topics whose option `galgo.direct_io` does not say otherwise. Where the file system cannot do that, the server warns and writes through the page cache.',
      }),
    }),
    topic: z.object({
      max_size: sizeOrUnlimited({
        initial: 'unlimited',
        doc: 'Greatest size of topics that were created with the server’s default. At least the size of a segment.',
      }),
      message_expiry: expiry({
        initial: 'none',
        doc: 'Age after which messages may be removed, for topics that were created with the server’s default.',
      }),
    }),
    partition: z.object({
      enforce_fsync: flag({
        initial: false,
        doc: 'Iggy’s switch for syncing each write. `true` means `engine.durability = "group"`, whatever that key says.',
      }),
    }),
    encryption: z.object({
      enabled: flag({
        initial: false,
        doc: 'Encrypts what is stored of new messages with AES-256-GCM. What is there already stays as it is, see [encryption.md](encryption.md).',
      }),
      key: secret({ initial: '', doc: 'Base64 of the 32 random bytes of the key.' }),
      key_file: optionalPath({
        initial: '',
        doc: 'A file that holds the key, instead of `system.encryption.key`; further lines are previous keys.',
      }),
      previous_keys: list({
        initial: '',
        secret: true,
        doc: 'Keys that older messages are encrypted with.',
      }),
    }),
    message_deduplication: z.object({
      enabled: flag({
        initial: false,
        doc: 'Drops a message whose id its partition remembers, in topics that were created with the server’s default. A topic’s own options are `galgo.deduplication…`.',
      }),
      max_entries: count({ min: 1, max: 10_000_000 }, { initial: 10_000, doc: 'Newest ids that a partition of such a topic remembers.' }),
      expiry: expiry({ initial: '1 m', doc: 'How long it remembers them.' }),
    }),
  }),

  telemetry: z.object({
    enabled: flag({ initial: false, doc: 'Whether traces and log lines are exported by OTLP. Metrics are not: Prometheus fetches them.' }),
    service_name: text({ initial: 'iggy', doc: 'Name (`service.name`) of what is exported.' }),
    traces: exportKeys('traces', 'A span for each request'),
    logs: exportKeys('logs', 'Log lines, beside the log itself'),
  }),

  tcp: z.object({
    enabled: flag({ initial: true, doc: 'Whether the server listens on TCP.' }),
    address: address({
      initial: '127.0.0.1:8090',
      flag: '--tcp-address <host:port>',
      doc: 'Where the server listens on TCP. Port 0 lets the system choose. `0.0.0.0:8090` opens it to the network.',
    }),
    tls: tlsKeys('TCP'),
  }),

  websocket: z.object({
    enabled: flag({ initial: true, doc: 'Whether the server listens for WebSocket connections.' }),
    address: address({
      initial: '127.0.0.1:8092',
      flag: '--websocket-address <host:port>',
      doc: 'Where the server listens for WebSocket connections. Port 0 lets the system choose.',
    }),
    allowed_origins: origins({
      initial: '',
      doc: 'Web pages that may connect: their origins, separated by commas, or `*` for all. Programs that are not browsers send no origin and are not concerned.',
    }),
    max_message_size: size(
      { min: 64 * KiB, max: 64 * MiB },
      {
        initial: '64 MiB',
        doc: 'Largest message that is taken, in however many WebSocket frames. At most `limits.anonymous_frame_size_max` before the login.',
      },
    ),
    handshake_timeout: duration(
      { min: 100, max: hour },
      { initial: '10 s', doc: 'TLS and the request to upgrade must each be over within this time.' },
    ),
    tls: tlsKeys('WebSocket', ' Left empty, that of `tcp.tls` serves if it is named.'),
  }),

  http: z.object({
    enabled: flag({ initial: true, doc: 'Whether the server listens for HTTP requests.' }),
    address: address({
      initial: '127.0.0.1:3000',
      flag: '--http-address <host:port>',
      doc: 'Where the server listens for HTTP requests. Port 0 lets the system choose.',
    }),
    max_request_size: size({ min: 1024, max: 64 * MiB }, { initial: '2 MB', doc: 'Largest body of a request.' }),
    login_failures_max: count(
      { min: 1, max: 1_000_000 },
      { initial: 30, doc: 'Failed logins of an address in a minute; further ones are refused unheard until the minute is over.' },
    ),
    metrics: z.object({
      enabled: flag({ initial: true, doc: 'Whether requests are measured and metrics are served, for Prometheus.' }),
      endpoint: text({ initial: '/metrics', doc: 'Path of the metrics.' }),
      public: flag({
        initial: false,
        doc: 'Whether anybody may read the metrics, which name streams, topics and groups. Otherwise it takes a bearer whose user may read servers.',
      }),
      max_topics: count(
        { min: 0, max: 1_000_000 },
        { initial: 1000, doc: 'Topics that have metrics of their own. The totals count all of them.' },
      ),
      max_lags: count(
        { min: 0, max: 1_000_000 },
        { initial: 10_000, doc: 'Lags of consumer groups among the metrics, one for each group and partition.' },
      ),
    }),
    web_ui: flag({ initial: false, doc: 'Whether the web console is served, at `/ui`.' }),
    tails_max: count({ min: 0, max: 100_000 }, { initial: 100, doc: 'Tails of partitions that may be open at once.' }),
    cors: z.object({
      enabled: flag({ initial: true, doc: 'Whether web pages of other origins may call the API.' }),
      allowed_methods: words(['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'CONNECT', 'PATCH', 'TRACE'], {
        initial: 'GET, POST, PUT, DELETE',
        doc: 'Methods that they may use.',
      }),
      allowed_origins: list({ initial: '*', doc: 'Their origins. `*` as the first one allows all.' }),
      allowed_headers: list({ initial: 'content-type, authorization', doc: 'Headers that they may send.' }),
      exposed_headers: list({ initial: '', doc: 'Headers of replies that they may read.' }),
      allow_credentials: flag({ initial: false, doc: 'Whether they may send cookies and client certificates. Not with `*`.' }),
      allow_private_network: flag({ initial: false, doc: 'Whether pages of public networks may call a server in a private one.' }),
    }),
    jwt: z.object({
      algorithm: choice(['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'], {
        initial: 'HS256',
        doc: 'How access tokens are signed. HS takes a secret, RS and ES take keys in PEM.',
      }),
      issuer: text({ initial: 'iggy.apache.org', doc: 'Issuer (`iss`) of the tokens that the server issues.' }),
      audience: text({ initial: 'iggy.apache.org', doc: 'Audience (`aud`) of the tokens that the server issues.' }),
      valid_issuers: list({ initial: 'iggy.apache.org', doc: 'Accepted `iss` of tokens.' }),
      valid_audiences: list({ initial: 'iggy.apache.org', doc: 'Accepted `aud` of tokens.' }),
      access_token_expiry: expiry({ initial: '1 h', doc: 'Life of a token.' }),
      clock_skew: duration({ min: 0, max: hour }, { initial: '5 s', doc: 'Tolerance when the times of a token are checked.' }),
      not_before: duration({ min: 0, max: hour }, { initial: '0 s', doc: 'Time after which a token begins to be valid.' }),
      encoding_secret: secret({
        initial: '',
        doc: 'Secret, or private key in PEM, that tokens are signed with. Empty with HS: one is made up at each start, so that tokens end with the process.',
      }),
      decoding_secret: secret({
        initial: '',
        doc: 'Secret, or public key in PEM, that tokens are verified with. Empty: that of `http.jwt.encoding_secret`.',
      }),
      use_base64_secret: flag({ initial: false, doc: 'The secrets are base64 of their bytes.' }),
      trusted_issuers: tables(['issuer', 'audience', 'jwks_url', 'user_id'], {
        initial: '',
        doc: 'Other issuers whose tokens are accepted, as `[[http.jwt.trusted_issuers]]`: verified with the keys at `jwks_url`, and taken for the user with the number `user_id`, which must not be root.',
      }),
    }),
    tls: tlsKeys('HTTP', ' Left empty, that of `tcp.tls` serves if it is named.'),
  }),

  certificate_users: z.object({
    name: choice(['common_name', 'dns', 'email', 'uri'], {
      initial: 'common_name',
      doc: 'Which name of a client’s certificate tells the user: the subject’s common name, or the subject’s alternative names of a kind.',
    }),
    pattern: capturePattern({
      initial: '',
      doc: 'Regular expression with one capture that the whole name must match; the capture is the name of the user. `(.+)` takes the name as it is, `(alice|bob)` two names only. Empty: certificates log nobody in.',
    }),
  }),

  quic: z.object({
    enabled: flag({ initial: true, doc: 'Whether the server listens on QUIC.' }),
    address: address({
      initial: '127.0.0.1:8080',
      flag: '--quic-address <host:port>',
      doc: 'Where the server listens on QUIC (UDP). Port 0 lets the system choose.',
    }),
    max_idle_timeout: duration(
      { min: 0, max: day },
      {
        initial: '30 s',
        doc: 'A connection on which nothing arrives for so long is gone. 0 means 30 s. The shorter one of client and server holds.',
      },
    ),
    keep_alive_interval: duration(
      { min: 0, max: day },
      {
        initial: '10 s',
        doc: 'The server pings a connection that was silent for so long. 0 turns that off, and silent clients then end with the idle timeout.',
      },
    ),
    handshake_timeout: duration({ min: 100, max: hour }, { initial: '10 s', doc: 'A handshake must be over within this time.' }),
    max_concurrent_bidi_streams: count(
      { min: 1, max: 10_000 },
      { initial: 256, doc: 'Streams, each with one request, that a client may have open on a connection.' },
    ),
    receive_window: size(
      { min: 64 * KiB, max: GiB },
      {
        initial: '16 MiB',
        doc: 'Most bytes on their way from a client, on all streams of a connection. A connection starts with 1 MiB and gets more as it uses it. On a long way it should be rate × round trip: 16 MiB are 160 MB/s at 100 ms.',
      },
    ),
    stream_receive_window: size({ min: 64 * KiB, max: GiB }, { initial: '16 MiB', doc: 'The same for one stream.' }),
    send_window: size(
      { min: 64 * KiB, max: GiB },
      {
        initial: '4 MiB',
        doc: 'Most bytes that leave on a connection without a sign of life of the client, whatever congestion control would allow. On a long way it should be rate × round trip.',
      },
    ),
    congestion_control: choice(['cubic', 'reno', 'bbr'], {
      initial: 'cubic',
      doc: 'How the rate of sending follows the network.',
    }),
    initial_mtu: size(
      { min: 1200, max: 65_507 },
      {
        initial: '1350 B',
        doc: 'Longest datagram that is sent, without the headers of IP and UDP; a client may ask for less. 1350 passes everywhere but in few tunnels, where 1200 does. More is faster where the whole way takes it: 1452 on plain Ethernet, 8 KB with jumbo frames, 16 KiB on loopback. A connection on whose path nothing longer than 1200 bytes gets through goes back to that. What clients send is taken at any length.',
      },
    ),
    udp_socket: choice(['auto', 'portable'], {
      initial: 'auto',
      doc: 'Which UDP socket serves: the addon’s, which lets the kernel split and join datagrams (`auto`, on Linux), or that of Node (`portable`), which is slower.',
    }),
    udp_buffer_size: size(
      { min: 64 * KiB, max: GiB },
      {
        initial: '4 MiB',
        doc: 'Memory of the kernel for datagrams that wait, for each direction. The kernel gives at most `net.core.rmem_max` and `wmem_max`.',
      },
    ),
    certificate: z.object({
      self_signed: flag({
        initial: true,
        doc: 'Serves a certificate for `localhost` that is made once and kept in the data folder, if the certificate file is not named or does not exist. If it is `false`, both files must be there.',
      }),
      cert_file: optionalPath({ initial: '', doc: 'Certificate chain, PEM. Left empty, that of `tcp.tls` serves if it is named.' }),
      key_file: optionalPath({ initial: '', doc: 'Private key of the certificate, PEM: PKCS#8, PKCS#1 or SEC1.' }),
      ...clientCertificateKeys,
    }),
  }),

  server: z.object({
    workers: countOrAuto(
      { min: 1, max: 64 },
      {
        initial: 1,
        doc: 'Threads that serve connections over plain TCP and, on Linux, QUIC; 1: the main thread serves them itself. `auto`: one less than there are processors, at least 1, at most 16.',
      },
    ),
  }),

  engine: z.object({
    durability: choice(durabilities, {
      initial: 'interval',
      doc: 'When a message is acknowledged: with the kernel (`none`), the same with a sync after at most `engine.sync_interval` (`interval`), or after the sync of its group (`group`). Acknowledged messages survive the end of the process in all three, the loss of power in `group` only.',
    }),
    consumer_offset_durability: choice(durabilities, { initial: 'interval', doc: 'The same for stored consumer offsets.' }),
    sync_interval: duration({ min: 1, max: day }, { initial: '1 s', doc: 'Longest time without a sync under `interval`.' }),
    checkpoint_interval: duration(
      { min: 100, max: day },
      {
        initial: '5 s',
        doc: 'Time between two checkpoints of a partition that is written to. Recovery reads what came after the last one.',
      },
    ),
    space_ahead: choice(spacesAhead, {
      initial: 'prewrite',
      doc: 'Space behind the end of logs that are synced before the acknowledgement or written directly: `reserve` takes it from the file system before it is needed, `prewrite` also fills it with zeros in the background for logs whose groups are small, so that a sync finds nothing but messages to write; `none`.',
    }),
    io_threads: countOrAuto(
      { min: 1, max: 64 },
      { initial: 'auto', doc: 'Threads that write and read partitions. `auto`: one for every two processors, at most 8.' },
    ),
    sync_threads: count({ min: 1, max: 64 }, { initial: 8, doc: 'Threads that wait for syncs: as many partitions can sync side by side.' }),
    inline_append_size_max: size(
      { min: 0, max: 16 * MiB },
      { initial: '2 MiB', doc: 'Largest batch that is written without a change of threads. 0 turns that off.' },
    ),
    inline_poll_size_max: size(
      { min: 0, max: 16 * MiB },
      {
        initial: '1 MiB',
        doc: 'Largest read that is done without a change of threads; 512 KiB at most where there are encryption keys. 0 turns that off.',
      },
    ),
    index_cache_size_max: size({ min: MiB, max: 64 * GiB }, { initial: '64 MiB', doc: 'Memory for the indexes of closed segments.' }),
    open_files_max: count({ min: 64, max: 1_000_000 }, { initial: 4096, doc: 'Files of closed segments that are kept open.' }),
    consumer_offsets_max: count(
      { min: 1, max: 16_000_000 },
      { initial: 1_000_000, doc: 'Consumers and groups with a stored offset, for each partition.' },
    ),
  }),

  limits: z.object({
    connections_max: count({ min: 1, max: 1_000_000 }, { initial: 10_000, doc: 'Open connections of each transport.' }),
    frame_size_max: size({ min: 64 * KiB, max: 64 * MiB }, { initial: '64 MiB', doc: 'A whole request.' }),
    control_size_max: size({ min: 64 * KiB, max: 64 * MiB }, { initial: '1 MiB', doc: 'A request other than sending messages.' }),
    anonymous_frame_size_max: size(
      { min: 4 * KiB, max: MiB },
      { initial: '64 KiB', doc: 'A request on a connection that has not logged in.' },
    ),
    streams_max: count({ min: 1, max: 16_000_000 }, { initial: 1_000_000, doc: 'Streams.' }),
    topics_max: count({ min: 1, max: 16_000_000 }, { initial: 100_000, doc: 'Topics of a stream.' }),
    partitions_max: count({ min: 1, max: 1_000_000 }, { initial: 100_000, doc: 'Partitions of a topic. One request makes at most 1000.' }),
    groups_max: count({ min: 1, max: 1_000_000 }, { initial: 10_000, doc: 'Consumer groups of a topic.' }),
    group_members_max: count({ min: 1, max: 1_000_000 }, { initial: 10_000, doc: 'Members of a consumer group.' }),
    users_max: count({ min: 1, max: 1_000_000 }, { initial: 100_000, doc: 'Users, root included.' }),
    remembered_sends_max: count(
      { min: 64, max: 1_000_000_000 },
      {
        initial: 1_000_000,
        doc: 'Sends of Iggy 0.9 clients that are remembered, of all clients together, so that one that comes again is not stored again: at most 1024 of each client, about 28 bytes each. At the limit clients that are gone are forgotten first.',
      },
    ),
    deduplication_size_max: size(
      { min: MiB, max: 64 * GiB },
      {
        initial: '64 MiB',
        doc: 'Memory for the ids that partitions remember, 40 to 80 bytes each, of all partitions together. At the limit the oldest ids of a partition make room for its new ones.',
      },
    ),
    unanswered_requests_max: count(
      { min: 1, max: 256 },
      { initial: 256, doc: 'Requests of one connection that wait for their answer. Above it the connection is not read.' },
    ),
    waiting_polls_max: count(
      { min: 1, max: 1_000_000 },
      { initial: 50_000, doc: 'Polls that wait for messages, in all. Above it a poll does not wait. Each takes about a kilobyte.' },
    ),
    connection_waiting_polls_max: count(
      { min: 1, max: 100_000 },
      {
        initial: 128,
        doc: 'The same for one connection. They are not among its unanswered requests; on QUIC each has a stream.',
      },
    ),
    unanswered_size_max: size(
      { min: 64 * KiB, max: GiB },
      { initial: '8 MiB', doc: 'Answers of one connection that its client has not taken. Above it the connection is not read.' },
    ),
    buffers_size_max: sizeOrAuto(
      { min: 16 * MiB, max: 64 * GiB },
      {
        initial: 'auto',
        doc: 'Memory for messages on their way in and out, in all. A quarter is kept for polls. `auto`: a tenth of the machine’s or container’s memory, at least 128 MiB and at most 256 MiB.',
      },
    ),
    stall_timeout: duration(
      { min: second, max: day },
      { initial: '30 s', doc: 'A request that was begun must go on within this time, else its connection is closed.' },
    ),
  }),

  data_maintenance: z.object({
    messages: z.object({
      cleaner_enabled: flag({
        initial: true,
        doc: 'Removes old segments of topics that have an expiry, a greatest size or a count of messages to keep.',
      }),
      interval: duration({ min: 100, max: timerDaysMax }, { initial: '1 m', doc: 'Time between two removals.' }),
    }),
    scrubbing: z.object({
      rate: size(
        { min: 0, max: 64 * GiB },
        {
          initial: '4 MiB',
          doc: 'Bytes a second of stored messages that are read from the device and verified in the background; damage is logged and counted ([reliability.md](reliability.md#damage)). 0 turns it off.',
        },
      ),
      interval: duration(
        { min: 100, max: timerDaysMax },
        { initial: '7 days', doc: 'Time from the beginning of a pass over everything to the next, if the rate allows it.' },
      ),
    }),
  }),

  long_poll: z.object({
    wait_max: duration(
      { min: 0, max: hour },
      {
        initial: '30 s',
        doc: 'Longest time that a poll waits for messages, for clients that ask for it ([protocol-extensions.md](protocol-extensions.md)); they may ask for less. 0 turns waiting off.',
      },
    ),
  }),

  consumer_group: z.object({
    rebalancing_timeout: duration(
      { min: second, max: timerDaysMax },
      { initial: '30 s', doc: 'A partition that waits for its old member to give it up is handed over by force after this time.' },
    ),
  }),

  personal_access_token: z.object({
    max_tokens_per_user: count({ min: 1, max: 100_000 }, { initial: 100, doc: 'Tokens that a user may have, expired ones included.' }),
    cleaner: z.object({
      enabled: flag({ initial: true, doc: 'Removes expired tokens. They are refused in any case.' }),
      interval: duration({ min: second, max: timerDaysMax }, { initial: '1 m', doc: 'Time between two removals.' }),
    }),
  }),

  heartbeat: z.object({
    enabled: flag({ initial: false, doc: 'Disconnects Iggy 0.8 clients that are silent. They ping only if they were told to.' }),
    interval: duration(
      { min: 100, max: timerDaysMax },
      {
        initial: '5 s',
        doc: 'Time between two requests that is expected of an Iggy 0.8 client. One that was silent for 1.2 times as long is disconnected.',
      },
    ),
    member_interval: duration(
      { min: 100, max: timerDaysMax },
      {
        initial: '30 s',
        doc: 'The same for Iggy 0.9 clients, which ping by themselves, while they are in a consumer group. One that was silent for 1.2 times as long loses its login and its place in the group. Cannot be switched off.',
      },
    ),
  }),
});

/** Some of the keys with values as a file would have them, in their sections. */
export type ConfigOf<Section> = Section extends z.ZodObject<infer Keys> ? { [Key in keyof Keys]?: ConfigOf<Keys[Key]> } : RawValue;

/** Checked values, by the names of the file. */
export type Values = z.output<typeof schema>;
