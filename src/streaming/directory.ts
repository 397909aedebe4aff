// Things with a number and a name, found by either.

import type { Identifier } from '../protocol/primitives/identifier.ts';

export class Directory<Entry extends { readonly id: number; readonly name: string }> {
  readonly #byId = new Map<number, Entry>();
  readonly #byName = new Map<string, Entry>();
  /** Every id below is taken. */
  #takenBelow = 0;

  get size(): number {
    return this.#byId.size;
  }

  /** A number is an id, a text is a name, also when it consists of digits. */
  get(identifier: Identifier): Entry | undefined {
    return typeof identifier === 'number' ? this.#byId.get(identifier) : this.#byName.get(identifier);
  }

  add(entry: Entry): void {
    this.#byId.set(entry.id, entry);
    this.#byName.set(entry.name, entry);
  }

  delete(entry: Entry): void {
    this.#byId.delete(entry.id);
    this.#takenBelow = Math.min(this.#takenBelow, entry.id);
    this.#byName.delete(entry.name);
  }

  /** Runs `change`, which may give the entry another name, and files it under that. */
  rename(entry: Entry, change: () => void): void {
    this.#byName.delete(entry.name);
    change();
    this.#byName.set(entry.name, entry);
  }

  /** By ascending id. */
  list(): Entry[] {
    return [...this.#byId.values()].sort((a, b) => a.id - b.id);
  }

  values(): Iterable<Entry> {
    return this.#byId.values();
  }

  /** The lowest id that is free. */
  lowestFreeId(): number {
    while (this.#byId.has(this.#takenBelow)) this.#takenBelow++;
    return this.#takenBelow;
  }
}
