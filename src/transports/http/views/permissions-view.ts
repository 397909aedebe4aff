// Permissions: the protocol's flags under names with underscores, streams and topics by their number as text.

import { globalFlags, type Permissions, streamFlags, type TopicPermissions, topicFlags } from '../../../protocol/primitives/permissions.ts';
import { flag, type Schema } from './schema.ts';

type Flags = Readonly<Record<string, boolean>>;

interface StreamBody {
  readonly topics?: Readonly<Record<string, Flags>> | null;
}

/** As a request gives it. */
export interface PermissionsBody {
  readonly global: Flags;
  readonly streams?: Readonly<Record<string, StreamBody & Flags>> | null;
}

const ids = { propertyNames: { text: 'u32' } };

const topicSchema = flagsSchema(topicFlags, {});
const streamSchema = flagsSchema(streamFlags, { topics: { type: ['object', 'null'], ...ids, additionalProperties: topicSchema } });

/** Null: none at all. Shown and taken in the same form. */
export const permissionsSchema: Schema = {
  type: ['object', 'null'],
  properties: {
    global: flagsSchema(globalFlags, {}),
    streams: { type: ['object', 'null'], ...ids, additionalProperties: streamSchema },
  },
  required: ['global'],
};

export function permissionsView(permissions: Permissions | undefined) {
  if (permissions === undefined) return null;
  const { global, streams } = permissions;
  const topicsView = (topics: ReadonlyMap<number, TopicPermissions>) => entriesView(topics, (topic) => flagsView(topicFlags, topic));
  return {
    global: flagsView(globalFlags, global),
    streams: entriesView(streams, (stream) => ({ ...flagsView(streamFlags, stream), topics: topicsView(stream.topics) })),
  };
}

/** The schema has made sure of its form. */
export function permissionsOf(body: PermissionsBody | null | undefined): Permissions | undefined {
  if (body === null || body === undefined) return undefined;
  return {
    global: flagsOf(globalFlags, body.global),
    streams: entriesOf(body.streams, (stream) => ({
      ...flagsOf(streamFlags, stream),
      topics: entriesOf(stream.topics, (topic) => flagsOf(topicFlags, topic)),
    })),
  };
}

function flagsSchema(names: readonly string[], others: Readonly<Record<string, Schema>>): Schema {
  const shown = names.map(underscored);
  return { type: 'object', properties: { ...Object.fromEntries(shown.map((name) => [name, flag])), ...others }, required: shown };
}

function flagsView(names: readonly string[], flags: object): Flags {
  return Object.fromEntries(names.map((name) => [underscored(name), (flags as Flags)[name] === true]));
}

function flagsOf<Name extends string>(names: readonly Name[], flags: object): Record<Name, boolean> {
  return Object.fromEntries(names.map((name) => [name, (flags as Flags)[underscored(name)] === true])) as Record<Name, boolean>;
}

function entriesView<Entry, View>(entries: ReadonlyMap<number, Entry>, view: (entry: Entry) => View): Record<string, View> | null {
  if (entries.size === 0) return null;
  return Object.fromEntries([...entries].map(([id, entry]) => [String(id), view(entry)]));
}

function entriesOf<Entry, Result>(
  entries: Readonly<Record<string, Entry>> | null | undefined,
  of: (entry: Entry) => Result,
): Map<number, Result> {
  return new Map(Object.entries(entries ?? {}).map(([id, entry]) => [Number(id), of(entry)]));
}

function underscored(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
