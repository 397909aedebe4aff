// Which partitions a consumer reads: all or some of the topic's, or those that its group gives it.

import type { Generation } from '../../protocol/command.ts';
import type { Groups } from '../commands/groups.ts';
import type { Topics } from '../commands/topics.ts';
import { AlreadyExistsError, ClientError, NotFoundError } from '../connection/errors.ts';
import type { ConsumerSettings } from './options.ts';

/** `partitions`: undefined means that the server chooses at each poll. `rejoined`: what was owned before may have been read by others since. */
export interface Assigned {
  partitions: readonly (number | undefined)[];
  rejoined: boolean;
}

export interface Assignment {
  /** Asks the server, joining first where that is needed. */
  refresh(): Promise<Assigned>;
  /** The session is another one: a membership of the old one is gone. */
  sessionLost(): void;
  leave(): Promise<void>;
  /** Asked again after so many milliseconds; 0 never. */
  readonly refreshMs: number;
}

export function createAssignment(settings: ConsumerSettings, topics: Topics, groups: Groups, generation: Generation): Assignment {
  const { group, partitions } = settings;
  if (group !== undefined) return groupAssignment(settings, group, groups, generation);
  if (partitions !== undefined) return fixedAssignment(partitions);
  return {
    refreshMs: 30_000,
    async refresh() {
      const { stream, topic } = settings;
      const found = await topics.get({ stream, topic });
      if (found === undefined) throw new NotFoundError('topic-id-not-found', `there is no topic ${topic} in stream ${stream}`);
      return { partitions: found.partitions.map(({ id }) => id), rejoined: false };
    },
    sessionLost() {},
    async leave() {},
  };
}

function fixedAssignment(partitions: readonly number[]): Assignment {
  return {
    refreshMs: 0,
    async refresh() {
      return { partitions, rejoined: false };
    },
    sessionLost() {},
    async leave() {},
  };
}

function groupAssignment({ stream, topic }: ConsumerSettings, group: string, groups: Groups, generation: Generation): Assignment {
  const address = { stream, topic, group };
  let created = false;
  let joined = false;

  const join = async (): Promise<void> => {
    if (!created) {
      if ((await groups.get(address)) === undefined) {
        await groups.create({ stream, topic, name: group }).catch((error) => {
          // Two members that start together both find it missing; and a creation whose answer was lost may have been carried out.
          const carriedOut = error instanceof AlreadyExistsError || (ClientError.is(error) && error.outcome === 'unknown');
          if (!carriedOut) throw error;
        });
      }
      created = true;
    }
    await groups.join(address);
    joined = true;
  };

  return {
    refreshMs: generation === 'vsr' ? 5_000 : 0,

    async refresh() {
      const rejoined = !joined;
      if (!joined) await join();
      if (generation === 'classic') return { partitions: [undefined], rejoined };
      const assignment = await groups.sync(address);
      if (assignment !== undefined) return { partitions: assignment.partitions, rejoined };
      await join();
      return { partitions: (await groups.sync(address))?.partitions ?? [], rejoined: true };
    },

    sessionLost() {
      joined = false;
    },

    async leave() {
      if (joined) await groups.leave(address);
      joined = false;
    },
  };
}
