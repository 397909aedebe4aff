// What the server is and does.

import { facts } from './dom.ts';
import { formatDuration, formatSize, formatTime, type Whole } from './format.ts';
import type { Screen } from './screen.ts';

interface Stats {
  process_id: number;
  cpu_usage: number;
  total_cpu_usage: number;
  memory_usage: string;
  total_memory: string;
  available_memory: string;
  run_time: Whole;
  start_time: Whole;
  read_bytes: string;
  written_bytes: string;
  messages_size_bytes: string;
  streams_count: number;
  topics_count: number;
  partitions_count: number;
  segments_count: number;
  messages_count: Whole;
  clients_count: number;
  consumer_groups_count: number;
  hostname: string;
  os_name: string;
  os_version: string;
  kernel_version: string;
  iggy_server_version: string;
  threads_count: number;
  free_disk_space: string;
  total_disk_space: string;
}

export const overviewScreen: Screen = async ({ api }) => {
  const stats = await api.get<Stats>('/stats');
  return {
    title: 'Overview',
    content: [
      facts({
        Streams: stats.streams_count,
        Topics: stats.topics_count,
        Partitions: stats.partitions_count,
        Segments: stats.segments_count,
        Messages: stats.messages_count,
        'Size of messages': formatSize(stats.messages_size_bytes),
        'Consumer groups': stats.consumer_groups_count,
        'Connected clients': stats.clients_count,
        'CPU of the process': `${stats.cpu_usage.toFixed(1)} %`,
        'CPU of the machine': `${stats.total_cpu_usage.toFixed(1)} %`,
        Memory: formatSize(stats.memory_usage),
        'Memory of the machine': `${formatSize(stats.available_memory)} of ${formatSize(stats.total_memory)} free`,
        Disk: `${formatSize(stats.free_disk_space)} of ${formatSize(stats.total_disk_space)} free`,
        Read: formatSize(stats.read_bytes),
        Written: formatSize(stats.written_bytes),
        'Running for': formatDuration(stats.run_time),
        Started: formatTime(stats.start_time),
        Process: stats.process_id,
        Threads: stats.threads_count,
        Host: stats.hostname,
        System: `${stats.os_name} ${stats.os_version}`,
        Kernel: stats.kernel_version,
        Version: stats.iggy_server_version,
      }),
    ],
  };
};
