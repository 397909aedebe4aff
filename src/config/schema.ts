// Every key of the configuration, with its default, its range and its documentation. The names are those of Iggy where it has the key. What stands here is all there is:
// `docs/configuration.md`, the variables' names and the flags are made from it.

import { z } from 'zod';
import {
  address,
  choice,
  count,
  countOrAuto,
  duration,
  expiry,
  flag,
  optionalPath,
  size,
  sizeOrAuto,
  sizeOrUnlimited,
  text,
} from './setting.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const second = 1000;
const day = 86_400 * second;
// The longest delay that a Node timer can have is 2^31 − 1 ms.
const timerDaysMax = 24 * day;

const durabilities = ['none', 'interval', 'group'] as const;

export const schema = z.object({
  system: z.object({
    path: text({
      initial: 'local_data',
      flag: '--path <data folder>',
      doc: 'Folder of all data, relative to the working directory. It is made if it is not there.',
    }),
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
    }),
    segment: z.object({
      size: size(
        { min: 512, max: GiB },
        {
          initial: '1 GiB',
          doc: 'Size after which a partition begins a new segment, for topics that do not name their own. A multiple of 512 bytes.',
        },
      ),
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
  }),

  tcp: z.object({
    enabled: flag({ initial: true, doc: 'Whether the server listens on TCP.' }),
    address: address({
      initial: '127.0.0.1:8090',
      flag: '--tcp-address <host:port>',
      doc: 'Where the server listens on TCP. Port 0 lets the system choose. `0.0.0.0:8090` opens it to the network.',
    }),
    tls: z.object({
      enabled: flag({ initial: false, doc: 'TLS on the TCP port. Plain connections are then refused.' }),
      self_signed: flag({
        initial: true,
        doc: 'Makes a certificate for `localhost` in memory if the certificate file does not exist. If it is `false`, both files must be there.',
      }),
      cert_file: optionalPath({ initial: '', doc: 'Certificate chain, PEM.' }),
      key_file: optionalPath({ initial: '', doc: 'Private key of the certificate, PEM.' }),
    }),
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
      { initial: '1 MiB', doc: 'Largest read that is done without a change of threads. 0 turns that off.' },
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
    unanswered_requests_max: count(
      { min: 1, max: 256 },
      { initial: 256, doc: 'Requests of one connection that wait for their answer. Above it the connection is not read.' },
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

  consumer_group: z.object({
    rebalancing_timeout: duration(
      { min: second, max: timerDaysMax },
      { initial: '30 s', doc: 'A partition that waits for its old member to give it up is handed over by force after this time.' },
    ),
  }),

  heartbeat: z.object({
    enabled: flag({ initial: false, doc: 'Removes Iggy 0.8 clients that no longer ping.' }),
    interval: duration(
      { min: 100, max: timerDaysMax },
      { initial: '5 s', doc: 'Time between two checks. A client that was silent for 1.2 times as long is removed.' },
    ),
  }),
});

/** Checked values, by the names of the file. */
export type Values = z.output<typeof schema>;
