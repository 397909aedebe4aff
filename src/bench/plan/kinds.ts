// The kinds of benchmark, under the names that Iggy's own tool has for them.
//
// Pinned: an actor has a stream with one partition to itself. Balanced: actors share streams of several partitions, the server chooses where a batch goes, and consumers are
// members of groups.

export type ConsumerRole = 'consumer' | 'member';

export interface Kind {
  readonly name: string;
  readonly alias: string;
  readonly description: string;
  readonly produces: boolean;
  /** Undefined: nobody but producers. */
  readonly reads: ConsumerRole | undefined;
  /** Each actor sends a batch and reads until it has it back, in turn. */
  readonly echoes: boolean;
  readonly balanced: boolean;
}

const pinned = { balanced: false, echoes: false } as const;
const balanced = { balanced: true, echoes: false } as const;

export const kinds: readonly Kind[] = [
  {
    name: 'pinned-producer',
    alias: 'pp',
    description: 'producers, each on a stream of its own',
    produces: true,
    reads: undefined,
    ...pinned,
  },
  {
    name: 'pinned-consumer',
    alias: 'pc',
    description: 'consumers, each on a stream of its own, which is filled first',
    produces: false,
    reads: 'consumer',
    ...pinned,
  },
  {
    name: 'pinned-producer-and-consumer',
    alias: 'ppc',
    description: 'both at once: a stream for each producer, and consumers that read along',
    produces: true,
    reads: 'consumer',
    ...pinned,
  },
  {
    name: 'balanced-producer',
    alias: 'bp',
    description: 'producers on shared streams of several partitions',
    produces: true,
    reads: undefined,
    ...balanced,
  },
  {
    name: 'balanced-consumer-group',
    alias: 'bcg',
    description: 'consumer groups on shared streams, which are filled first',
    produces: false,
    reads: 'member',
    ...balanced,
  },
  {
    name: 'balanced-producer-and-consumer-group',
    alias: 'bpcg',
    description: 'producers and consumer groups on shared streams',
    produces: true,
    reads: 'member',
    ...balanced,
  },
  {
    name: 'end-to-end-producing-consumer',
    alias: 'e2e',
    description: 'actors that send a batch and read it back, each on a stream of its own',
    produces: true,
    reads: 'consumer',
    echoes: true,
    balanced: false,
  },
  {
    name: 'end-to-end-producing-consumer-group',
    alias: 'e2ecg',
    description: 'the load of bpcg, under the name that Iggy’s tool has for its end-to-end latency',
    produces: true,
    reads: 'member',
    ...balanced,
  },
];

/** By name or alias; undefined where there is none. */
export function kindNamed(name: string): Kind | undefined {
  return kinds.find((kind) => kind.name === name || kind.alias === name);
}
