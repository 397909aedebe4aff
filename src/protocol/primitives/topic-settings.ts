// Topic settings of CreateTopic and UpdateTopic, in two places of the body
//   classic, fixed fields before the name
//     compression   u8: 1 none, 2 gzip
//     expiry        u64, microseconds; 0 the server's default, 2⁶⁴ − 1 never
//     max size      u64, bytes; 0 the server's default, 2⁶⁴ − 1 unlimited
//     replication   u8; 0 becomes 1
//   VSR, after the name
//     options       options block to the end of the body

import type { Generation } from '../command.ts';
import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { CompressionAlgorithm, readMember } from './enumerations.ts';
import { noOptions, type Options, readOptions, writeOptions } from './options.ts';
import { formatTypedValue, type RawTypedValue } from './typed-value.ts';

/**
 * A setting has one meaning, whichever place it came from: a fixed field that is defined, or the option of that name. Read from the classic wire all fixed fields are
 * defined and the options are empty; from the VSR wire it is the other way round.
 */
export interface TopicSettings {
  compression: CompressionAlgorithm | undefined;
  /** Microseconds; 0 the server's default, 2⁶⁴ − 1 never. */
  messageExpiry: bigint | undefined;
  /** Bytes; 0 the server's default, 2⁶⁴ − 1 unlimited. */
  maxTopicSize: bigint | undefined;
  /** Without effect, and not on the VSR wire. */
  replicationFactor: number | undefined;
  options: Options;
}

export function readTopicSettingsFields(reader: Reader, generation: Generation): Omit<TopicSettings, 'options'> {
  if (generation === 'vsr') {
    return { compression: undefined, messageExpiry: undefined, maxTopicSize: undefined, replicationFactor: undefined };
  }
  return {
    compression: readMember(reader, CompressionAlgorithm, 'compression algorithm'),
    messageExpiry: reader.u64(),
    maxTopicSize: reader.u64(),
    replicationFactor: reader.u8(),
  };
}

export function readTopicSettingsOptions(reader: Reader, generation: Generation): Options {
  return generation === 'vsr' ? readOptions(reader) : noOptions;
}

/** Undefined fields ask for the default. Throws 4041 on the classic wire when there are options: it has no place for them, and to drop a promise is to break it. */
export function writeTopicSettingsFields(writer: Writer, settings: TopicSettings, generation: Generation): void {
  if (generation === 'vsr') return;
  const [option] = settings.options.keys();
  if (option !== undefined) throw new ProtocolError('unsupported-option-key', `${option} cannot be sent to a classic server`);
  writer
    .u8(settings.compression ?? CompressionAlgorithm.none)
    .u64(settings.messageExpiry ?? 0n)
    .u64(settings.maxTopicSize ?? 0n)
    .u8(settings.replicationFactor ?? 0);
}

/** Fixed fields that are defined travel as options; where both are there the option holds. */
export function writeTopicSettingsOptions(writer: Writer, settings: TopicSettings, generation: Generation): void {
  if (generation === 'vsr') writeOptions(writer, new Map([...fieldsAsOptions(settings), ...settings.options]));
}

function* fieldsAsOptions({ compression, messageExpiry, maxTopicSize }: TopicSettings): Iterable<[string, RawTypedValue]> {
  if (compression !== undefined) {
    const value = compression === CompressionAlgorithm.gzip ? 'gzip' : 'none';
    yield ['compression_algorithm', formatTypedValue({ kind: 'string', value })];
  }
  if (messageExpiry !== undefined) yield ['message_expiry', formatTypedValue({ kind: 'uint64', value: messageExpiry })];
  if (maxTopicSize !== undefined) yield ['max_topic_size', formatTypedValue({ kind: 'uint64', value: maxTopicSize })];
}
