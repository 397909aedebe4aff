// The settings as the server takes them: times in milliseconds, sizes in bytes, absolute paths, what was left open decided for this machine.

import os from 'node:os';
import path from 'node:path';
import type { EncryptionSettings } from './encryption-keys.ts';
import type { RootCredentials } from './root-credentials.ts';
import type { Values } from './schema.ts';

export interface Machine {
  processors: number;
  memoryBytes: number;
  cwd: string;
}

/** This machine, or the container that limits it. */
export function thisMachine(cwd: string): Machine {
  const limitBytes = process.constrainedMemory();
  const memoryBytes = limitBytes > 0 ? Math.min(limitBytes, os.totalmem()) : os.totalmem();
  return { processors: os.availableParallelism(), memoryBytes, cwd };
}

export type Settings = Frozen<ReturnType<typeof settingsOf>>;

/** Settings of checked values. Names and units follow those who take a section: `engine` is the engine's options, `limits` those of the transports. */
export function settingsOf(values: Values, rootCredentials: RootCredentials | undefined, encryption: EncryptionSettings, machine: Machine) {
  const { system, tcp, websocket, http, quic, engine, limits, certificate_users: certificateUsers } = values;
  const absolute = (file: string | undefined) => (file === undefined ? undefined : path.resolve(machine.cwd, file));
  const tlsOf = (tls: TlsValues) => ({
    enabled: tls.enabled,
    selfSigned: tls.self_signed,
    certificateFile: absolute(tls.cert_file ?? tcp.tls.cert_file),
    keyFile: absolute(tls.key_file ?? tcp.tls.key_file),
    clientCertificates: tls.client_certificates,
    clientCaFile: absolute(tls.client_ca_file),
  });
  const bufferBytesMax = bufferBytes(values, machine);
  return {
    system: {
      path: path.resolve(machine.cwd, system.path),
      logging: {
        level: system.logging.level,
        format: system.logging.format,
        bufferBytesMax: system.logging.buffer_size_max,
        audit: system.logging.audit,
      },
      segment: { sizeBytes: system.segment.size, directIo: system.segment.direct_io },
      limits: {
        usersMax: limits.users_max,
        tokensPerUserMax: values.personal_access_token.max_tokens_per_user,
        streamsMax: limits.streams_max,
        topicsPerStreamMax: limits.topics_max,
        partitionsPerTopicMax: limits.partitions_max,
        groupsPerTopicMax: limits.groups_max,
        membersPerGroupMax: limits.group_members_max,
        rememberedSendsMax: limits.remembered_sends_max,
        waitingPollsMax: limits.waiting_polls_max,
        waitingPollsPerClientMax: limits.connection_waiting_polls_max,
      },
      /** Undefined: no limit, no expiry. */
      topic: { sizeBytesMax: system.topic.max_size, messageExpiryMs: system.topic.message_expiry },
      /** `expiryMs` undefined: never. */
      deduplication: {
        enabled: system.message_deduplication.enabled,
        entriesMax: system.message_deduplication.max_entries,
        expiryMs: system.message_deduplication.expiry,
      },
    },
    encryption,
    durability: {
      messages: system.partition.enforce_fsync ? ('group' as const) : engine.durability,
      consumerOffsets: engine.consumer_offset_durability,
    },
    tcp: {
      enabled: tcp.enabled,
      ...tcp.address,
      tls: tlsOf(tcp.tls),
    },
    websocket: {
      enabled: websocket.enabled,
      ...websocket.address,
      allowedOrigins: websocket.allowed_origins,
      messageBytesMax: websocket.max_message_size,
      handshakeTimeoutMs: websocket.handshake_timeout,
      tls: tlsOf(websocket.tls),
    },
    http: {
      enabled: http.enabled,
      ...http.address,
      bodyBytesMax: http.max_request_size,
      loginFailuresMax: http.login_failures_max,
      tailsMax: http.tails_max,
      webUi: http.web_ui,
      /** Undefined: nothing is measured, and the path does not exist. */
      metrics: http.metrics.enabled
        ? {
            path: http.metrics.endpoint,
            isPublic: http.metrics.public,
            topicsMax: http.metrics.max_topics,
            lagsMax: http.metrics.max_lags,
          }
        : undefined,
      cors: http.cors.enabled ? corsOf(http.cors) : undefined,
      jwt: {
        algorithm: http.jwt.algorithm,
        issuer: http.jwt.issuer,
        audience: http.jwt.audience,
        validIssuers: http.jwt.valid_issuers,
        validAudiences: http.jwt.valid_audiences,
        lifetimeMs: http.jwt.access_token_expiry,
        clockSkewMs: http.jwt.clock_skew,
        notBeforeMs: http.jwt.not_before,
        encodingSecret: http.jwt.encoding_secret,
        decodingSecret: http.jwt.decoding_secret,
        secretsAreBase64: http.jwt.use_base64_secret,
        trustedIssuers: http.jwt.trusted_issuers.filter(hasUser).map(({ issuer, audience, jwks_url: keySetUrl, user_id: userId }) => ({
          issuer,
          audience,
          keySetUrl,
          userId: Number(userId),
        })),
      },
      tls: tlsOf(http.tls),
    },
    /** Undefined: certificates log nobody in. */
    certificateUsers:
      certificateUsers.pattern === undefined ? undefined : { name: certificateUsers.name, pattern: certificateUsers.pattern },
    quic: {
      enabled: quic.enabled,
      ...quic.address,
      udpSocket: quic.udp_socket,
      udpBufferBytes: quic.udp_buffer_size,
      handshakeTimeoutMs: quic.handshake_timeout,
      maxIdleTimeoutMs: quic.max_idle_timeout || defaultIdleTimeoutMs,
      keepAliveMs: quic.keep_alive_interval,
      streamsMax: quic.max_concurrent_bidi_streams,
      receiveWindowBytes: quic.receive_window,
      streamReceiveWindowBytes: quic.stream_receive_window,
      sendWindowBytes: quic.send_window,
      datagramBytes: quic.initial_mtu,
      congestionControl: quic.congestion_control,
      clientCertificates: quic.certificate.client_certificates,
      certificate: {
        selfSigned: quic.certificate.self_signed,
        certificateFile: absolute(quic.certificate.cert_file ?? tcp.tls.cert_file),
        keyFile: absolute(quic.certificate.key_file ?? tcp.tls.key_file),
        clientCaFile: absolute(quic.certificate.client_ca_file),
      },
    },
    server: { workers: values.server.workers ?? Math.max(1, Math.min(16, machine.processors - 1)) },
    engine: {
      ioThreads: engine.io_threads ?? Math.max(1, Math.min(8, Math.floor(machine.processors / 2))),
      syncThreads: engine.sync_threads,
      memoryBytesMax: system.memory_budget ?? defaultMemoryBytes(values, bufferBytesMax, machine),
      bufferBytesMax,
      inlineAppendBytesMax: engine.inline_append_size_max,
      inlinePollBytesMax: engine.inline_poll_size_max,
      syncIntervalMs: engine.sync_interval,
      checkpointIntervalMs: engine.checkpoint_interval,
      indexCacheBytesMax: engine.index_cache_size_max,
      openFilesMax: engine.open_files_max,
      consumerOffsetsMax: engine.consumer_offsets_max,
      idBytesMax: limits.deduplication_size_max,
      spaceAhead: engine.space_ahead,
    },
    limits: {
      connectionsMax: limits.connections_max,
      frameBytesMax: limits.frame_size_max,
      controlBytesMax: limits.control_size_max,
      anonymousFrameBytesMax: limits.anonymous_frame_size_max,
      unansweredRequestsMax: limits.unanswered_requests_max,
      unansweredBytesMax: limits.unanswered_size_max,
      receiveBytesMax: receiveShare(bufferBytesMax),
      stallTimeoutMs: limits.stall_timeout,
    },
    /** Undefined: nothing is exported. */
    telemetry: values.telemetry.enabled
      ? {
          serviceName: values.telemetry.service_name,
          tracesEndpoint: values.telemetry.traces.endpoint,
          logsEndpoint: values.telemetry.logs.endpoint,
        }
      : undefined,
    longPoll: { longestWaitMs: values.long_poll.wait_max },
    consumerGroup: { rebalancingTimeoutMs: values.consumer_group.rebalancing_timeout },
    tokenCleaner: {
      enabled: values.personal_access_token.cleaner.enabled,
      intervalMs: values.personal_access_token.cleaner.interval,
    },
    silence: {
      classicIntervalMs: values.heartbeat.enabled ? values.heartbeat.interval : undefined,
      memberIntervalMs: values.heartbeat.member_interval,
    },
    retention: { enabled: values.data_maintenance.messages.cleaner_enabled, intervalMs: values.data_maintenance.messages.interval },
    /** Undefined: off. */
    scrubbing:
      values.data_maintenance.scrubbing.rate === 0
        ? undefined
        : {
            bytesPerSecond: values.data_maintenance.scrubbing.rate,
            passEveryMs: values.data_maintenance.scrubbing.interval,
            firstPassAfterMs: Math.min(values.data_maintenance.scrubbing.interval, firstScrubbingAfterMs),
          },
    /** Of the root user that a first start makes. Undefined: a password is to be generated. */
    rootCredentials,
  };
}

/** What is set but has no effect, one sentence each. */
export function ineffective({ http }: Values): string[] {
  if (!http.enabled) return [];
  const withoutUser = http.jwt.trusted_issuers.filter((issuer) => !hasUser(issuer));
  return withoutUser.map(
    ({ issuer }) => `http.jwt.trusted_issuers: tokens of ${JSON.stringify(issuer)} are refused, since its entry names no user_id`,
  );
}

/** Iggy ships an entry without one, and starts. */
function hasUser({ user_id: user }: { user_id: string }): boolean {
  return user !== '';
}

/** What settings contradict each other, one sentence each. */
export function contradictions(values: Values, machine: Machine, { needsListener }: { needsListener: boolean }): string[] {
  const { system, tcp, websocket, http, quic, limits, telemetry } = values;
  const found: string[] = [];
  const demand = (holds: boolean, sentence: string) => holds || found.push(sentence);

  demand(system.segment.size % 512 === 0, 'system.segment.size must be a multiple of 512 bytes');
  demand(
    (system.topic.max_size ?? Number.POSITIVE_INFINITY) >= system.segment.size,
    'system.topic.max_size must be at least system.segment.size',
  );
  demand(
    !needsListener || tcp.enabled || quic.enabled || websocket.enabled || http.enabled,
    'tcp.enabled, quic.enabled, websocket.enabled and http.enabled are false, so there is no transport left to listen on',
  );
  for (const [section, { enabled, tls }] of Object.entries({ tcp, websocket, http })) {
    if (!enabled) continue;
    const key = (name: keyof TlsValues) => `${section}.tls.${name}`;
    const asksClients = tls.client_certificates !== 'off';
    demand(tls.enabled || !asksClients, `${key('client_certificates')} needs ${key('enabled')}`);
    if (!tls.enabled) continue;
    const named = tls.cert_file !== undefined || tcp.tls.cert_file !== undefined;
    demand(tls.self_signed || named, `${key('self_signed')} is false, so ${key('cert_file')} and ${key('key_file')} must name files`);
    demand(
      (tls.cert_file === undefined) === (tls.key_file === undefined),
      `${key('cert_file')} and ${key('key_file')} must be given together`,
    );
    demand(!asksClients || tls.client_ca_file !== undefined, `${key('client_certificates')} needs ${key('client_ca_file')}`);
  }
  if (http.enabled) {
    demand(/^(\/[\w.~-]+)+$/.test(http.metrics.endpoint), 'http.metrics.endpoint must be a path such as "/metrics"');
    const { allowed_origins: origins, allow_credentials: credentials } = http.cors;
    demand(
      !http.cors.enabled || !credentials || !origins.includes('*'),
      'http.cors.allow_credentials needs http.cors.allowed_origins that are named, not "*"',
    );
    for (const { issuer, audience, jwks_url: url, user_id: user } of http.jwt.trusted_issuers.filter(hasUser)) {
      const key = `http.jwt.trusted_issuers: the entry of ${JSON.stringify(issuer)}`;
      demand(issuer !== '' && audience !== '', `${key} needs an issuer and an audience`);
      demand(/^[1-9]\d{0,9}$/.test(user) && Number(user) <= userIdMax, `${key} needs the user_id of a user other than root`);
      demand(isKeySetUrl(url), `${key} needs a jwks_url with https, or with http on this machine`);
    }
  }
  if (telemetry.enabled) {
    for (const signal of ['traces', 'logs'] as const) {
      const { transport, endpoint } = telemetry[signal];
      demand(
        transport === 'http',
        `telemetry.${signal}.transport must be "http": there is no export over gRPC. Collectors take HTTP on port 4318, path /v1/${signal}`,
      );
      demand(/^https?:\/\//.test(endpoint) && URL.canParse(endpoint), `telemetry.${signal}.endpoint must be a URL with http or https`);
    }
  }
  if (quic.enabled) {
    const { self_signed, cert_file, key_file, client_certificates, client_ca_file } = quic.certificate;
    const named = cert_file !== undefined || tcp.tls.cert_file !== undefined;
    demand(
      self_signed || named,
      'quic.certificate.self_signed is false, so quic.certificate.cert_file and quic.certificate.key_file must name files',
    );
    demand(
      (cert_file === undefined) === (key_file === undefined),
      'quic.certificate.cert_file and quic.certificate.key_file must be given together',
    );
    demand(
      client_certificates === 'off' || client_ca_file !== undefined,
      'quic.certificate.client_certificates needs quic.certificate.client_ca_file',
    );
  }
  demand(limits.anonymous_frame_size_max <= limits.frame_size_max, 'limits.anonymous_frame_size_max must not exceed limits.frame_size_max');
  demand(limits.control_size_max <= limits.frame_size_max, 'limits.control_size_max must not exceed limits.frame_size_max');
  demand(
    limits.frame_size_max <= receiveShare(bufferBytes(values, machine)),
    'limits.frame_size_max must fit into three quarters of limits.buffers_size_max',
  );
  demand(
    (limits.buffers_size_max ?? 0) <= (system.memory_budget ?? Number.POSITIVE_INFINITY),
    'limits.buffers_size_max must not exceed system.memory_budget',
  );
  return found;
}

function corsOf(cors: Values['http']['cors']) {
  return {
    methods: cors.allowed_methods,
    origins: cors.allowed_origins[0] === '*' ? ('any' as const) : cors.allowed_origins,
    headers: cors.allowed_headers,
    exposedHeaders: cors.exposed_headers,
    credentials: cors.allow_credentials,
    privateNetwork: cors.allow_private_network,
  };
}

function isKeySetUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname));
}

const userIdMax = 0xffff_ffff;

// A server that has just started has other things to read.
const firstScrubbingAfterMs = 60_000;

// As Iggy 0.9 has it.
const defaultIdleTimeoutMs = 30_000;

const MiB = 2 ** 20;

/** Memory of one send that is remembered (src/streaming/send-window.ts). */
export const rememberedSendBytes = 28;
const openIndexBytesMin = 64 * MiB;

function bufferBytes({ limits, system }: Values, machine: Machine): number {
  const share = Math.min(256 * MiB, Math.max(128 * MiB, Math.floor(machine.memoryBytes / 10)));
  return limits.buffers_size_max ?? Math.min(share, system.memory_budget ?? share);
}

function defaultMemoryBytes({ limits, engine }: Values, bufferBytesMax: number, machine: Machine): number {
  const parts = [
    bufferBytesMax,
    engine.index_cache_size_max,
    limits.deduplication_size_max,
    limits.remembered_sends_max * rememberedSendBytes,
    openIndexBytesMin,
  ];
  return Math.max(
    Math.floor(machine.memoryBytes / 4),
    parts.reduce((sum, bytes) => sum + bytes, 0),
  );
}

function receiveShare(bufferBytes: number): number {
  return Math.floor((bufferBytes * 3) / 4);
}

type TlsValues = Values['tcp']['tls'];

type Frozen<T> = T extends RegExp ? T : T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;
