// Commands on streams.

import { createStream } from '../../protocol/commands/create-stream.ts';
import { deleteStream } from '../../protocol/commands/delete-stream.ts';
import { getStream } from '../../protocol/commands/get-stream.ts';
import { getStreams } from '../../protocol/commands/get-streams.ts';
import { purgeStream } from '../../protocol/commands/purge-stream.ts';
import { updateStream } from '../../protocol/commands/update-stream.ts';
import type { Identifier } from '../../protocol/primitives/identifier.ts';
import type { CallOptions } from '../connection/call.ts';
import { plain } from './plain.ts';
import type { StreamDetails, StreamInfo } from './replies.ts';
import { type OptionValues, once, type Requester, repeatable, wireOptions } from './run.ts';

/** Commands on streams: `client.streams`. */
export class Streams {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** Undefined: there is no such stream. */
  async get(stream: Identifier, options?: CallOptions): Promise<StreamDetails | undefined> {
    return plain(await this.#requester.request(getStream, { stream }, repeatable(options)));
  }

  /** All that the user may see, by ascending id. */
  async list(options?: CallOptions): Promise<StreamInfo[]> {
    return plain(await this.#requester.request(getStreams, undefined, repeatable(options)));
  }

  /** Options are for VSR servers alone. Rejects with AlreadyExistsError when the name is taken. */
  async create(request: { name: string; options?: OptionValues }, options?: CallOptions): Promise<StreamInfo> {
    const { name, options: values } = request;
    return plain(await this.#requester.request(createStream, { name, options: wireOptions(values) }, once(options)));
  }

  /** Renames it; options that are not named stay as they are. */
  update(request: { stream: Identifier; name: string; options?: OptionValues }, options?: CallOptions): Promise<void> {
    return this.#requester.request(updateStream, { ...request, options: wireOptions(request.options) }, once(options));
  }

  /** Deletes it with its topics and all their messages. */
  delete(stream: Identifier, options?: CallOptions): Promise<void> {
    return this.#requester.request(deleteStream, { stream }, once(options));
  }

  /** Removes the messages of all its topics. */
  purge(stream: Identifier, options?: CallOptions): Promise<void> {
    return this.#requester.request(purgeStream, { stream }, once(options));
  }
}
