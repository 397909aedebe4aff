// When connections are spread over worker threads and gathered again: the policy beside a machine that is nothing but numbers.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Spreading, SpreadingPolicy } from '../../src/workers/spreading.ts';

/** Threads with connections that each want a share of a processor, 0–1, while the others leave some processors idle. */
class Machine {
  readonly policy = new SpreadingPolicy();
  readonly threads: number[][];
  processors: number;

  constructor(threads: number, processors: number, wanted: number[]) {
    this.threads = Array.from({ length: threads }, (_, number) => (number === 0 ? wanted : []));
    this.processors = processors;
  }

  get active(): number[] {
    return this.threads.map(({ length }) => length);
  }

  /** Returns what was moved, by the number of the look. */
  looks(count: number): Map<number, Spreading> {
    const moved = new Map<number, Spreading>();
    for (let look = 1; look <= count; look++) {
      const spreading = this.look();
      if (spreading !== undefined) moved.set(look, spreading);
    }
    return moved;
  }

  look(): Spreading | undefined {
    const used = this.threads.map((wanted) => Math.min(1, sum(wanted)));
    const loads = used.map((utilisation, number) => ({ number, utilisation, activeConnections: this.threads[number]?.length ?? 0 }));
    const spreading = this.policy.look(loads, () => Math.max(0, this.processors - sum(used)));
    if (spreading === undefined) return undefined;
    const { kind, from, to } = spreading;
    const source = this.threads[from] ?? [];
    this.threads[to]?.push(...source.splice(0, kind === 'gather' ? source.length : source.length >> 1));
    return spreading;
  }

  /** Every connection wants so much from now on. */
  want(share: number): void {
    for (const connections of this.threads) connections.fill(share);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function kinds(moved: Map<number, Spreading>): string[] {
  return [...moved.values()].map(({ kind }) => kind);
}

describe('connections of worker threads', () => {
  it('stay on the first thread while it has room', () => {
    const machine = new Machine(3, 4, Array(8).fill(0.09));
    assert.equal(machine.looks(200).size, 0);
    assert.deepEqual(machine.active, [8, 0, 0]);
  });

  it('are spread when their thread has been busy for a while and processors are idle, until all threads serve some', () => {
    const machine = new Machine(4, 8, Array(8).fill(0.5));
    assert.deepEqual([...machine.looks(12)], [[3, { kind: 'spread', from: 0, to: 1 }]]);
    assert.deepEqual(machine.active, [4, 4, 0, 0]);
    assert.deepEqual(kinds(machine.looks(200)), ['spread', 'spread']);
    assert.deepEqual(machine.active, [2, 2, 2, 2]);
  });

  it('are not spread for a short burst', () => {
    const machine = new Machine(3, 4, Array(8).fill(0));
    for (let burst = 0; burst < 20; burst++) {
      machine.want(1);
      assert.equal(machine.looks(2).size, 0);
      machine.want(0);
      assert.equal(machine.looks(3).size, 0);
    }
  });

  it('stay where no processor would serve them besides', () => {
    const machine = new Machine(3, 1.4, Array(8).fill(1));
    assert.equal(machine.looks(200).size, 0);
    machine.processors = 2;
    assert.deepEqual(kinds(machine.looks(200)), ['spread'], 'and no further than processors reach');
    assert.deepEqual(machine.active, [4, 4, 0]);
  });

  it('stay where there is only one to serve, however much it asks for', () => {
    const machine = new Machine(3, 4, [1]);
    assert.equal(machine.looks(200).size, 0);
  });

  it('are not moved between threads that are about as busy', () => {
    const machine = new Machine(2, 8, [0.5, 0.5, 0.5, 0.5]);
    assert.deepEqual(kinds(machine.looks(300)), ['spread']);
    assert.deepEqual(machine.active, [2, 2]);
  });

  it('are gathered when their work has fitted into fewer threads for a while, one thread after another', () => {
    const machine = new Machine(3, 8, Array(9).fill(0.5));
    machine.looks(100);
    assert.ok(machine.active.every((connections) => connections > 0));
    machine.want(0.01);
    assert.equal(machine.looks(29).size, 0);
    assert.deepEqual(kinds(machine.looks(200)), ['gather', 'gather']);
    assert.deepEqual(machine.active, [9, 0, 0]);
  });

  it('never go back and forth, whatever they ask for', () => {
    for (const processors of [1, 2, 4, 8]) {
      for (let share = 0.02; share <= 1; share += 0.02) {
        const machine = new Machine(4, processors, Array(8).fill(share));
        const moved = kinds(machine.looks(1_000));
        assert.ok(!moved.includes('gather') && moved.length <= 7, `${processors} processors, ${share} each: ${moved}`);
        machine.want(share / 8);
        const after = kinds(machine.looks(1_000));
        assert.ok(!after.includes('spread') && after.length <= 3, `less: ${after}`);
      }
    }
  });
});
