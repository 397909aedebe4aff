// The machine that the benchmark runs on, and what a process on it has used.

import { readFileSync, realpathSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export interface Machine {
  hostname: string;
  cpu: string;
  cores: number;
  memoryBytes: number;
  os: string;
  kernel: string;
}

export interface ProcessUsage {
  /** User and system time. */
  cpuSeconds: number;
  /** Most that was resident at any time since its start. */
  peakBytes: number;
}

const ticksPerSecond = 100;

export function thisMachine(): Machine {
  const cpus = os.cpus();
  return {
    hostname: os.hostname(),
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    os: `${os.type()} ${os.arch()}`,
    kernel: os.release(),
  };
}

/** Of a process of this machine. Undefined where there is none, or no /proc. */
export function processUsage(pid: number): ProcessUsage | undefined {
  try {
    // Behind the name, which may hold anything: state is field 3, user and system time are fields 14 and 15.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond, peakBytes: Number(peak) * 1024 };
  } catch {
    return undefined;
  }
}

/** Type and device of the file system of a folder, such as `ext4 on /dev/vda1`. Undefined where it cannot be told. */
export function fileSystemOf(folder: string): string | undefined {
  try {
    const real = realpathSync(folder);
    // mountinfo: id, parent, device, root, mount point, options, …, "-", type, source
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .flatMap((fields) => {
        const behind = fields.indexOf('-');
        return behind < 0 ? [] : [{ point: fields[4] as string, type: fields[behind + 1], source: fields[behind + 2] }];
      })
      .filter(({ point }) => real === point || real.startsWith(point.endsWith(path.sep) ? point : point + path.sep));
    const nearest = mounts.toSorted((a, b) => a.point.length - b.point.length).at(-1);
    return nearest && `${nearest.type} on ${nearest.source}`;
  } catch {
    return undefined;
  }
}
