// Keys of Iggy's configuration that Galgo has not: it reads past them, so that a file written for Iggy serves, and says so. A key stands for all keys below it.

/** Read and ignored. */
export const ignoredIggyKeys: readonly string[] = [
  'cluster',
  'consumer_group.rebalancing_check_interval',
  'data_maintenance.archiver',
  'data_maintenance.messages.archiver_enabled',
  'data_maintenance.state',
  'message_bus',
  'message_cleaner',
  'message_saver',
  'metadata',
  'partition',
  'quic.datagram_send_buffer_size',
  'quic.socket',
  'system.backup',
  'system.compression',
  'system.logging.file_enabled',
  'system.logging.max_file_size',
  'system.logging.max_size',
  'system.logging.max_total_size',
  'system.logging.path',
  'system.logging.retention',
  'system.logging.rotation_check_interval',
  'system.logging.sysinfo_print_interval',
  'system.memory_pool',
  'system.partition.messages_required_to_save',
  'system.partition.path',
  'system.partition.size_of_messages_required_to_save',
  'system.partition.validate_checksum',
  'system.recovery',
  'system.runtime',
  'system.segment.archive_expired',
  'system.segment.cache_indexes',
  'system.segment.message_expiry',
  'system.segment.server_confirmation',
  'system.sharding',
  'system.state',
  'system.stream',
  'system.topic.delete_oldest_segments',
  'system.topic.path',
  'tcp.ipv6',
  'tcp.socket',
  'tcp.socket_migration',
  'websocket.accept_unmasked_frames',
  'websocket.max_frame_size',
  'websocket.max_write_buffer_size',
  'websocket.read_buffer_size',
  'websocket.write_buffer_size',
];

/** Ignored while they are false. `true` asks for something that must not be left out in silence. */
export const refusedIggySwitches: readonly string[] = ['cluster.enabled', 'websocket.accept_unmasked_frames'];

/** Variables of Iggy's other programs and of its server's start, which are no settings. */
export const otherIggyVariables = /^IGGY_(CI_BUILD|ENV_PATH|DISPLAY_CONFIG|USERNAME|PASSWORD|HOME|TEST_.*|CONNECTORS_.*|MCP_.*)$/;

/** Whether `key` is one of `keys` or lies below one. */
export function isIgnored(key: string): boolean {
  return ignoredIggyKeys.some((ignored) => key === ignored || key.startsWith(`${ignored}.`));
}
