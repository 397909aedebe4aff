// Commands on topics, their partitions and segments.

import { createPartitions } from '../../protocol/commands/create-partitions.ts';
import { createStream } from '../../protocol/commands/create-stream.ts';
import { createTopic } from '../../protocol/commands/create-topic.ts';
import { deletePartitions } from '../../protocol/commands/delete-partitions.ts';
import { deleteSegments } from '../../protocol/commands/delete-segments.ts';
import { deleteTopic } from '../../protocol/commands/delete-topic.ts';
import { flushUnsavedBuffer } from '../../protocol/commands/flush-unsaved-buffer.ts';
import { getStream } from '../../protocol/commands/get-stream.ts';
import { getTopic } from '../../protocol/commands/get-topic.ts';
import { getTopics } from '../../protocol/commands/get-topics.ts';
import { purgeTopic } from '../../protocol/commands/purge-topic.ts';
import { updateTopic } from '../../protocol/commands/update-topic.ts';
import type { CompressionAlgorithm } from '../../protocol/primitives/enumerations.ts';
import type { Identifier } from '../../protocol/primitives/identifier.ts';
import type { TopicSettings } from '../../protocol/primitives/topic-settings.ts';
import type { CallOptions } from '../connection/call.ts';
import { AlreadyExistsError, NotFoundError } from '../connection/errors.ts';
import { plain, wide } from './plain.ts';
import type { TopicDetails, TopicInfo } from './replies.ts';
import { type OptionValues, once, type Requester, repeatable, wireOptions } from './run.ts';

/** Which topic. */
export interface TopicAddress {
  /** Id or name of its stream. */
  stream: Identifier;
  /** Its id or name. */
  topic: Identifier;
}

/** What is left out takes the server's default; in an update it stays as it is, on classic servers it is reset to the default. */
export interface TopicChoices {
  /** Kept for clients that ask; servers do not compress. Default none. */
  compression?: CompressionAlgorithm;
  /** Microseconds; Infinity: never. */
  messageExpiry?: number;
  /** Bytes; Infinity: unlimited. */
  maxTopicSize?: number;
  /** Classic servers alone, and without effect there. */
  replicationFactor?: number;
  /** For VSR servers alone: `durability`, `galgo.retention_count` and so on. */
  options?: OptionValues;
}

/** A topic to create. */
export interface NewTopic extends TopicChoices {
  /** Id or name of its stream. */
  stream: Identifier;
  /** 1 to 255 bytes, unique in the stream. */
  name: string;
  /** Default 1. */
  partitionsCount?: number;
}

/** Commands on topics, their partitions and segments: `client.topics`. */
export class Topics {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** Undefined: there is no such topic. */
  async get(address: TopicAddress, options?: CallOptions): Promise<TopicDetails | undefined> {
    return plain(await this.#requester.request(getTopic, address, repeatable(options)));
  }

  /** All that the user may see, by ascending id. */
  async list(stream: Identifier, options?: CallOptions): Promise<TopicInfo[]> {
    return plain(await this.#requester.request(getTopics, { stream }, repeatable(options)));
  }

  /** Creates the topic where it is missing, and its stream too; the choices count for a topic that is created. Several programs may do so at once. */
  async ensure(request: NewTopic & { stream: string }, options?: CallOptions): Promise<TopicDetails> {
    const address = { stream: request.stream, topic: request.name };
    const unlessTaken = (error: unknown) => {
      if (!(error instanceof AlreadyExistsError)) throw error;
    };
    const found = await this.get(address, options);
    if (found !== undefined) return found;
    const stream = { name: request.stream, options: wireOptions() };
    if ((await this.#requester.request(getStream, { stream: request.stream }, repeatable(options))) === undefined)
      await this.#requester.request(createStream, stream, once(options)).catch(unlessTaken);
    await this.create(request, options).catch(unlessTaken);
    const created = await this.get(address, options);
    if (created === undefined) throw new NotFoundError('topic-id-not-found', `topic ${request.name} was deleted as soon as it was created`);
    return created;
  }

  /** Rejects with AlreadyExistsError when the name is taken, NotFoundError when there is no such stream. */
  async create(request: NewTopic, options?: CallOptions): Promise<TopicDetails> {
    const { stream, name, partitionsCount = 1 } = request;
    return plain(await this.#requester.request(createTopic, { stream, name, partitionsCount, ...settings(request) }, once(options)));
  }

  /** Changes the name and what else is given; the name may stay as it is. */
  update(request: TopicAddress & TopicChoices & { name: string }, options?: CallOptions): Promise<void> {
    const { stream, topic, name } = request;
    return this.#requester.request(updateTopic, { stream, topic, name, ...settings(request) }, once(options));
  }

  /** Deletes it with all messages, groups and stored offsets. */
  delete(address: TopicAddress, options?: CallOptions): Promise<void> {
    return this.#requester.request(deleteTopic, address, once(options));
  }

  /** Removes all messages. */
  purge(address: TopicAddress, options?: CallOptions): Promise<void> {
    return this.#requester.request(purgeTopic, address, once(options));
  }

  /** Adds so many. Keys are then spread over more partitions: later messages of a key may go elsewhere than its earlier ones. */
  createPartitions(request: TopicAddress & { partitionsCount: number }, options?: CallOptions): Promise<void> {
    return this.#requester.request(createPartitions, request, once(options));
  }

  /** The partitions with the highest ids go, with their messages. */
  deletePartitions(request: TopicAddress & { partitionsCount: number }, options?: CallOptions): Promise<void> {
    return this.#requester.request(deletePartitions, request, once(options));
  }

  /** At most so many closed segments go, the oldest first. */
  deleteSegments(request: TopicAddress & { partition: number; segmentsCount: number }, options?: CallOptions): Promise<void> {
    return this.#requester.request(deleteSegments, request, once(options));
  }

  /** Writes out what the server holds in memory; with `fsync` (default) to the device. */
  flush(request: TopicAddress & { partition: number; fsync?: boolean }, options?: CallOptions): Promise<void> {
    return this.#requester.request(flushUnsavedBuffer, { fsync: true, ...request }, repeatable(options));
  }
}

function settings(choices: TopicChoices): TopicSettings {
  return {
    compression: choices.compression,
    messageExpiry: choices.messageExpiry === undefined ? undefined : wide(choices.messageExpiry),
    maxTopicSize: choices.maxTopicSize === undefined ? undefined : wide(choices.maxTopicSize),
    replicationFactor: choices.replicationFactor,
    options: wireOptions(choices.options),
  };
}
